"""The HTTP API: who may what, problem documents, and that nothing secret is echoed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest
from credentials.app import build_routers
from fastapi import FastAPI
from service_kit.bounded_bodies import BoundedBodies
from service_kit.errors import DependencyDownError
from service_kit.problems import install_problems
from service_kit.tokens import TokenVerifier, service_of, user_of
from support.credentials_fakes import CredentialsWorld
from support.issuer import Issuer
from sync_contracts.connections import ConnectionSaved

CONNECTION = "/v1/clients/client-1/connections/xero"
FIELDS = {"fields": {"refresh_token": "ann-1"}}


@dataclass
class Caller:
    """A client of the API on fakes, and headers to call it with."""

    http: httpx.AsyncClient
    platform: Issuer
    vault: Issuer
    world: CredentialsWorld

    @property
    def owner(self) -> dict[str, str]:
        return self.platform.person()

    async def saved(self, client_id: str = "client-1", *, company_id: str = "firm-1") -> str:
        """A saved connection's id."""
        answer = await self.http.put(
            f"/v1/clients/{client_id}/connections/xero",
            json=FIELDS,
            headers=self.platform.person(company_id=company_id),
        )
        return str(answer.json()["connection_id"])

    async def internal(self, path: str, service: str, **body: object) -> httpx.Response:
        return await self.http.post(f"/internal/{path}", json=body, headers=self.vault.service(service))


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("platform"))


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(
        tmp_path_factory.mktemp("vault"), address="https://vault.example", audience="ledgerbus-internal"
    )


@pytest.fixture
async def caller(
    world: CredentialsWorld, platform: Issuer, vault: Issuer, tmp_path: Path
) -> AsyncIterator[Caller]:
    async with httpx.AsyncClient() as keys:
        users, services = (TokenVerifier.of_users(one.settings, keys) for one in (platform, vault))
        app = FastAPI()
        install_problems(app)
        routers = build_routers(
            world.outside,
            world.use,
            ("https://app.example",),
            current_user=user_of(users),
            orchestrator=service_of(services, "sync-orchestrator"),
            workers=service_of(services, "connector-workers"),
        )
        for router in routers:
            app.include_router(router)
        app.add_middleware(BoundedBodies, max_bytes=100_000)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
            yield Caller(http, platform, vault, world)


async def test_a_fresh_company_has_integrations_on_and_nothing_enabled(caller: Caller) -> None:
    answer = (await caller.http.get("/v1/providers", headers=caller.owner)).json()

    assert answer["integrations_on"] is True
    assert [one["enabled"] for one in answer["providers"]] == [False]


async def test_the_catalogue_shows_the_form(caller: Caller) -> None:
    [provider] = (await caller.http.get("/v1/providers", headers=caller.owner)).json()["providers"]

    assert provider["manual_url"] == "https://manual.example"
    assert [(field["name"], field["secret"]) for field in provider["fields"]] == [("key", True)]


@pytest.mark.parametrize(("address", "configured"), [("https://books.example", True), ("", False)])
async def test_the_catalogue_tells_what_is_missing_or_a_preview(
    caller: Caller, address: str, configured: bool
) -> None:
    caller.world.provider.endpoints = {"api": address}

    [provider] = (await caller.http.get("/v1/providers", headers=caller.owner)).json()["providers"]

    assert provider["configured"] is configured
    assert provider["preview"] is False


async def test_enabling_and_disabling_can_be_repeated(caller: Caller) -> None:
    for method, enabled in (("PUT", ["xero"]), ("PUT", ["xero"]), ("DELETE", []), ("DELETE", [])):
        answer = await caller.http.request(method, "/v1/providers/xero:enabled", headers=caller.owner)
        listed = await caller.http.get("/v1/providers?enabled=true", headers=caller.owner)

        assert answer.status_code == 204
        assert [one["provider"] for one in listed.json()["providers"]] == enabled


async def test_integrations_are_switched_as_a_whole(caller: Caller) -> None:
    answer = await caller.http.put("/v1/integrations", json={"enabled": False}, headers=caller.owner)

    listed = await caller.http.get("/v1/providers", headers=caller.owner)
    assert answer.status_code == 204
    assert listed.json()["integrations_on"] is False


