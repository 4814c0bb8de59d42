"""The lookup of connections over HTTP: in thousands, and never a refusal by mistake."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from service_kit.errors import DependencyDownError
from service_kit.service_token import ServiceToken
from service_kit.settings import VaultSettings
from sync_contracts.connections import ConnectionHealth
from sync_contracts.providers import Provider
from sync_orchestrator.adapters.http_credentials import HttpCredentials

CONNECTION = {
    "connection_id": str(uuid4()),
    "generation": 3,
    "account_key": "account-1",
    "site_key": "xero/app",
    "health": "needs_auth",
}


class Neighbours:
    """Vault and the credentials service behind one transport."""

    def __init__(self, answer: httpx.Response | Exception | None = None) -> None:
        self.questions: list[dict[str, Any]] = []
        self._answer = answer

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == "vault":
            return httpx.Response(
                200, json={"auth": {"client_token": "t"}, "data": {"token": "service-token", "ttl": 600}}
            )
        assert request.url.path == "/internal/connections:lookup"
        assert request.headers["authorization"] == "Bearer service-token"
        if isinstance(self._answer, Exception):
            raise self._answer
        self.questions.append(json.loads(request.content))
        return self._answer or httpx.Response(200, json=self._found())

    def _found(self) -> dict[str, Any]:
        clients = self.questions[-1]["client_ids"]
        connections = {client: CONNECTION for client in clients if client.endswith("7")}
        return {"integrations_on": True, "provider_enabled": True, "connections": connections}


def credentials(neighbours: Neighbours, tmp_path: Path) -> HttpCredentials:
    secret = tmp_path / "secret-id"
    secret.write_text("secret")
    http = httpx.AsyncClient(transport=httpx.MockTransport(neighbours))
    vault = VaultSettings(address="http://vault", role_id="role", secret_id_file=secret)
    return HttpCredentials(url="http://credentials/", http=http, token=ServiceToken(vault, http))


async def test_clients_are_asked_for_in_thousands(tmp_path: Path) -> None:
    neighbours = Neighbours()
    clients = [f"client-{number}" for number in range(2_500)]

    found = await credentials(neighbours, tmp_path)("company-1", Provider.XERO, clients)

    assert [len(question["client_ids"]) for question in neighbours.questions] == [1_000, 1_000, 500]
    assert len(found.connections) == 250
    one = found.connections["client-7"]
    assert (one.ref.generation, one.ref.account_key, one.ref.site_key, one.health) == (
        3,
        "account-1",
        "xero/app",
        ConnectionHealth.NEEDS_AUTH,
    )
    assert found.integrations_on
    assert found.provider_enabled


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("late"),
        httpx.Response(503),
        httpx.Response(401),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"connections": {}}),
    ],
)
async def test_whatever_is_no_answer_is_an_outage(tmp_path: Path, answer: httpx.Response | Exception) -> None:
    ask = credentials(Neighbours(answer), tmp_path)

    with pytest.raises(DependencyDownError):
        await ask("company-1", Provider.XERO, ["client-7"])
