"""Consent in the browser: the link, the way back, the choice of an organisation."""

from collections.abc import Collection
from html import escape
from typing import Annotated
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field
from service_kit.clock import Clock
from service_kit.problems import problem_answers
from service_kit.tokens import User
from sync_contracts.ids import PlatformId
from sync_contracts.providers import Provider

from credentials.consent import Consent, ConsentState
from credentials.refusals import InvalidRequestError
from credentials.routes.people import People, click_of
from credentials.routes.views import Body, ConnectionView, view_of
from credentials.run_consent import RunConsent
from credentials.terms import Place

_PAGE = "<!doctype html><title>ledgerbus</title><p>{text} You may close this window."


class ConsentBody(Body):
    """Where the browser goes in the end; only to the installation's own addresses."""

    return_to: Annotated[str, Field(max_length=2_000)] | None = None


class ChoiceBody(Body):
    """The organisation whose books are the client's."""

    organisation_id: str = Field(max_length=128)


class LinkView(BaseModel):
    """Send the user's browser to `url` within 15 minutes."""

    consent_id: UUID
    url: str


class OrganisationView(BaseModel):
    """One organisation that the consent opens."""

    organisation_id: str
    name: str
    just_consented: bool


class ConsentView(BaseModel):
    """How far a consent has come."""

    consent_id: UUID
    client_id: str
    provider: Provider
    state: ConsentState
    organisations: list[OrganisationView]
    chosen: str | None
    cause: str


def build_router(
    people: People, *, run_consent: RunConsent, return_origins: Collection[str], clock: Clock
) -> APIRouter:
    """The state that travels through the browser is signed and used once."""
    router = APIRouter(tags=["consents"], responses=problem_answers(401, 403, 404, 422, 503))
    looks, changes = Depends(people.looks), Depends(people.changes)

    @router.post("/v1/clients/{client_id}/connections/{provider}/consent", summary="Start a consent")
    async def start_consent(
        client_id: PlatformId,
        provider: Provider,
        body: ConsentBody,
        request: Request,
        user: Annotated[User, changes],
    ) -> LinkView:
        _check_return(body.return_to, return_origins)
        place = Place(company_id=user.company_id, client_id=client_id, provider=provider)
        consent, url = await run_consent.start(place, click_of(user, request), body.return_to)
        return LinkView(consent_id=consent.consent_id, url=url)

    @router.get(
        "/v1/oauth/callback",
        summary="Where the provider sends the browser back to",
        response_class=HTMLResponse,
        responses=problem_answers(400),
    )
    async def come_back(
        request: Request,
        state: Annotated[str, Query(max_length=200)],
        code: Annotated[str | None, Query(max_length=4_096)] = None,
        token: Annotated[
            str | None, Query(max_length=4_096, description="Instead of a code, where a consent has none.")
        ] = None,
    ) -> Response:
        own = {"state", "code", "token"}
        returned = {name: value for name, value in request.query_params.items() if name not in own}
        response = _leave(await run_consent.come_back(state, code or token, returned))
        # The address holds a secret: nobody may be told it, nor keep what it answered.
        response.headers.update({"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"})
        return response

    # Only an id: `{id}:choose` is another route's.
    @router.get("/v1/consents/{consent_id:uuid}", summary="How far a consent has come")
    async def get_consent(consent_id: UUID, user: Annotated[User, looks]) -> ConsentView:
        consent = await run_consent.of(user.company_id, consent_id)
        return ConsentView(
            consent_id=consent.consent_id,
            client_id=consent.place.client_id,
            provider=consent.place.provider,
            state=consent.seen_at(clock.now()),
            organisations=[
                OrganisationView(
                    organisation_id=one.external_id, name=one.name, just_consented=one.just_consented
                )
                for one in consent.organisations
            ],
            chosen=consent.chosen,
            cause=consent.cause,
        )

    @router.post(
        "/v1/consents/{consent_id}:choose",
        summary="Choose the organisation and save the connection",
        responses=problem_answers(400, 409),
    )
    async def choose(consent_id: UUID, body: ChoiceBody, user: Annotated[User, changes]) -> ConnectionView:
        return view_of(await run_consent.choose(user.company_id, consent_id, body.organisation_id))

    return router


def _check_return(return_to: str | None, origins: Collection[str]) -> None:
    if return_to is None:
        return
    parts = urlsplit(return_to)
    if f"{parts.scheme}://{parts.netloc}" not in origins:
        raise InvalidRequestError("The installation does not know this return address.", "body.return_to")


def _leave(consent: Consent) -> Response:
    is_failed = consent.state is ConsentState.FAILED
    if consent.return_to is None:
        text = consent.cause if is_failed else "The authorisation was received."
        return HTMLResponse(_PAGE.format(text=escape(text)))
    told = urlencode({"consent_id": str(consent.consent_id), "state": consent.state.value})
    joint = "&" if urlsplit(consent.return_to).query else "?"
    return RedirectResponse(f"{consent.return_to}{joint}{told}", status_code=303)
