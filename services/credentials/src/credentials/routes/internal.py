"""What only sister services may ask, by a token that Vault has issued to them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Literal
from uuid import UUID

from connectors.protocol import Connector
from fastapi import APIRouter, Depends, Request, Response, Security
from fastapi.security import HTTPBearer
from pydantic import AwareDatetime, BaseModel, Field
from service_kit.problems import problem_answers
from sync_contracts.codes import ProblemCode
from sync_contracts.connections import ConnectionHealth
from sync_contracts.ids import PlatformId
from sync_contracts.jobs import Books
from sync_contracts.providers import Provider

from credentials.lease_access import Lease, LeaseAccess, LeaseWish
from credentials.observe_connection import ObserveConnection
from credentials.ports import ConnectionStore, SwitchStore
from credentials.routes.views import Body
from credentials.terms import Observation

# Only for the OpenAPI document.
_BEARER = HTTPBearer(auto_error=False, scheme_name="service", description="A token issued by Vault.")

CallingService = Callable[[Request], Awaitable[str]]

Observed = Literal[
    ConnectionHealth.OK,
    ConnectionHealth.NEEDS_AUTH,
    ConnectionHealth.WRONG_COMPANY,
    ConnectionHealth.NO_PERMISSION,
    ConnectionHealth.PLAN_TOO_LOW,
]


class LookupBody(Body):
    """Which clients' connections a run needs."""

    company_id: PlatformId
    provider: Provider
    client_ids: tuple[PlatformId, ...] = Field(max_length=1_000)


class FoundView(BaseModel):
    """What a run has to know about a connection."""

    connection_id: UUID
    generation: int
    account_key: str
    site_key: str = Field(description="Whose calls fail together when a server of the provider does.")
    health: ConnectionHealth


class LookupView(BaseModel):
    """The company's switches, and the connections there are."""

    integrations_on: bool
    provider_enabled: bool
    connections: dict[str, FoundView]


class LeaseBody(Body):
    """A worker's wish; `refused_access` is what the provider has not taken."""

    company_id: PlatformId
    generation: int | None = Field(default=None, ge=1, strict=True)
    refused_access: UUID | None = None
    needed_s: float = Field(
        default=0, ge=0, le=600, strict=True, description="How long the access has to last at least."
    )


class OneLeaseBody(LeaseBody):
    """One of several wishes."""

    connection_id: UUID


class LeasesBody(Body):
    """Several workers' wishes at once."""

    leases: tuple[OneLeaseBody, ...] = Field(max_length=100)


class LeaseView(BaseModel):
    """Ready request material; keep it in memory, until `expires_at` at the longest."""

    connection_id: UUID
    company_id: str
    client_id: str
    provider: Provider
    generation: int
    settings: dict[str, str]
    access: dict[str, str] = Field(description="Secret.")
    access_id: UUID
    expires_at: AwareDatetime
    account_key: str
    owner_key: str
    books: Books | None
    health: ConnectionHealth


class LeasesView(BaseModel):
    """Those that are at hand; each of the others is to be asked for alone."""

    leases: list[LeaseView]


class ObserveBody(Body):
    """What became of a reading."""

    company_id: PlatformId
    generation: int = Field(ge=1, strict=True)
    outcome: Observed
    code: ProblemCode | None = None
    books: Books | None = None


def build_router(
    *,
    store: ConnectionStore,
    switches: SwitchStore,
    connectors: Mapping[Provider, Connector],
    lease: LeaseAccess,
    observe: ObserveConnection,
    orchestrator: CallingService,
    workers: CallingService,
) -> APIRouter:
    """A user's token is refused here."""
    router = APIRouter(
        prefix="/internal",
        tags=["internal"],
        responses=problem_answers(401, 403, 422, 503),
        dependencies=[Security(_BEARER)],
    )

    @router.post("/connections:lookup", dependencies=[Depends(orchestrator)])
    async def look_up(body: LookupBody) -> LookupView:
        switched = await switches.of(body.company_id)
        found = await store.of_clients(body.company_id, body.provider, body.client_ids)
        connections = {
            one.client_id: FoundView(
                connection_id=one.connection_id,
                generation=one.generation,
                account_key=one.terms.account_key,
                site_key=connectors[one.provider].site_key(one.terms.settings),
                health=one.terms.health,
            )
            for one in found
            if one.terms is not None
        }
        return LookupView(
            integrations_on=switched.integrations_on,
            provider_enabled=body.provider in switched.enabled,
            connections=connections,
        )

    @router.post(
        "/connections/{connection_id}:lease",
        dependencies=[Depends(workers)],
        responses=problem_answers(404, 409),
    )
    async def lease_access(connection_id: UUID, body: LeaseBody, response: Response) -> LeaseView:
        response.headers["Cache-Control"] = "no-store"
        return _lease_view(await lease(_wish(connection_id, body)))

    @router.post("/connections:lease", dependencies=[Depends(workers)], response_model=LeasesView)
    async def lease_at_hand(body: LeasesBody) -> Response:
        found = await lease.at_hand([_wish(one.connection_id, one) for one in body.leases])
        view = LeasesView(leases=[_lease_view(one) for one in found])
        # Written here: checking what was just made takes longer than making it.
        content, headers = view.model_dump_json(), {"Cache-Control": "no-store"}
        return Response(content, media_type="application/json", headers=headers)

    @router.post(
        "/connections/{connection_id}:observe",
        status_code=204,
        dependencies=[Depends(workers)],
        responses=problem_answers(404),
    )
    async def observe_connection(connection_id: UUID, body: ObserveBody) -> Response:
        seen = Observation(outcome=body.outcome, books=body.books or Books())
        await observe(body.company_id, connection_id, body.generation, seen)
        return Response(status_code=204)

    return router


def _wish(connection_id: UUID, body: LeaseBody) -> LeaseWish:
    return LeaseWish(
        company_id=body.company_id,
        connection_id=connection_id,
        generation=body.generation,
        refused_access=body.refused_access,
        needed_s=body.needed_s,
    )


def _lease_view(lease: Lease) -> LeaseView:
    connection, terms = lease.connection, lease.terms
    return LeaseView(
        connection_id=connection.connection_id,
        company_id=connection.company_id,
        client_id=connection.client_id,
        provider=connection.provider,
        generation=connection.generation,
        settings=terms.settings,
        access=dict(lease.access),
        access_id=lease.access_id,
        expires_at=lease.expires_at,
        account_key=terms.account_key,
        owner_key=terms.owner_key,
        books=None if terms.books == Books() else terms.books,
        health=terms.health,
    )