async def test_test_save_list_and_delete(caller: Caller) -> None:
    tested = (
        await caller.http.post(
            "/v1/connections:test", json={"provider": "xero"} | FIELDS, headers=caller.owner
        )
    ).json()
    saved = await caller.http.put(
        CONNECTION, json=FIELDS | {"test_token": tested["test_token"]}, headers=caller.owner
    )
    listed = await caller.http.get("/v1/connections?client_id=client-1", headers=caller.owner)
    deleted = await caller.http.delete(CONNECTION, headers=caller.owner)
    gone = await caller.http.get("/v1/connections", headers=caller.owner)

    assert (tested["ok"], tested["message"]) == (True, "Connection successful!")
    assert tested["books"]["name"] == "Oak OÜ"
    assert (saved.status_code, saved.json()["health"]) == (200, "ok")
    assert [one["connection_id"] for one in listed.json()["connections"]] == [saved.json()["connection_id"]]
    assert (deleted.status_code, gone.json()["connections"]) == (204, [])


async def test_a_connection_shows_when_its_credentials_end(caller: Caller) -> None:
    dated = {"fields": {"key": "abc", "expires_on": "2026-07-01"}}
    saved = await caller.http.put(CONNECTION, json=dated, headers=caller.owner)
    await caller.saved("client-2")

    listed = (await caller.http.get("/v1/connections", headers=caller.owner)).json()["connections"]

    assert saved.json()["expires_on"] == "2026-07-01"
    assert {one["client_id"]: one["expires_on"] for one in listed} == {
        "client-1": "2026-07-01",
        "client-2": None,
    }


async def test_a_delete_that_has_to_wait_is_acknowledged(caller: Caller) -> None:
    await caller.saved()
    caller.world.vault.down = DependencyDownError("vault", "away")

    deleted = await caller.http.delete(CONNECTION, headers=caller.owner)

    listed = (await caller.http.get("/v1/connections", headers=caller.owner)).json()["connections"]
    assert deleted.status_code == 202
    assert [one["state"] for one in listed] == ["deleting"]


async def test_nothing_secret_is_echoed_by_a_refusal(caller: Caller) -> None:
    bodies: list[object] = [
        {"fields": {"secret!": "hunter2"}},
        {"fields": {"other": "hunter2"}},
        {"fields": {"key": ["hunter2"]}},
        {"fields": {"key": "hunter2" * 2_000}},
        {"fields": "hunter2"},
        ["hunter2"],
    ]

    for body in bodies:
        answer = await caller.http.put(CONNECTION, json=body, headers=caller.owner)

        assert (answer.status_code, answer.json()["code"]) == (422, "INVALID_REQUEST")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["fields"]
        assert "hunter2" not in answer.text


async def test_a_body_that_is_too_large_is_refused(caller: Caller) -> None:
    answer = await caller.http.put(CONNECTION, content=b"x" * 100_001, headers=caller.owner)

    assert (answer.status_code, answer.json()["code"]) == (413, "REQUEST_TOO_LARGE")


async def test_members_look_but_do_not_change(caller: Caller) -> None:
    member = caller.platform.person(role="member")
    await caller.saved()

    for path in ("/v1/providers", "/v1/connections"):
        assert (await caller.http.get(path, headers=member)).status_code == 200
    refused = [
        await caller.http.put(CONNECTION, json=FIELDS, headers=member),
        await caller.http.delete(CONNECTION, headers=member),
        await caller.http.put("/v1/providers/xero:enabled", headers=member),
        await caller.http.put("/v1/integrations", json={"enabled": True}, headers=member),
        await caller.http.post("/v1/connections:test", json={"provider": "xero"} | FIELDS, headers=member),
        await caller.http.post(f"{CONNECTION}/consent", json={}, headers=member),
    ]
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(403, "FORBIDDEN")}


async def test_a_company_sees_and_touches_only_its_own(caller: Caller) -> None:
    connection_id = await caller.saved()
    other = caller.platform.person(company_id="firm-2")

    listed = await caller.http.get("/v1/connections", headers=other)
    deleted = await caller.http.delete(CONNECTION, headers=other)
    leased = await caller.internal(
        f"connections/{connection_id}:lease", "connector-workers", company_id="firm-2"
    )

    assert listed.json()["connections"] == []
    assert (deleted.status_code, deleted.json()["code"]) == (404, "CONNECTION_NOT_FOUND")
    assert (leased.status_code, leased.json()["code"]) == (404, "CONNECTION_NOT_FOUND")


@pytest.mark.parametrize("company_id", ["../firm-1", "firm/1", "", "x" * 65])
async def test_a_company_that_does_not_fit_a_path_is_nobody(caller: Caller, company_id: str) -> None:
    answer = await caller.http.get("/v1/providers", headers=caller.platform.person(company_id=company_id))

    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")


