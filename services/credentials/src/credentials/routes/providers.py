"""The catalogue of accounting systems, and what a company has switched on."""

from collections.abc import Mapping
from typing import Annotated

from connectors.protocol import Connector, CredentialField
from connectors.session import Session
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from service_kit.problems import problem_answers
from service_kit.tokens import User
from sync_contracts.providers import Provider

from credentials.ports import SwitchStore
from credentials.routes.people import People


class FieldView(BaseModel):
    """One field of a credential form."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    label: str
    secret: bool
    help: str
    pattern: str | None
    choices: tuple[str, ...]
    required: bool
    default: str | None


class ProviderView(BaseModel):
    """An accounting system, its form, and whether the company has enabled it."""

    provider: Provider
    name: str
    enabled: bool
    preview: bool = Field(description="Built on assumptions: nobody has read real books with it yet.")
    configured: bool = Field(description="False while the operator has not set an address that is needed.")
    oauth: bool = Field(description="Connected by a consent in the browser.")
    manual_url: str = Field(description='Where "Read the manual" leads.')
    countries: tuple[str, ...]
    environments: tuple[str, ...]
    fields: tuple[FieldView, ...]


class CatalogueView(BaseModel):
    """What can be connected."""

    integrations_on: bool
    providers: list[ProviderView]


class IntegrationsBody(BaseModel):
    """The company-wide switch."""

    enabled: StrictBool


def build_router(
    people: People, switches: SwitchStore, connectors: Mapping[Provider, Connector], session: Session
) -> APIRouter:
    """Enabling moves no data, and disabling keeps the credentials."""
    router = APIRouter(tags=["providers"], responses=problem_answers(401, 403, 422, 503))
    looks, changes = Depends(people.looks), Depends(people.changes)

    @router.get("/v1/providers", summary="Accounting systems and their credential forms")
    async def list_providers(user: Annotated[User, looks], enabled: bool | None = None) -> CatalogueView:
        switched = await switches.of(user.company_id)
        listed = [
            _view(
                connector,
                enabled=provider in switched.enabled,
                configured=session.has_address(provider, connector.endpoints),
            )
            for provider, connector in connectors.items()
            if enabled is None or enabled is (provider in switched.enabled)
        ]
        return CatalogueView(integrations_on=switched.integrations_on, providers=listed)

    @router.put("/v1/providers/{provider}:enabled", status_code=204, summary="Enable for the company")
    async def enable(provider: Provider, user: Annotated[User, changes]) -> Response:
        await switches.set_provider(user.company_id, provider, enabled=True)
        return Response(status_code=204)

    @router.delete("/v1/providers/{provider}:enabled", status_code=204, summary="Disable for the company")
    async def disable(provider: Provider, user: Annotated[User, changes]) -> Response:
        await switches.set_provider(user.company_id, provider, enabled=False)
        return Response(status_code=204)

    @router.put("/v1/integrations", status_code=204, summary="Switch all integrations on or off")
    async def switch_integrations(body: IntegrationsBody, user: Annotated[User, changes]) -> Response:
        await switches.set_integrations(user.company_id, on=body.enabled)
        return Response(status_code=204)

    return router


def _view(connector: Connector, *, enabled: bool, configured: bool) -> ProviderView:
    form = connector.form
    return ProviderView(
        provider=connector.provider,
        name=form.name,
        enabled=enabled,
        preview=form.preview,
        configured=configured,
        oauth=form.oauth,
        manual_url=form.manual_url,
        countries=form.countries,
        environments=form.environments,
        fields=tuple(map(_field, form.fields)),
    )


def _field(field: CredentialField) -> FieldView:
    return FieldView.model_validate(field)
