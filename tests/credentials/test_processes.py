"""The service as real processes: sandbox, vault, database and broker are real servers too."""

import asyncio
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import hvac
import pytest
from aiokafka import ConsumerRecord
from connectors.protocol import Access, Account, MonthCounts
from connectors.registry import connector_for
from connectors.session import build_session
from connectors.settings import ConnectorSettings
from motor.motor_asyncio import AsyncIOMotorClient
from sandbox.embedded import VaultAccess, create_topics
from service_kit.service_token import ServiceToken
from support.credentials_process import CredentialsProcess, CredentialsStack
from support.issuer import Issuer
from support.kafka import read_all
from support.sandbox_server import running_sandbox
from support.vault_logins import Logins
from sync_contracts.connections import ConnectionNeedsAuth, ConnectionSaved
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.topics import all_topics

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def stack(
    kafka_bootstrap: str, mongo_url: str, vault: VaultAccess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CredentialsStack]:
    loop = asyncio.new_event_loop()
    loop.run_until_complete(create_topics(kafka_bootstrap, all_topics(), 3))
    loop.close()
    folder = tmp_path_factory.mktemp("credentials")
    with running_sandbox(clients=24) as sandbox:
        yield CredentialsStack(kafka_bootstrap, mongo_url, vault, sandbox, folder, Issuer(folder))


@pytest.fixture(scope="module")
def one(stack: CredentialsStack) -> Iterator[CredentialsProcess]:
    with stack.process() as process:
        yield process


@pytest.fixture(scope="module")
def two(stack: CredentialsStack) -> Iterator[CredentialsProcess]:
    with stack.process() as process:
        yield process


@pytest.fixture
def firm() -> str:
    return f"firm-{uuid4().hex[:8]}"


def account(stack: CredentialsStack, provider: str, number: int = 0) -> dict[str, Any]:
    return stack.sandbox.accounts(provider)[number]


async def save(
    process: CredentialsProcess, firm: str, provider: str, fields: dict[str, str], client_id: str = "client-1"
) -> dict[str, Any]:
    async with process.client(firm) as http:
        answer = await http.put(f"/v1/clients/{client_id}/connections/{provider}", json={"fields": fields})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


async def lease(process: CredentialsProcess, firm: str, connection_id: str, **more: object) -> httpx.Response:
    return await process.internal(
        "connector-workers", f"connections/{connection_id}:lease", company_id=firm, **more
    )


async def read_month(
    stack: CredentialsStack, known: dict[str, Any], leased: dict[str, Any]
) -> dict[str, dict[str, str]]:
    """The last month as a worker reads it with what it was lent."""
    connector = connector_for(Provider(known["provider"]))
    keys = {field.name for field in connector.form.operator_fields} & set(known["credentials"])
    settings = ConnectorSettings.model_validate(
        {
            "endpoints": {known["provider"]: known["endpoints"]},
            "operators": {known["provider"]: {name: known["credentials"][name] for name in keys}},
        }
    )
    month = Month.parse(known["last_month"])
    books = Account(
        access=Access(leased["access"]), settings=leased["settings"], account_key=leased["account_key"]
    )
    async with build_session(settings) as session:
        result = (await connector.read_months(session, books, [month])).months[month]
    assert isinstance(result, MonthCounts), result
    return {str(metric): {"value": str(one.value), "unit": one.unit} for metric, one in result.values.items()}


def token_sets(stack: CredentialsStack) -> list[dict[str, Any]]:
    return list(stack.sandbox.http.get("/xero/_token_sets").json())


def refreshes(stack: CredentialsStack) -> int:
    return sum(one["refreshes"] for one in token_sets(stack))


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


