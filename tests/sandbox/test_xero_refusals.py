from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from sandbox.clock import Clock
from support.sandbox_server import RunningSandbox, running_sandbox
from support.xero_calls import XeroCaller, xero_caller

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
YEAR = "Date>=DateTime(2025,04,01) AND Date<DateTime(2026,04,01)"
RESOURCES = ("Organisation", "Accounts", "Invoices", "CreditNotes", "ManualJournals", "BankTransactions")
EVERY = (*RESOURCES, "Reports/ProfitAndLoss")


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=4, documents=12, clock=Clock(NOON)) as running:
        yield running


@pytest.fixture
def app(sandbox: RunningSandbox) -> XeroCaller:
    return xero_caller(sandbox)


def with_scope(app: XeroCaller, scope: str) -> dict[str, str]:
    """A bearer header of a new consent to these scopes."""
    back = "http://localhost/back"
    question = {
        "response_type": "code",
        "client_id": app.credentials["client_id"],
        "redirect_uri": back,
        "scope": scope,
        "auto": "allow",
        "user": app.account["user"],
    }
    url = f"{app.account['endpoints']['login']}/identity/connect/authorize"
    answer = urlsplit(app.sandbox.http.get(url, params=question).headers["location"])
    code = parse_qs(answer.query)["code"][0]
    reply = app.ask(grant_type="authorization_code", code=code, redirect_uri=back).raise_for_status().json()
    return {"Authorization": f"Bearer {reply['access_token']}"}


@pytest.mark.parametrize("header", ["", "Bearer nonsense", "Bearer a.b.c", "Basic eDp5"])
def test_a_broken_access_token_is_unsuccessful_authentication(app: XeroCaller, header: str) -> None:
    answer = app.get("Organisation", headers={"Authorization": header})

    assert answer.status_code == 401
    assert answer.json() == {
        "Type": None,
        "Title": "Unauthorized",
        "Status": 401,
        "Detail": "AuthenticationUnsuccessful",
        "Instance": answer.json()["Instance"],
        "Extensions": {},
    }


@pytest.mark.parametrize("tenant", ["", "5b1c9c1e-6a0d-4d3b-9a57-3f0c2e8d7a11", "rubbish"])
def test_a_wrong_or_missing_tenant_is_forbidden(app: XeroCaller, tenant: str) -> None:
    answer = app.get("Organisation", headers={"xero-tenant-id": tenant})

    assert (answer.status_code, answer.json()["Title"]) == (403, "Forbidden")
    assert answer.json()["Detail"] == "AuthenticationUnsuccessful"


def test_another_users_organisation_is_forbidden(sandbox: RunningSandbox, app: XeroCaller) -> None:
    strange = xero_caller(sandbox, 4).credentials["tenant_id"]

    assert app.get("Organisation", headers={"xero-tenant-id": strange}).status_code == 403


def test_a_disconnected_organisation_is_forbidden(sandbox: RunningSandbox, app: XeroCaller) -> None:
    sandbox.fault(app.account, "disconnected", times=1)

    assert app.get("Organisation").status_code == 403
    assert app.get("Organisation").status_code == 200


def test_the_full_ledger_needs_a_higher_tier(app: XeroCaller) -> None:
    answer = app.get("Journals")

    assert (answer.status_code, answer.json()["Detail"]) == (401, "AuthorizationUnsuccessful")


@pytest.mark.parametrize(
    ("scope", "opened"),
    [
        ("accounting.settings.read", {"Organisation", "Accounts"}),
        ("accounting.invoices.read", {"Invoices", "CreditNotes"}),
        ("accounting.banktransactions.read", {"BankTransactions"}),
        ("accounting.manualjournals.read", {"ManualJournals"}),
        ("accounting.reports.profitandloss.read", {"Reports/ProfitAndLoss"}),
        ("accounting.transactions.read", {"Invoices", "CreditNotes", "BankTransactions", "ManualJournals"}),
        ("accounting.reports.read", {"Reports/ProfitAndLoss"}),
        ("accounting.contacts.read", set()),
    ],
)
def test_each_scope_opens_its_resources_only(app: XeroCaller, scope: str, opened: set[str]) -> None:
    bearer = with_scope(app, scope)

    answers = {name: app.get(name, headers=bearer) for name in EVERY}

    assert {name for name, answer in answers.items() if answer.status_code == 200} == opened
    shut = [answer for name, answer in answers.items() if name not in opened]
    assert {answer.status_code for answer in shut} == {401}
    assert {answer.json()["Detail"] for answer in shut} == {"AuthorizationUnsuccessful"}


