"""The service as real processes: sandbox, vault, database and broker are real servers too."""

import asyncio
from typing import Any
from uuid import uuid4

import hvac
import pytest
from aiokafka import ConsumerRecord
from motor.motor_asyncio import AsyncIOMotorClient
from service_kit.service_token import ServiceToken
from support.credentials_calls import account, lease, save
from support.credentials_process import CredentialsProcess, CredentialsStack
from support.kafka import read_all
from support.loopback import loopback_client
from support.vault_logins import Logins
from sync_contracts.connections import ConnectionNeedsAuth, ConnectionSaved

# One set of processes serves all of these.
pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    "provider", ["merit-aktiva", "xero", "tripletex", "e-conomic", "freeagent", "fortnox"]
)
async def test_tests_saves_and_leases_what_the_provider_accepts(
    one: CredentialsProcess, firm: str, provider: str
) -> None:
    known = account(one.stack, provider)
    pasted = {name: f" {value}\n" for name, value in known["credentials"].items()}
    async with one.client(firm) as http:
        tested = (
            await http.post("/v1/connections:test", json={"provider": provider, "fields": pasted})
        ).json()
        saved = await http.put(
            f"/v1/clients/client-1/connections/{provider}",
            json={"fields": pasted, "test_token": tested["test_token"]},
        )

    leased = await lease(one, firm, saved.json()["connection_id"], generation=1)

    assert (tested["ok"], tested["message"]) == (True, "Connection successful!")
    assert tested["calls"] <= 2
    if tested["identity_known"]:
        assert tested["books"]["name"] == known["name"]
    assert saved.json()["health"] == "ok"
    assert leased.status_code == 200, leased.text
    assert (
        set(leased.json()["access"])
        == {
            "merit-aktiva": {"api_id", "api_key"},
            "xero": {"access_token"},
            "tripletex": {"session_token"},
            "e-conomic": {"agreement_grant_token"},
            "fortnox": {"access_token"},
            "freeagent": {"access_token"},
        }[provider]
    )


async def test_a_key_of_another_country_is_named_as_the_likely_cause(
    one: CredentialsProcess, firm: str
) -> None:
    fields = account(one.stack, "merit-aktiva")["credentials"] | {"country": "FI"}

    async with one.client(firm) as http:
        outcome = (
            await http.post("/v1/connections:test", json={"provider": "merit-aktiva", "fields": fields})
        ).json()

    assert (outcome["ok"], outcome["code"]) == (False, "NEEDS_AUTH")
    assert "country" in outcome["cause"].lower()


async def test_deleting_leaves_no_version_of_the_secret(one: CredentialsProcess, firm: str) -> None:
    await save(one, firm, "merit-aktiva", account(one.stack, "merit-aktiva")["credentials"])
    kept = await asyncio.to_thread(_token_sets_of, one.stack, firm)

    async with one.client(firm) as http:
        deleted = await http.delete("/v1/clients/client-1/connections/merit-aktiva")

    assert len(kept) == 1
    assert deleted.status_code == 204
    assert await asyncio.to_thread(_token_sets_of, one.stack, firm) == []


async def test_nothing_secret_stands_in_the_database_the_broker_or_the_logs(
    one: CredentialsProcess, two: CredentialsProcess, firm: str
) -> None:
    canaries = await _make_use_of_everything(one, two, firm)
    database: Any = AsyncIOMotorClient(one.stack.mongo_url)[one.stack.database]

    stored = [
        repr(document)
        for name in await database.list_collection_names()
        async for document in database[name].find()
    ]
    saved = await read_all(one.stack.kafka, ConnectionSaved.topic, until=lambda found: _of(firm, found) >= 3)
    refused = await read_all(
        one.stack.kafka, ConnectionNeedsAuth.topic, until=lambda found: _of(firm, found) >= 1
    )
    told = one.stack.logs() + "".join(repr(record) for record in saved + refused)

    database.client.close()
    assert any(firm in text for text in stored)
    assert "client-1" in "".join(stored)
    for canary in canaries:
        assert len(canary) > 15
        assert not any(canary in text for text in stored)
        assert canary not in told


async def _make_use_of_everything(one: CredentialsProcess, two: CredentialsProcess, firm: str) -> set[str]:
    """Good and bad input, leases and renewals; answers every secret that went through."""
    secrets: set[str] = set()
    for provider in ("merit-aktiva", "xero", "tripletex"):
        fields = account(one.stack, provider, 4)["credentials"]
        secrets |= {
            value
            for name, value in fields.items()
            if any(part in name for part in ("token", "key", "secret"))
        }
        bad = {name: f"canary-{uuid4().hex}" for name in fields}
        secrets |= set(bad.values())
        async with one.client(firm) as http:
            await http.post("/v1/connections:test", json={"provider": provider, "fields": bad})
            await http.put(f"/v1/clients/client-1/connections/{provider}", json={"fields": [bad]})
        saved = await save(one, firm, provider, fields)
        first = (await lease(two, firm, saved["connection_id"])).json()
        again = await lease(two, firm, saved["connection_id"], refused_access=first["access_id"])
        secrets |= {value for name, value in first["access"].items() if name != "api_id"}
        secrets |= {value for name, value in again.json().get("access", {}).items() if name != "api_id"}
    async with loopback_client() as http:
        token = ServiceToken(one.stack.vault_settings("connector-workers"), http)
        secrets.add((await token.header())["Authorization"].removeprefix("Bearer "))
    return secrets


def _of(firm: str, records: list[ConsumerRecord[Any, Any]]) -> int:
    return sum(firm.encode() in record.value for record in records)


def _token_sets_of(credentials_stack: CredentialsStack, firm: str) -> list[str]:
    with Logins(credentials_stack.vault) as logins:
        kv = logins.administrator().secrets.kv.v2
        try:
            answer = kv.list_secrets(f"{firm}/token-sets", mount_point="ledgerbus")
        except hvac.exceptions.InvalidPath:
            return []
        return list(answer["data"]["keys"])
