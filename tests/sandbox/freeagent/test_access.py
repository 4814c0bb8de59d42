"""Consents, tokens, practices, levels and limits as the vendor has them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from support.freeagent_caller import BACK, FreeAgentCaller
from support.sandbox_server import RunningSandbox

NOT_RECOGNISED = "Access token not recognised"


def caller(sandbox: RunningSandbox, number: int = 1, way: str = "credentials") -> FreeAgentCaller:
    return FreeAgentCaller(sandbox.accounts("freeagent")[number - 1], sandbox.http, way)


def account(sandbox: RunningSandbox, number: int = 1) -> dict[str, Any]:
    return sandbox.accounts("freeagent")[number - 1]


def test_an_access_token_opens_its_company(sandbox: RunningSandbox) -> None:
    company = caller(sandbox).get("company").raise_for_status().json()["company"]

    assert company["name"] == account(sandbox)["name"]
    assert (company["id"], company["currency"]) == (700_001, "GBP")


@pytest.mark.parametrize("token", ["", "Bearer nonsense", "Bearer 1a.b.c", "Basic eDp5"])
def test_any_other_token_is_not_recognised(sandbox: RunningSandbox, token: str) -> None:
    answer = caller(sandbox).get("company", headers={"Authorization": token})

    assert answer.status_code == 401
    assert answer.json() == {"errors": {"error": {"message": NOT_RECOGNISED}}}


def test_errors_come_in_two_envelopes(sandbox: RunningSandbox) -> None:
    shapes = [caller(sandbox, number).get("nothing").json()["errors"] for number in (1, 2)]

    assert shapes == [{"error": {"message": "Resource not found"}}, [{"message": "Resource not found"}]]


def test_a_call_without_a_user_agent_is_refused(sandbox: RunningSandbox) -> None:
    assert caller(sandbox).get("company", headers={"User-Agent": ""}).status_code == 400


def test_an_access_token_lives_an_hour(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    fresh = {"Authorization": f"Bearer {reader.refresh().json()['access_token']}"}

    sandbox.world.clock.advance(3598)
    before = reader.get("company", headers=fresh).status_code
    sandbox.world.clock.advance(3)

    assert (before, reader.get("company", headers=fresh).status_code) == (200, 401)


def test_some_refreshes_replace_the_token_and_some_give_the_same(sandbox: RunningSandbox) -> None:
    kept, replaced = caller(sandbox, 1), caller(sandbox, 2)

    same = kept.refresh().raise_for_status().json()
    other = replaced.refresh().raise_for_status().json()

    assert (same["token_type"], same["expires_in"]) == ("bearer", 3600)
    assert same["refresh_token_expires_in"] == 631_151_957
    assert same["refresh_token"] == kept.credentials["refresh_token"]
    assert other["refresh_token"] != replaced.credentials["refresh_token"]
    assert replaced.refresh().json() == {"error": "invalid_grant"}
    assert replaced.refresh(other["refresh_token"]).status_code == 200


def test_the_token_address_refuses_strangers(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)

    wrong_secret = reader.token(secret="wrong", grant_type="refresh_token", refresh_token="1r")
    wrong_token = reader.refresh("1rnonsense.0.0")
    wrong_kind = reader.token(grant_type="password")

    assert (wrong_secret.status_code, wrong_secret.json()) == (401, {"error": "invalid_client"})
    assert (wrong_token.status_code, wrong_token.json()) == (400, {"error": "invalid_grant"})
    assert wrong_kind.json() == {"error": "unsupported_grant_type"}


def test_a_consent_gives_a_code_that_works_once(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    location = urlsplit(reader.approve(user="freeagent-0003").headers["location"])
    sent = {name: values[0] for name, values in parse_qs(location.query).items()}
    form = {"grant_type": "authorization_code", "code": sent["code"], "redirect_uri": BACK}

    reply = reader.token(**form).raise_for_status().json()
    again = reader.token(**form)

    assert sent["state"] == "s-1"
    headers = {"Authorization": f"Bearer {reply['access_token']}"}
    assert reader.get("company", headers=headers).json()["company"]["id"] == 700_003
    assert (again.status_code, again.json()) == (400, {"error": "invalid_grant"})


def test_a_code_lives_a_quarter_of_an_hour_and_belongs_to_its_address(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    old, stray = reader.code(), reader.code()

    wrong = reader.token(grant_type="authorization_code", code=stray, redirect_uri="http://localhost/other")
    sandbox.world.clock.advance(901)
    late = reader.token(grant_type="authorization_code", code=old, redirect_uri=BACK)

    assert wrong.json() == late.json() == {"error": "invalid_grant"}


def test_the_consent_page_asks_denies_and_never_leads_astray(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)

    page = reader.approve(auto="")
    denied = reader.approve(auto="deny")
    astray = reader.approve(redirect_uri="https://elsewhere.example/back")
    unknown = reader.approve(client_id="nobody")

    assert "Approve" in page.text
    assert denied.headers["location"] == f"{BACK}?error=access_denied&state=s-1"
    assert (astray.status_code, unknown.status_code) == (400, 400)


def test_a_new_consent_of_a_user_replaces_the_old_token(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox, 4)

    code = reader.code(user="freeagent-0004")
    reader.token(grant_type="authorization_code", code=code, redirect_uri=BACK).raise_for_status()

    assert reader.refresh().json() == {"error": "invalid_grant"}


def test_a_practice_names_its_client_in_each_call(sandbox: RunningSandbox) -> None:
    practice = caller(sandbox, 2, "practice")

    clients = practice.get("clients", headers={"X-Subdomain": ""}, view="active").json()["clients"]
    named = practice.get("company").json()["company"]
    manager = practice.get("account_managers/me", headers={"X-Subdomain": ""}).json()["account_manager"]

    assert [one["name"] for one in clients] == [one["name"] for one in sandbox.accounts("freeagent")]
    assert named["name"] == account(sandbox, 2)["name"]
    assert named["subdomain"] == clients[1]["subdomain"] == practice.credentials["subdomain"]
    assert manager["url"].endswith("/account_managers/1")


def test_an_app_of_one_mode_cannot_call_the_other(sandbox: RunningSandbox) -> None:
    practice = caller(sandbox, 1, "practice")

    assert caller(sandbox).get("clients").status_code == 403
    assert practice.get("company", headers={"X-Subdomain": ""}).status_code == 403
    assert practice.get("company", headers={"X-Subdomain": "nobody"}).status_code == 404


def test_tokens_belong_to_one_environment(sandbox: RunningSandbox) -> None:
    other = caller(sandbox, 1, "sandbox_environment")
    production = caller(sandbox)

    assert other.get("company").status_code == 200
    other.address = production.address
    assert other.get("company").status_code == 401
    assert other.refresh().json() == {"error": "invalid_client"}


@pytest.mark.parametrize(
    ("path", "level"),
    [
        ("invoices", 4),
        ("credit_notes", 4),
        ("bills", 5),
        ("bank_accounts", 6),
        ("journal_sets", 7),
        ("accounting/transactions", 7),
        ("accounting/profit_and_loss/summary", 7),
        ("company", 1),
        ("users/me", 1),
    ],
)
def test_each_list_needs_its_level(sandbox: RunningSandbox, path: str, level: int) -> None:
    statuses = []
    for held in (level - 1, level):
        sandbox.world.faults.clear()
        sandbox.fault(account(sandbox), "no_permission", level=held)
        statuses.append(caller(sandbox).get(path))

    assert [answer.status_code for answer in statuses] == [403, 200]
    assert statuses[0].json()["errors"]["error"]["message"] == "You are not allowed to access this action."


def test_users_me_tells_the_level(sandbox: RunningSandbox) -> None:
    full = caller(sandbox).get("users/me").json()["user"]["permission_level"]
    sandbox.fault(account(sandbox), "no_permission", level=5)

    assert (full, caller(sandbox).get("users/me").json()["user"]["permission_level"]) == (8, 5)


@pytest.mark.parametrize("status", [401, 403])
def test_switched_off_access_says_so(sandbox: RunningSandbox, status: int) -> None:
    sandbox.fault(account(sandbox), "api_disabled", status=status)

    answer = caller(sandbox).get("company")

    assert answer.status_code == status
    assert "API access is disabled for this company" in answer.text


def test_a_minute_has_120_calls_and_begins_with_the_clock(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    sandbox.world.clock.advance(50 - sandbox.world.clock.timestamp() % 60 + 60)

    statuses = [reader.get("company").status_code for _ in range(120)]
    refused = reader.get("company")
    sandbox.world.clock.advance(10)

    assert set(statuses) == {200}
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert refused.text == "You must not exceed 120 requests per 60 seconds"
    assert refused.headers["content-type"].startswith("text/plain")
    assert reader.get("company").status_code == 200


def test_a_practice_s_calls_are_counted_for_each_client(sandbox: RunningSandbox) -> None:
    busy, other = caller(sandbox, 5, "practice"), caller(sandbox, 6, "practice")

    for _ in range(120):
        busy.get("company")

    assert (busy.get("company").status_code, other.get("company").status_code) == (429, 200)


def test_fifteen_refreshes_a_minute(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)

    statuses = [reader.refresh().status_code for _ in range(16)]

    assert statuses == [200] * 15 + [429]
    assert reader.refresh().text == "You must not exceed 15 requests per 60 seconds"


def test_the_vendor_s_sandbox_can_be_asked_for_a_low_limit(sandbox: RunningSandbox) -> None:
    other, production = caller(sandbox, 1, "sandbox_environment"), caller(sandbox)
    header = {"X-RateLimit-Test": "true"}

    statuses = [other.get("company", headers=header).status_code for _ in range(6)]

    assert statuses == [200] * 5 + [429]
    assert [production.get("company", headers=header).status_code for _ in range(6)] == [200] * 6


def test_tokens_can_be_driven(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    sandbox.http.post("/freeagent/_tokens", json={"expire": True}).raise_for_status()

    expired = reader.get("company").status_code
    fresh = reader.refresh().json()["access_token"]
    shown = sandbox.http.get("/freeagent/_token_sets").json()

    assert expired == 401
    assert reader.get("company", headers={"Authorization": f"Bearer {fresh}"}).status_code == 200
    assert {"owner", "client_id", "refreshes", "refused"} == set(shown[0])


@pytest.mark.parametrize(
    ("fault", "status"), [("token_500", 500), ("token_reply_lost", 502), ("revoke", 400)]
)
def test_trouble_at_the_token_address(sandbox: RunningSandbox, fault: str, status: int) -> None:
    sandbox.fault(account(sandbox), fault)

    assert caller(sandbox).refresh().status_code == status


def test_a_refused_token_may_be_a_401(sandbox: RunningSandbox) -> None:
    sandbox.fault(account(sandbox), "revoke")
    sandbox.fault(account(sandbox), "token_401")

    answer = caller(sandbox).refresh()

    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_grant"})