async def test_a_consent_from_the_link_to_the_deleted_connection(one: CredentialsProcess, firm: str) -> None:
    async with one.client(firm) as http, httpx.AsyncClient(trust_env=False, timeout=30) as browser:
        link = (await http.post("/v1/clients/client-1/connections/xero/consent", json={})).json()
        pressed = {"auto": "allow", "user": account(one.stack, "xero", 23)["user"]}
        back = await browser.get(link["url"], params=httpx.URL(link["url"]).params.merge(pressed))
        page = await browser.get(back.headers["location"])
        consent = (await http.get(f"/v1/consents/{link['consent_id']}")).json()
        chosen = consent["organisations"][-1]
        saved = (
            await http.post(
                f"/v1/consents/{link['consent_id']}:choose",
                json={"organisation_id": chosen["organisation_id"]},
            )
        ).json()
        leased = (await lease(one, firm, saved["connection_id"])).json()
        api = account(one.stack, "xero")["endpoints"]["api"]
        read = await browser.get(
            f"{api}/api.xro/2.0/Organisation",
            headers={
                "Authorization": f"Bearer {leased['access']['access_token']}",
                "xero-tenant-id": leased["settings"]["tenant_id"],
                "Accept": "application/json",
            },
        )
        before = [one["revoked"] for one in token_sets(one.stack)]
        deleted = await http.delete("/v1/clients/client-1/connections/xero")

    assert page.status_code == 200
    assert consent["state"] == "choosing"
    assert read.json()["Organisations"][0]["Name"] == chosen["name"]
    assert deleted.status_code == 204
    assert [one["revoked"] for one in token_sets(one.stack)].count(True) == before.count(True) + 1
    assert (await lease(one, firm, saved["connection_id"])).status_code == 404


async def test_a_consent_whose_grant_token_comes_back_reads_the_first_month(
    one: CredentialsProcess, firm: str
) -> None:
    known = account(one.stack, "e-conomic", 2)
    path = "/v1/clients/client-1/connections/e-conomic"
    async with one.client(firm) as http, httpx.AsyncClient(trust_env=False, timeout=30) as browser:
        link = (await http.post(f"{path}/consent", json={})).json()
        pressed = {"auto": "allow", "agreement": str(known["agreement"])}
        back = await browser.get(link["url"], params=httpx.URL(link["url"]).params.merge(pressed))
        page = await browser.get(back.headers["location"])
        again = await browser.get(back.headers["location"])
        consent = (await http.get(f"/v1/consents/{link['consent_id']}")).json()
        [saved] = (await http.get("/v1/connections", params={"client_id": "client-1"})).json()["connections"]
        leased = (await lease(one, firm, saved["connection_id"])).json()
        reading = await read_month(one.stack, known, leased)
        deleted = await http.delete(path)

    assert (page.status_code, again.status_code) == (200, 400)
    assert (consent["state"], consent["chosen"]) == ("done", str(known["agreement"]))
    assert saved["books"]["name"] == known["name"]
    assert set(leased["access"]) == {"agreement_grant_token"}
    assert reading == one.stack.sandbox.truth(known, known["last_month"])
    assert deleted.status_code == 204
    assert (await lease(one, firm, saved["connection_id"])).status_code == 404


async def test_a_consent_to_one_company_is_saved_at_once_and_reads_the_first_month(
    one: CredentialsProcess, firm: str
) -> None:
    known = account(one.stack, "freeagent", 3)  # each refresh replaces its token
    path = "/v1/clients/client-1/connections/freeagent"
    async with one.client(firm) as http, httpx.AsyncClient(trust_env=False, timeout=30) as browser:
        link = (await http.post(f"{path}/consent", json={})).json()
        pressed = {"auto": "allow", "user": known["user"]}
        back = await browser.get(link["url"], params=httpx.URL(link["url"]).params.merge(pressed))
        page = await browser.get(back.headers["location"])
        consent = (await http.get(f"/v1/consents/{link['consent_id']}")).json()
        [saved] = (await http.get("/v1/connections", params={"client_id": "client-1"})).json()["connections"]
        leased = (await lease(one, firm, saved["connection_id"])).json()
        renewed = (await lease(one, firm, saved["connection_id"], refused_access=leased["access_id"])).json()
        reading = await read_month(one.stack, known, renewed)
        deleted = await http.delete(path)

    assert page.status_code == 200
    assert (consent["state"], saved["books"]["name"]) == ("done", known["name"])
    assert renewed["access"] != leased["access"]
    assert reading == one.stack.sandbox.truth(known, known["last_month"])
    assert deleted.status_code == 204
    assert (await lease(one, firm, saved["connection_id"])).status_code == 404


