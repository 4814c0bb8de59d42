"""Who may ask Fortnox's imitation, how often, and how it refuses."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from support.fortnox_caller import SCOPES, FortnoxCaller, fortnox_caller
from support.sandbox_server import RunningSandbox

HOUR_S, DAY_S = 3600, 86_400


def refused(response: httpx.Response) -> tuple[int, str]:
    """The refusal of the token address: JSON that says it is a page."""
    assert response.headers["content-type"].startswith("text/html")
    return response.status_code, json.loads(response.text)["error"]


def code(response: httpx.Response) -> tuple[int, int]:
    told = {name.lower(): value for name, value in response.json()["ErrorInformation"].items()}
    assert told.keys() == {"error", "message", "code"}
    return response.status_code, told["code"]


def consented(caller: FortnoxCaller, **more: str) -> dict[str, Any]:
    reply: dict[str, Any] = caller.exchange(caller.code(**more)).raise_for_status().json()
    return reply


def test_credentials_look_like_the_vendor_s(sandbox: RunningSandbox) -> None:
    held = fortnox_caller(sandbox).credentials

    assert (len(held["client_id"]), len(held["client_secret"])) == (12, 10)
    assert int(held["tenant_id"]) > 0
    assert held.keys() == {"client_id", "client_secret", "tenant_id"}


def test_a_service_account_gets_a_token_that_names_the_company(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox)

    reply = caller.by_service().raise_for_status().json()

    part = reply["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert claims["tenantId"] == int(caller.credentials["tenant_id"])
    assert (reply["expires_in"], reply["token_type"]) == (3600, "bearer")
    assert set(reply["scope"].split()) == set(SCOPES.split())
    assert "refresh_token" not in reply


def test_wrong_keys_are_an_invalid_client(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox)
    caller.account["credentials"]["client_secret"] = "wrong"

    assert refused(caller.by_service()) == (401, "invalid_client")
    assert refused(caller.revoke("any")) == (401, "invalid_client")


@pytest.mark.parametrize("tenant_id", ["4242", "no-number"])
def test_an_unknown_company_is_an_invalid_grant(sandbox: RunningSandbox, tenant_id: str) -> None:
    assert refused(fortnox_caller(sandbox).by_service(tenant_id)) == (400, "invalid_grant")


def test_an_unknown_grant_type_is_refused(sandbox: RunningSandbox) -> None:
    assert refused(fortnox_caller(sandbox).ask(grant_type="password")) == (400, "unsupported_grant_type")


def test_a_company_is_chosen_and_its_code_works_once(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox, 2)
    given = caller.code()

    first, again = caller.exchange(given), caller.exchange(given)

    caller.token = first.json()["access_token"]
    told = caller.get("companyinformation").json()["CompanyInformation"]
    assert told["CompanyName"] == caller.account["name"]
    assert told["DatabaseNumber"] == int(caller.credentials["tenant_id"])
    assert told["VisitAddress"] is None
    assert refused(again) == (400, "invalid_grant")


def test_a_code_belongs_to_its_redirect_address_and_lives_ten_minutes(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox)

    elsewhere = caller.exchange(caller.code(), "http://127.0.0.1:2/back")
    late_code = caller.code()
    sandbox.world.clock.advance(601)
    late = caller.exchange(late_code)

    assert refused(elsewhere) == refused(late) == (400, "invalid_grant")


def test_only_offline_access_brings_a_refresh_token(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox)

    assert "refresh_token" in consented(caller)
    assert "refresh_token" not in consented(caller, access_type="")


def test_scopes_are_looked_at_before_signing_in_and_the_address_after(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox)

    unknown = caller.authorize(scope="bookkeeping everything", auto="")
    page = caller.authorize(redirect_uri="https://elsewhere.example/", auto="")
    after = caller.authorize(redirect_uri="https://elsewhere.example/")

    assert (unknown.status_code, "invalid_scope" in unknown.text) == (400, True)
    assert "everything" not in unknown.text
    assert (page.status_code, caller.account["name"] in page.text) == (200, True)
    assert after.status_code == 400


def test_declining_comes_back_without_a_code(sandbox: RunningSandbox) -> None:
    back = fortnox_caller(sandbox).authorize(auto="deny")

    assert parse_qs(urlsplit(back.headers["location"]).query) == {
        "error": ["access_denied"],
        "state": ["s-1"],
    }


def test_a_refresh_token_is_replaced_and_its_second_use_locks_the_client_out(
    sandbox: RunningSandbox,
) -> None:
    caller = fortnox_caller(sandbox)
    first = consented(caller)["refresh_token"]
    second = caller.refresh(first).raise_for_status().json()

    assert second["refresh_token"] != first
    assert refused(caller.refresh(first)) == (400, "invalid_grant")
    assert refused(caller.refresh(second["refresh_token"])) == (400, "invalid_grant")
    caller.token = second["access_token"]
    assert caller.get("companyinformation").status_code == 401


def test_a_refresh_token_dies_after_45_days_without_use(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox)
    token = consented(caller)["refresh_token"]

    sandbox.world.clock.advance(45 * DAY_S - 60)
    token = caller.refresh(token).raise_for_status().json()["refresh_token"]
    sandbox.world.clock.advance(45 * DAY_S + 60)

    assert refused(caller.refresh(token)) == (400, "invalid_grant")


def test_revoking_ends_the_company_s_consents(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox, 6).sign_in()
    token = consented(caller, account_type="service")["refresh_token"]

    answer = caller.revoke(token)
    unknown = caller.revoke("nobody's")

    assert (answer.json(), unknown.json()) == ({"revoked": True}, {"revoked": False})
    assert refused(caller.by_service()) == (400, "invalid_grant")
    assert caller.get("companyinformation").status_code == 401
    consented(caller, account_type="service")
    assert caller.by_service().status_code == 200


def test_an_access_token_lives_an_hour(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox).sign_in()

    sandbox.world.clock.advance(HOUR_S - 1)
    within = caller.get("companyinformation")
    sandbox.world.clock.advance(1)
    after = caller.get("companyinformation")

    assert within.status_code == 200
    assert (after.status_code, after.json()) == (401, {"message": "unauthorized"})


@pytest.mark.parametrize("number", [1, 2])
def test_a_scope_that_was_not_granted_is_refused(sandbox: RunningSandbox, number: int) -> None:
    caller = fortnox_caller(sandbox, number)
    caller.token = consented(caller, scope="companyinformation invoice")["access_token"]

    paths = ("companyinformation", "invoices", "financialyears", "sie/4")
    answers = [
        caller.get(path, **({"fromdate": "2026-11-01"} if path == "invoices" else {})) for path in paths
    ]

    assert [one.status_code for one in answers[:2]] == [200, 200]
    status = 400 if number == 2 else 403
    assert [code(one) for one in answers[2:]] == [(status, 2000663)] * 2


def test_twenty_five_calls_in_any_five_seconds(sandbox: RunningSandbox) -> None:
    caller, other = fortnox_caller(sandbox).sign_in(), fortnox_caller(sandbox, 2).sign_in()

    statuses = [caller.get("companyinformation").status_code for _ in range(25)]
    over = caller.get("companyinformation")
    sandbox.world.clock.advance(5)

    assert set(statuses) == {200}
    assert (over.status_code, over.json()) == (429, {"message": "Too Many Requests"})
    assert "retry-after" not in over.headers
    assert other.get("companyinformation").status_code == 200
    assert caller.get("companyinformation").status_code == 200


@pytest.mark.parametrize(
    ("path", "params", "expected"),
    [
        ("invoices", {"fromDate": "2026-01-01"}, (400, 2000588)),
        ("invoices", {"fromdate": "2026-02-30"}, (400, 2000106)),
        ("invoices", {"fromdate": "20260201"}, (400, 2000106)),
        ("invoices", {"filter": "lost"}, (400, 2000587)),
        ("invoices", {"page": "0"}, (400, 2000106)),
        ("invoices", {"financialyear": "2026"}, (400, 2000106)),
        ("invoices/1", {}, (404, 2000434)),
        ("supplierinvoices/1", {}, (404, 2000434)),
        ("customers", {}, (404, 2000434)),
        ("financialyears/1", {}, (404, 2000434)),
    ],
)
def test_bad_questions_are_refused_with_the_vendor_s_codes(
    sandbox: RunningSandbox, path: str, params: dict[str, str], expected: tuple[int, int]
) -> None:
    assert code(fortnox_caller(sandbox).sign_in().get(path, **params)) == expected


def test_the_file_wants_its_year_by_a_running_id_and_another_accept(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox).sign_in()
    plain = "application/octet-stream"

    assert code(caller.get("sie/4", financialyear=1)) == (406, 1000030)
    assert code(caller.get("invoices", accept="text/csv")) == (406, 1000030)
    assert code(caller.get("sie/4", accept=plain, financialYear=1)) == (400, 2000588)
    assert code(caller.get("sie/4", accept=plain, financialyear=2026)) == (404, 2000434)
    assert code(caller.get("sie/1", accept=plain, financialyear=1)) == (404, 2000434)
    answer = caller.get("sie/4", accept="*/*", financialyear=16)
    assert b"#RAR 0 20250101 20251231" in answer.content
    assert "charset" not in answer.headers["content-type"]


def test_pages_have_a_hundred_rows_unless_more_are_asked_for(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox).sign_in()

    usual = caller.get("invoices").json()
    most = caller.get("invoices", limit=9999, page=2, sortby="documentnumber").json()
    none = caller.get("invoices", fromdate="2009-01-01", todate="2009-12-31").json()

    assert len(usual["Invoices"]) == 100
    assert usual["MetaInformation"]["@CurrentPage"] == 1
    assert len(most["Invoices"]) == 500
    assert most["MetaInformation"]["@CurrentPage"] == 2
    numbers = [int(row["DocumentNumber"]) for row in most["Invoices"]]
    assert numbers == sorted(numbers)
    assert none == {
        "MetaInformation": {"@TotalResources": 0, "@TotalPages": 0, "@CurrentPage": 1},
        "Invoices": [],
    }


def test_filters_join_the_days(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox).sign_in()

    unbooked = caller.rows("invoices", "Invoices", filter="unbooked", fromdate="2026-01-01")
    cancelled = caller.rows("supplierinvoices", "SupplierInvoices", filter="cancelled", financialyear=17)
    year = caller.rows("financialyears", "FinancialYears", date="2026-06-30")

    assert unbooked
    assert not any(row["Booked"] for row in unbooked)
    assert cancelled
    assert all(row["Cancel"] and row["InvoiceDate"] >= "2026-01-01" for row in cancelled)
    assert [row["Id"] for row in year] == [17]


def test_calls_are_counted_by_what_they_are(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox).sign_in()
    caller.get("companyinformation")
    caller.get("financialyears")
    caller.token = "nobody's"
    caller.get("invoices")

    counted = sandbox.http.get("/_calls").json()["calls"]["fortnox"]

    assert counted["fortnox-0001"] == {"total": 3, "sign_in": 1, "identity": 1, "read": 1, "throttled": 0}
    assert counted["unknown"]["read"] == 1


@pytest.mark.parametrize(
    ("fault", "status", "expected"),
    [("error_500", 500, 1000003), ("plan_too_low", 403, 2001103), ("no_permission", 403, 2000663)],
)
def test_faults_answer_with_the_vendor_s_codes(
    sandbox: RunningSandbox, fault: str, status: int, expected: int
) -> None:
    caller = fortnox_caller(sandbox).sign_in()

    sandbox.fault(caller.account, fault)

    assert code(caller.get("invoices")) == (status, expected)


def test_a_token_address_may_fail_or_lose_its_answer(sandbox: RunningSandbox) -> None:
    caller = fortnox_caller(sandbox)
    token = consented(caller)["refresh_token"]

    sandbox.fault(caller.account, "token_500", times=1)
    failed = caller.refresh(token)
    sandbox.fault(caller.account, "token_reply_lost", times=1)
    lost = caller.refresh(token)

    assert (failed.status_code, lost.status_code) == (500, 502)
    assert refused(caller.refresh(token)) == (400, "invalid_grant")


def test_a_file_cut_short_ends_within_a_voucher_and_rubbish_is_none_of_a_number(
    sandbox: RunningSandbox,
) -> None:
    caller = fortnox_caller(sandbox).sign_in()
    whole = caller.sie(17)

    sandbox.fault(caller.account, "short_page", times=1)
    cut = caller.sie(17)
    sandbox.fault(caller.account, "unreadable", times=1)
    rubbish = caller.sie(17)

    assert whole.startswith(cut)
    assert cut.count(b"\r\n{") == cut.count(b"\r\n}") + 1
    assert b" n/a " in rubbish
    assert len(rubbish.split(b"\r\n")) == len(whole.split(b"\r\n"))
