"""Who may ask, and how often."""

from __future__ import annotations

import pytest
from support.sandbox_server import RunningSandbox
from support.trigon_caller import TrigonCaller

KEYS, PASSWORD = 0, 3  # firms whose user has keys, or a password
MARCH = {"dateFrom": "2026-03-01", "dateTo": "2026-03-31"}


def caller(sandbox: RunningSandbox, turn: int = KEYS) -> TrigonCaller:
    return TrigonCaller(sandbox.accounts("trigon")[turn], sandbox.http)


def test_a_firm_is_found_by_its_registration_code(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("trigon")[KEYS]
    reader = caller(sandbox)

    firm = reader.firm()

    assert firm["name"] == account["name"]
    assert firm["regCode"] == account["credentials"]["firm_reg_code"]
    assert len(firm["regCode"]) == 8
    assert firm["permissions"] == ["list", "view"]


def test_a_user_sees_their_own_firms_and_no_others(sandbox: RunningSandbox) -> None:
    accounts = sandbox.accounts("trigon")
    reader, foreign = caller(sandbox), caller(sandbox, PASSWORD)

    listed = reader.get("firms").json()

    assert [firm["name"] for firm in listed["items"]] == [one["name"] for one in accounts[:3]]
    assert listed["total"] == 3
    assert reader.get("firms", regCode=foreign.reg_code).json()["items"] == []
    assert reader.get(f"firms/{foreign.firm()['id']}/entries", **MARCH).status_code == 404


@pytest.mark.parametrize(
    "spoiled",
    [
        {"Authorization": ""},
        {"X-Api-Key": ""},
        {"X-Api-Key": "tk_0"},
        {"X-Api-Key": "tk_\u00e9"},
        {"Authorization": "Bearer a.b.c"},
        {"Authorization": "Bearer a.\u00e9.c"},
        {"Authorization": "Basic Ym9va3M6a2VlcGVy"},
    ],
)
def test_both_keys_are_needed_and_must_belong_together(
    sandbox: RunningSandbox, spoiled: dict[str, str]
) -> None:
    reader = caller(sandbox)

    answer = reader.send("firms", {**reader.headers(), **spoiled}, regCode=reader.reg_code)

    assert answer.status_code == 401
    assert answer.json() == {"error": {"code": "unauthorized", "message": "Unknown token or key"}}


def test_another_scheme_or_another_user_s_key_is_refused(sandbox: RunningSandbox) -> None:
    reader, foreign = caller(sandbox), caller(sandbox, PASSWORD)
    own = reader.headers()

    for headers in (
        {**own, "Authorization": own["Authorization"].replace("Bearer", "Basic")},
        {**own, "X-Api-Key": foreign.api_key},
        {**own, "Authorization": own["Authorization"][:-1]},
    ):
        assert reader.send("firms", headers).status_code == 401


def test_keys_work_in_one_environment_only(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    reader.address = reader.address.replace("production", "test")

    assert reader.get("firms").status_code == 401


def test_a_password_opens_a_session_that_ends_and_is_renewed(sandbox: RunningSandbox) -> None:
    credentials = sandbox.accounts("trigon")[PASSWORD]["credentials"]
    reader = caller(sandbox, PASSWORD)
    opened = reader.login(credentials["email"], credentials["password"]).json()
    reader.renew(opened)
    sandbox.world.clock.advance(3600)

    late = reader.get("firms")
    renewed = reader.refresh(opened["refreshToken"])
    again = reader.refresh(opened["refreshToken"])
    reader.renew(renewed.json())

    assert set(opened) == {"idToken", "apiKey", "expiresAt", "refreshToken"}
    assert (late.status_code, late.json()["error"]["code"]) == (401, "token_expired")
    assert renewed.status_code == 200
    assert again.status_code == 401
    assert reader.get("firms").status_code == 200
    assert reader.refresh(renewed.json()["refreshToken"]).status_code == 200


def test_an_id_token_is_no_refresh_token(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox, PASSWORD)

    assert reader.refresh(reader.id_token).status_code == 401


@pytest.mark.parametrize(
    ("email", "password", "status"),
    [("books-2@firm.example", "wrong", 401), ("nobody@firm.example", "x", 401), ("books-2", "x", 400)],
)
def test_a_wrong_login_is_refused(sandbox: RunningSandbox, email: str, password: str, status: int) -> None:
    assert caller(sandbox).login(email, password).status_code == status


def test_tokens_can_be_made_to_expire(sandbox: RunningSandbox) -> None:
    reader, keys = caller(sandbox, PASSWORD), caller(sandbox)

    sandbox.http.post("/trigon/_tokens", json={"expire": True}).raise_for_status()

    assert reader.get("firms").json()["error"]["code"] == "token_expired"
    assert keys.get("firms").status_code == 200
    sandbox.world.clock.advance(1)


def test_sixty_calls_a_minute_are_shared_by_all_firms_of_a_key(sandbox: RunningSandbox) -> None:
    one, other = caller(sandbox, 0), caller(sandbox, 1)
    for _ in range(30):
        assert one.get("firms").status_code == other.get("firms").status_code == 200

    refused = other.get("firms", regCode=other.reg_code)

    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "60"
    assert refused.json()["error"]["code"] == "rate_limited"
    assert caller(sandbox, PASSWORD).get("firms").status_code == 200
    calls = sandbox.http.get("/_calls").json()["calls"]["trigon"]
    assert calls["trigon-0002"]["throttled"] == 1
    sandbox.world.clock.advance(60)
    assert other.get("firms").status_code == 200


def test_a_key_has_one_call_at_a_time(sandbox: RunningSandbox) -> None:
    reader, limit = caller(sandbox), sandbox.world.limits["trigon"]["at_once"]

    with limit.slot(reader.api_key):  # type: ignore[attr-defined]  # the concurrency among the limits
        refused = reader.get("firms")

    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert reader.get("firms").status_code == 200


@pytest.mark.parametrize(
    ("fault", "options", "status", "code"),
    [
        ("revoke", {}, 401, "unauthorized"),
        ("token_expired", {}, 401, "token_expired"),
        ("plan_too_low", {}, 403, "plan_required"),
        ("no_permission", {}, 403, "forbidden"),
        ("no_permission", {"list": "entries"}, 403, "forbidden"),
        ("not_offered", {"list": "entries"}, 404, "not_found"),
        ("throttle_429", {"retry_after_s": 10}, 429, "rate_limited"),
        ("error_500", {}, 500, "internal_error"),
        ("gateway_502", {}, 502, "bad_gateway"),
    ],
)
def test_a_fault_is_worded_as_the_contract_words_it(
    sandbox: RunningSandbox, fault: str, options: dict[str, object], status: int, code: str
) -> None:
    reader = caller(sandbox)
    address = f"firms/{reader.firm()['id']}"
    sandbox.fault(sandbox.accounts("trigon")[KEYS], fault, **options)

    answer, other = (reader.get(f"{address}/{name}", **MARCH) for name in ("entries", "sales-invoices"))

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert (other.status_code == 200) is ("list" in options)


def test_a_missing_right_shows_in_the_list_of_firms(sandbox: RunningSandbox) -> None:
    account, reader = sandbox.accounts("trigon")[KEYS], caller(sandbox)
    sandbox.fault(account, "no_permission", times=1)
    may_list = reader.firm()["permissions"]
    sandbox.fault(account, "no_permission", times=1, half="list")

    assert may_list == ["list"]
    assert reader.get("firms", regCode=reader.reg_code).json()["items"] == []


def test_another_firm_can_answer_under_the_same_code(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    own = reader.firm()
    sandbox.fault(sandbox.accounts("trigon")[KEYS], "wrong_company")

    other = reader.firm()

    assert other["regCode"] == own["regCode"]
    assert (other["id"], other["name"]) != (own["id"], own["name"])


def test_an_ignored_filter_lists_all_firms(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    sandbox.fault(sandbox.accounts("trigon")[KEYS], "filter_ignored")

    assert len(reader.get("firms", regCode=reader.reg_code).json()["items"]) == 3


def test_a_page_of_html_can_stand_in_the_way(sandbox: RunningSandbox) -> None:
    sandbox.fault(sandbox.accounts("trigon")[KEYS], "html", status=503)
    reader = caller(sandbox)

    answer = reader.get("firms", regCode=reader.reg_code)

    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")