@pytest.mark.parametrize("number", [1, 3], ids=["production", "sandbox"])
async def test_a_consent_that_names_its_company_in_the_callback_reads_the_first_month(
    one: CredentialsProcess, firm: str, number: int
) -> None:
    known = account(one.stack, "quickbooks", number)
    path, realm_id = "/v1/clients/client-1/connections/quickbooks", known["credentials"]["realm_id"]
    async with one.client(firm) as http, httpx.AsyncClient(trust_env=False, timeout=30) as browser:
        link = (await http.post(f"{path}/consent", json={})).json()
        pressed = {"auto": "allow", "realm": realm_id}
        back = await browser.get(link["url"], params=httpx.URL(link["url"]).params.merge(pressed))
        await browser.get(back.headers["location"])
        consent = (await http.get(f"/v1/consents/{link['consent_id']}")).json()
        [saved] = (await http.get("/v1/connections", params={"client_id": "client-1"})).json()["connections"]
        leased = (await lease(one, firm, saved["connection_id"])).json()
        reading = await read_month(one.stack, known, leased)
        deleted = await http.delete(path)
        shown = (await browser.get(f"{one.stack.sandbox.base_url}/quickbooks/_consents")).json()

    assert consent["state"] == "done", consent
    assert saved["books"]["name"] == known["name"]
    assert leased["settings"] == {
        "realm_id": realm_id,
        "environment": known["credentials"]["environment"],
    }
    assert reading == one.stack.sandbox.truth(known, known["last_month"])
    assert deleted.status_code == 204
    assert all(each["revoked"] for each in shown if each["realm_id"] == realm_id)


async def test_a_realm_that_was_changed_on_its_way_back_opens_nothing(
    one: CredentialsProcess, firm: str
) -> None:
    mine, other = (account(one.stack, "quickbooks", number)["credentials"]["realm_id"] for number in (4, 5))
    path = "/v1/clients/client-1/connections/quickbooks"
    async with one.client(firm) as http, httpx.AsyncClient(trust_env=False, timeout=30) as browser:
        link = (await http.post(f"{path}/consent", json={})).json()
        pressed = {"auto": "allow", "realm": mine}
        back = await browser.get(link["url"], params=httpx.URL(link["url"]).params.merge(pressed))
        await browser.get(back.headers["location"].replace(mine, other))
        consent = (await http.get(f"/v1/consents/{link['consent_id']}")).json()
        saved = (await http.get("/v1/connections", params={"client_id": "client-1"})).json()["connections"]

    assert (consent["state"], saved) == ("failed", [])
    assert "company ID" in consent["cause"]


async def test_a_consent_to_a_service_account_outlives_its_access_token(
    one: CredentialsProcess, firm: str
) -> None:
    known = account(one.stack, "fortnox", 2)
    path, tenant_id = "/v1/clients/client-1/connections/fortnox", known["credentials"]["tenant_id"]
    async with one.client(firm) as http, httpx.AsyncClient(trust_env=False, timeout=30) as browser:
        link = (await http.post(f"{path}/consent", json={})).json()
        pressed = {"auto": "allow", "organisation": tenant_id}
        back = await browser.get(link["url"], params=httpx.URL(link["url"]).params.merge(pressed))
        await browser.get(back.headers["location"])
        consent = (await http.get(f"/v1/consents/{link['consent_id']}")).json()
        [saved] = (await http.get("/v1/connections", params={"client_id": "client-1"})).json()["connections"]
        leased = (await lease(one, firm, saved["connection_id"])).json()
        renewed = (await lease(one, firm, saved["connection_id"], refused_access=leased["access_id"])).json()
        reading = await read_month(one.stack, known, renewed)
        deleted = await http.delete(path)
        headers = {"Authorization": f"Bearer {renewed['access']['access_token']}"}
        after = await browser.get(f"{known['endpoints']['api']}/3/companyinformation", headers=headers)

    assert (consent["state"], consent["chosen"]) == ("done", tenant_id)
    assert saved["books"]["name"] == known["name"]
    assert leased["settings"] == {"tenant_id": tenant_id}
    assert set(renewed["access"]) == {"access_token"}
    assert renewed["access"] != leased["access"]
    assert reading == one.stack.sandbox.truth(known, known["last_month"])
    assert (deleted.status_code, after.status_code) == (204, 401)
    assert (await lease(one, firm, saved["connection_id"])).status_code == 404


