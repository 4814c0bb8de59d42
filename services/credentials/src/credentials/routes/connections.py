"""Testing, saving, listing and deleting clients' connections."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from service_kit.problems import problem_answers
from service_kit.tokens import User
from sync_contracts.ids import PlatformId
from sync_contracts.providers import Provider

from credentials.delete_connection import DeleteConnection
from credentials.ports import ConnectionStore
from credentials.routes.people import People, click_of
from credentials.routes.views import (
    ConnectionsView,
    ConnectionView,
    SaveBody,
    TestBody,
    TestView,
    plain,
    view_of,
)
from credentials.save_input import SaveInput
from credentials.terms import Place
from credentials.try_credentials import TryCredentials

_ADDRESS = "/v1/clients/{client_id}/connections/{provider}"


def build_router(
    people: People,
    *,
    store: ConnectionStore,
    try_credentials: TryCredentials,
    save: SaveInput,
    delete: DeleteConnection,
) -> APIRouter:
    """A client has at most one connection to a provider."""
    router = APIRouter(tags=["connections"], responses=problem_answers(401, 403, 422, 503))
    looks, changes = Depends(people.looks), Depends(people.changes)

    @router.post("/v1/connections:test", summary="Test what has been entered; nothing is stored")
    async def test_connection(body: TestBody, user: Annotated[User, changes]) -> TestView:
        outcome = await try_credentials(user.company_id, body.provider, plain(body.fields))
        return TestView(
            ok=outcome.ok,
            message=outcome.message,
            code=outcome.code,
            cause=outcome.cause,
            books=outcome.books,
            identity_known=outcome.identity_known,
            test_token=outcome.test_token,
            calls=outcome.calls,
        )

    @router.put(_ADDRESS, summary="Save a client's credentials", responses=problem_answers(409))
    async def save_connection(
        client_id: PlatformId,
        provider: Provider,
        body: SaveBody,
        request: Request,
        user: Annotated[User, changes],
    ) -> ConnectionView:
        place = Place(company_id=user.company_id, client_id=client_id, provider=provider)
        test_token = None if body.test_token is None else body.test_token.get_secret_value()
        return view_of(await save(place, plain(body.fields), test_token, click_of(user, request)))

    @router.get("/v1/connections", summary="Connections and their health")
    async def list_connections(
        user: Annotated[User, looks],
        client_id: PlatformId | None = None,
        provider: Provider | None = None,
        after: UUID | None = None,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
    ) -> ConnectionsView:
        found = await store.of_company(
            user.company_id, client_id=client_id, provider=provider, after=after, limit=limit
        )
        is_full = len(found) == limit
        return ConnectionsView(
            connections=[view_of(connection) for connection in found],
            next=found[-1].connection_id if is_full else None,
        )

    @router.delete(
        _ADDRESS,
        status_code=204,
        summary="Delete a connection and destroy its secret",
        responses=problem_answers(404)
        | {202: {"description": "Nothing can be read any more; the rest is being finished."}},
    )
    async def delete_connection(
        client_id: PlatformId, provider: Provider, request: Request, user: Annotated[User, changes]
    ) -> Response:
        place = Place(company_id=user.company_id, client_id=client_id, provider=provider)
        is_gone = await delete(place, click_of(user, request))
        return Response(status_code=204 if is_gone else 202)

    return router
