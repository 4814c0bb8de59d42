"""The HTTP API of people: what it does, problem documents, and that nothing secret is echoed."""

import pytest
from service_kit.errors import DependencyDownError
from support.credentials_caller import CONNECTION, FIELDS, Caller
from sync_contracts.connections import ConnectionSaved


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


async def test_the_users_click_goes_into_the_message(caller: Caller) -> None:
    headers = caller.owner | {"X-Correlation-Id": "click-42"}

    await caller.http.put(CONNECTION, json=FIELDS, headers=headers)

    [saved] = caller.world.sent.of(ConnectionSaved)
    assert (saved.meta.correlation_id, saved.meta.actor.id) == ("click-42", "user-1")


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