async def test_users_are_refused_inside_and_services_outside(caller: Caller) -> None:
    inside = await caller.http.post("/internal/connections:lookup", json={}, headers=caller.owner)
    outside = await caller.http.get("/v1/providers", headers=caller.vault.service("connector-workers"))
    nobody = await caller.http.get("/v1/providers")

    assert [answer.status_code for answer in (inside, outside, nobody)] == [401, 401, 401]


async def test_only_the_workers_get_leases(caller: Caller) -> None:
    connection_id = await caller.saved()

    for service in ("sync-orchestrator", "summary-writer", "notifier", "cli"):
        answer = await caller.internal(f"connections/{connection_id}:lease", service, company_id="firm-1")

        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN")


async def test_a_lookup_names_switches_and_usable_connections(caller: Caller) -> None:
    connection_id = await caller.saved()
    await caller.saved("client-2")
    await caller.http.delete("/v1/clients/client-2/connections/xero", headers=caller.owner)
    await caller.http.put("/v1/providers/xero:enabled", headers=caller.owner)

    answer = await caller.internal(
        "connections:lookup",
        "sync-orchestrator",
        company_id="firm-1",
        provider="xero",
        client_ids=["client-1", "client-2", "client-3"],
    )

    assert answer.json() == {
        "integrations_on": True,
        "provider_enabled": True,
        "connections": {
            "client-1": {
                "connection_id": connection_id,
                "generation": 1,
                "account_key": "xero/own",
                "site_key": "xero/app",
                "health": "untested",
            }
        },
    }


async def test_a_lookup_takes_a_thousand_clients(caller: Caller) -> None:
    clients = [f"client-{number}" for number in range(1_001)]
    lookup = {"company_id": "firm-1", "provider": "xero"}

    good = await caller.internal("connections:lookup", "sync-orchestrator", **lookup, client_ids=clients[:-1])
    large = await caller.internal("connections:lookup", "sync-orchestrator", **lookup, client_ids=clients)

    assert (good.status_code, large.status_code) == (200, 422)


async def test_a_lease_is_ready_to_sign_with_and_not_cached(caller: Caller) -> None:
    connection_id = await caller.saved()

    answer = await caller.internal(
        f"connections/{connection_id}:lease", "connector-workers", company_id="firm-1", generation=1
    )

    assert answer.headers["cache-control"] == "no-store"
    lease = answer.json()
    assert lease["access"] == {"access_token": "access-ann-2"}
    assert (lease["connection_id"], lease["generation"], lease["health"]) == (connection_id, 1, "untested")
    assert "ann-2" not in answer.text.replace("access-ann-2", "")


async def test_a_lease_is_refused_with_a_code_for_each_case(caller: Caller) -> None:
    connection_id = await caller.saved()
    lease = f"connections/{connection_id}:lease"
    worker = "connector-workers"

    old = await caller.internal(lease, worker, company_id="firm-1", generation=7)
    unknown = await caller.internal(f"connections/{uuid4()}:lease", worker, company_id="firm-1")
    caller.world.vault.down = DependencyDownError("vault", "sealed")
    down = await caller.internal(lease, worker, company_id="firm-1")
    caller.world.vault.down = None
    caller.world.provider.current["ann"] = 9
    refused = await caller.internal(lease, worker, company_id="firm-1")

    answers = [(answer.status_code, answer.json()["code"]) for answer in (old, unknown, down, refused)]
    assert answers == [
        (409, "GENERATION_OLD"),
        (404, "CONNECTION_NOT_FOUND"),
        (503, "SERVICE_DOWN"),
        (409, "NEEDS_AUTH"),
    ]
    assert "Retry-After" in down.headers


async def test_a_worker_tells_what_it_found(caller: Caller) -> None:
    connection_id = await caller.saved()

    told = await caller.internal(
        f"connections/{connection_id}:observe",
        "connector-workers",
        company_id="firm-1",
        generation=1,
        outcome="ok",
        books={"external_id": "org-1", "name": "Oak OÜ", "currency": "EUR"},
    )

    [shown] = (await caller.http.get("/v1/connections", headers=caller.owner)).json()["connections"]
    assert told.status_code == 204
    assert (shown["health"], shown["books"]["name"]) == ("ok", "Oak OÜ")


