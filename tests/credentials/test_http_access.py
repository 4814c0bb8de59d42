"""Who may call the HTTP API."""

import pytest
from support.credentials_caller import CONNECTION, FIELDS, Caller


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