def test_broad_scopes_stop_in_september_2027(sandbox: RunningSandbox, app: XeroCaller) -> None:
    sandbox.world.clock.advance((datetime(2027, 9, 13, tzinfo=UTC) - NOON).total_seconds())
    bearer = with_scope(app, "accounting.transactions.read accounting.settings.read")

    assert app.get("Invoices", headers=bearer).json()["Detail"] == "AuthorizationUnsuccessful"
    assert app.get("Organisation", headers=bearer).status_code == 200


def test_manual_journals_need_a_reporting_user(sandbox: RunningSandbox, app: XeroCaller) -> None:
    sandbox.fault(app.account, "no_reporting_permission")

    refused = app.get("ManualJournals", page=1)

    assert (refused.status_code, refused.json()["Detail"]) == (401, "AuthorizationUnsuccessful")
    assert app.get("Invoices", page=1).status_code == 200


def test_a_revoked_consent_refuses_reading_and_refreshing(sandbox: RunningSandbox, app: XeroCaller) -> None:
    sandbox.fault(app.account, "revoke")

    assert app.get("Organisation").json()["Detail"] == "AuthenticationUnsuccessful"
    assert app.refresh(app.credentials["refresh_token"]).json() == {"error": "invalid_grant"}


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("error_500", 500),
        ("gateway_502", 502),
        ("organisation_offline", 503),
        ("no_permission", 401),
        ("plan_too_low", 401),
        ("not_json", 200),
    ],
)
def test_trouble_comes_as_often_as_asked_for(
    sandbox: RunningSandbox, app: XeroCaller, fault: str, status: int
) -> None:
    sandbox.fault(app.account, fault, times=1)

    first, second = app.get("Organisation"), app.get("Organisation")

    assert first.status_code == status
    assert "Organisations" not in first.text
    assert second.json()["Organisations"]


def test_another_company_can_answer(sandbox: RunningSandbox, app: XeroCaller) -> None:
    sandbox.fault(app.account, "wrong_company")

    (told,) = app.body("Organisation")["Organisations"]

    assert told["OrganisationID"] == xero_caller(sandbox, 2).credentials["tenant_id"]


def test_a_page_can_be_cut_short(sandbox: RunningSandbox, app: XeroCaller) -> None:
    whole = app.body("Invoices", where=YEAR, page=1, pageSize=50)
    sandbox.fault(app.account, "short_page", times=1)

    cut = app.body("Invoices", where=YEAR, page=1, pageSize=50)

    assert cut["Invoices"] == whole["Invoices"][:-1]
    assert cut["pagination"] == whole["pagination"]


@pytest.mark.parametrize(("field", "name"), [("amount", "SubTotal"), ("date", "DateString")])
def test_a_row_can_be_unreadable(sandbox: RunningSandbox, app: XeroCaller, field: str, name: str) -> None:
    sandbox.fault(app.account, "unreadable", times=1, field=field)

    spoilt = app.body("Invoices", where=YEAR, page=1)["Invoices"]
    good = app.body("Invoices", where=YEAR, page=1)["Invoices"]

    assert spoilt[0][name] != good[0][name]
    assert spoilt[1:] == good[1:]
    assert spoilt[0][name] in {"about twelve", "soon"}


def test_summaries_can_be_refused(sandbox: RunningSandbox, app: XeroCaller) -> None:
    sandbox.fault(app.account, "no_summary_only")

    assert app.get("Invoices", page=1, summaryOnly="true").status_code == 400
    assert app.get("Invoices", page=1).status_code == 200


def test_a_large_organisation_takes_optimised_filters_only(sandbox: RunningSandbox, app: XeroCaller) -> None:
    sandbox.fault(app.account, "large_organisation")

    assert app.get("Invoices", where=f'{YEAR} AND CurrencyCode=="EUR"', page=1).status_code == 400
    assert app.get("Invoices", where=f'{YEAR} AND Status=="PAID"', page=1).status_code == 200