async def test_fifty_jobs_on_an_expired_single_use_token_refresh_once_over_two_processes(
    one: CredentialsProcess, two: CredentialsProcess, firm: str
) -> None:
    known = account(one.stack, "xero", 6)
    fields = {name: known["credentials"][name] for name in ("refresh_token", "tenant_id")}
    saved = await save(one, firm, "xero", fields)
    one.stack.sandbox.fault(known, "single_use_refresh")
    before = refreshes(one.stack)

    answers = await _leased_at_once([one, two] * 25, firm, saved["connection_id"])

    one.stack.sandbox.http.delete("/_control")
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["access_id"] for answer in answers}) == 1
    assert refreshes(one.stack) == before + 1
    assert all(one["refused"] == 0 for one in token_sets(one.stack))


async def test_a_kill_between_the_answer_and_the_vault_is_healed_with_the_old_token(
    stack: CredentialsStack, one: CredentialsProcess, firm: str
) -> None:
    known = account(stack, "xero", 9)
    fields = {name: known["credentials"][name] for name in ("refresh_token", "tenant_id")}
    saved = await save(one, firm, "xero", fields)
    before = refreshes(stack)
    with stack.process(crash_at="grant_renewed", renewal_call_s="1") as doomed:
        with pytest.raises(httpx.TransportError):
            await lease(doomed, firm, saved["connection_id"])
        assert doomed.child.wait(10) == -9

    healed = await lease(one, firm, saved["connection_id"])

    assert healed.status_code == 200
    assert refreshes(stack) == before + 2


async def test_a_token_lost_with_a_killed_process_needs_the_user_and_says_why(
    stack: CredentialsStack, one: CredentialsProcess, firm: str
) -> None:
    known = account(stack, "xero", 10)
    fields = {name: known["credentials"][name] for name in ("refresh_token", "tenant_id")}
    saved = await save(one, firm, "xero", fields)
    with stack.process(crash_at="grant_renewed", renewal_call_s="1") as doomed:
        with pytest.raises(httpx.TransportError):
            await lease(doomed, firm, saved["connection_id"])
        doomed.child.wait(10)
    stack.sandbox.fault(known, "single_use_refresh")

    refused = await lease(one, firm, saved["connection_id"])

    stack.sandbox.http.delete("/_control")
    assert (refused.status_code, refused.json()["code"]) == (409, "NEEDS_AUTH")
    assert "cut off" in refused.json()["detail"]
    async with one.client(firm) as http:
        [shown] = (await http.get("/v1/connections")).json()["connections"]
    assert (shown["health"], shown["code"]) == ("needs_auth", "NEEDS_AUTH")


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
    async with httpx.AsyncClient(trust_env=False) as http:
        token = ServiceToken(one.stack.vault_settings("connector-workers"), http)
        secrets.add((await token.header())["Authorization"].removeprefix("Bearer "))
    return secrets


def _of(firm: str, records: list[ConsumerRecord[Any, Any]]) -> int:
    return sum(firm.encode() in record.value for record in records)


async def _leased_at_once(
    processes: list[CredentialsProcess], firm: str, connection_id: str
) -> list[httpx.Response]:
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        token = ServiceToken(processes[0].stack.vault_settings("connector-workers"), http)
        headers = await token.header()
        return await asyncio.gather(
            *(
                http.post(
                    f"{process.url}/internal/connections/{connection_id}:lease",
                    json={"company_id": firm},
                    headers=headers,
                )
                for process in processes
            )
        )


def _token_sets_of(stack: CredentialsStack, firm: str) -> list[str]:
    with Logins(stack.vault) as logins:
        kv = logins.administrator().secrets.kv.v2
        try:
            answer = kv.list_secrets(f"{firm}/token-sets", mount_point="ledgerbus")
        except hvac.exceptions.InvalidPath:
            return []
        return list(answer["data"]["keys"])