async def test_the_users_click_goes_into_the_message(caller: Caller) -> None:
    headers = caller.owner | {"X-Correlation-Id": "click-42"}

    await caller.http.put(CONNECTION, json=FIELDS, headers=headers)

    [saved] = caller.world.sent.of(ConnectionSaved)
    assert (saved.meta.correlation_id, saved.meta.actor.id) == ("click-42", "user-1")


async def test_a_consent_leads_the_browser_back_to_the_platform(caller: Caller) -> None:
    link = (
        await caller.http.post(
            f"{CONNECTION}/consent", json={"return_to": "https://app.example/x?y=1"}, headers=caller.owner
        )
    ).json()
    state = parse_qs(urlsplit(link["url"]).query)["state"][0]

    back = await caller.http.get("/v1/oauth/callback", params={"state": state, "code": "ann"})
    again = await caller.http.get("/v1/oauth/callback", params={"state": state, "code": "ann"})
    consent = (await caller.http.get(f"/v1/consents/{link['consent_id']}", headers=caller.owner)).json()

    assert back.status_code == 303
    assert back.headers["location"] == (
        f"https://app.example/x?y=1&consent_id={link['consent_id']}&state=done"
    )
    assert (again.status_code, again.json()["code"]) == (400, "CONSENT_STATE_INVALID")
    assert (consent["state"], consent["chosen"]) == ("done", "org-1")


async def test_a_consent_without_a_code_brings_its_token_back(caller: Caller) -> None:
    link = (await caller.http.post(f"{CONNECTION}/consent", json={}, headers=caller.owner)).json()
    state = parse_qs(urlsplit(link["url"]).query)["state"][0]

    back = await caller.http.get("/v1/oauth/callback", params={"state": state, "token": "ann"})
    consent = (await caller.http.get(f"/v1/consents/{link['consent_id']}", headers=caller.owner)).json()

    assert (consent["state"], consent["chosen"]) == ("done", "org-1")
    assert caller.world.provider.returned == [{}]
    assert back.headers["referrer-policy"] == "no-referrer"
    assert back.headers["cache-control"] == "no-store"


async def test_a_consent_returns_nowhere_else(caller: Caller) -> None:
    for address in ("https://evil.example/", "https://app.example.evil.example/", "javascript:alert(1)"):
        answer = await caller.http.post(
            f"{CONNECTION}/consent", json={"return_to": address}, headers=caller.owner
        )

        assert (answer.status_code, answer.json()["fields"]) == (422, ["body.return_to"])


async def test_an_organisation_is_chosen(caller: Caller) -> None:
    caller.world.provider.organisations_found = (("org-1", True), ("org-2", True))
    link = (await caller.http.post(f"{CONNECTION}/consent", json={}, headers=caller.owner)).json()
    state = parse_qs(urlsplit(link["url"]).query)["state"][0]
    page = await caller.http.get("/v1/oauth/callback", params={"state": state, "code": "ann"})

    consent = (await caller.http.get(f"/v1/consents/{link['consent_id']}", headers=caller.owner)).json()
    chosen = await caller.http.post(
        f"/v1/consents/{link['consent_id']}:choose", json={"organisation_id": "org-2"}, headers=caller.owner
    )

    assert page.status_code == 200
    assert consent["state"] == "choosing"
    assert [one["organisation_id"] for one in consent["organisations"]] == ["org-1", "org-2"]
    assert chosen.json()["settings"] == {"tenant_id": "org-2"}


async def test_every_address_is_published_with_its_refusals(caller: Caller) -> None:
    document = (await caller.http.get("/openapi.json")).json()

    assert {
        "/v1/providers",
        "/v1/providers/{provider}:enabled",
        "/v1/integrations",
        "/v1/connections:test",
        "/v1/connections",
        "/v1/clients/{client_id}/connections/{provider}",
        "/v1/clients/{client_id}/connections/{provider}/consent",
        "/v1/oauth/callback",
        "/v1/consents/{consent_id}",
        "/v1/consents/{consent_id}:choose",
        "/internal/connections:lookup",
        "/internal/connections/{connection_id}:lease",
        "/internal/connections/{connection_id}:observe",
    } <= set(document["paths"])
    save = document["paths"]["/v1/clients/{client_id}/connections/{provider}"]["put"]
    assert {"200", "401", "403", "409", "422", "503"} <= set(save["responses"])
    assert save["security"] == [{"person": []}]
    lookup = document["paths"]["/internal/connections:lookup"]["post"]
    assert lookup["security"] == [{"service": []}]
