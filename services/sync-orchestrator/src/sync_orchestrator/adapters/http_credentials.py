"""Asks the credentials service for switches and connections, a thousand clients a call."""

from collections.abc import Sequence

import httpx
from pydantic import BaseModel
from service_kit.errors import DependencyDownError
from service_kit.service_token import ServiceToken
from sync_contracts.connections import ConnectionHealth
from sync_contracts.providers import Provider

from sync_orchestrator.ports import Found, FoundConnection
from sync_orchestrator.records import ConnectionRef

_CLIENTS_A_CALL = 1_000


class _Connection(ConnectionRef):
    health: ConnectionHealth


class _Answer(BaseModel):
    integrations_on: bool
    provider_enabled: bool
    connections: dict[str, _Connection]


class HttpCredentials:
    """Implements `ConnectionLookup`; whatever is not an answer counts as an outage, never as a refusal."""

    def __init__(self, *, url: str, http: httpx.AsyncClient, token: ServiceToken) -> None:
        self._url = f"{url.rstrip('/')}/internal/connections:lookup"
        self._http = http
        self._token = token

    async def __call__(self, company_id: str, provider: Provider, clients: Sequence[str]) -> Found:
        answers = [
            await self._ask(company_id, provider, clients[start : start + _CLIENTS_A_CALL])
            for start in range(0, len(clients), _CLIENTS_A_CALL)
        ]
        connections = {client: found for answer in answers for client, found in answer.connections.items()}
        return Found(
            integrations_on=all(answer.integrations_on for answer in answers),
            provider_enabled=all(answer.provider_enabled for answer in answers),
            connections={client: _found(connection) for client, connection in connections.items()},
        )

    async def _ask(self, company_id: str, provider: Provider, clients: Sequence[str]) -> _Answer:
        question = {"company_id": company_id, "provider": provider, "client_ids": list(clients)}
        try:
            answer = await self._http.post(self._url, json=question, headers=await self._token.header())
            answer.raise_for_status()
            return _Answer.model_validate_json(answer.content)
        except (httpx.HTTPError, ValueError) as error:
            raise DependencyDownError("credentials", type(error).__name__) from error


def _found(connection: _Connection) -> FoundConnection:
    ref = ConnectionRef.model_validate(connection.model_dump(exclude={"health"}))
    return FoundConnection(ref=ref, health=connection.health)
