"""How Xero's lists and reports become months, over recorded answers."""

from datetime import date
from typing import Any

import httpx
import pytest
from connectors.protocol import MonthCounts, MonthFailure, MonthWait
from connectors.xero.months import document_day
from support.xero_organisation import (
    MARCH,
    TENANT,
    Organisation,
    document,
    march,
    net_profit,
    read,
    report,
    section,
)
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.jobs import Books
from sync_contracts.metrics import Metric
from sync_contracts.month import Month, Months


async def test_the_recorded_month() -> None:
    organisation = Organisation(page_size=2)
    organisation.lists["Invoices"] = [
        document(1, "ACCREC", 1200.00, 288.00, Status="PAID", DateString="2026-03-01T00:00:00"),
        document(2, "ACCPAY", 250.00, CurrencyCode="USD", CurrencyRate=0.7812),
        document(3, "ACCREC", 80.00, 19.20, DateString="2026-03-31T00:00:00"),
    ]
    organisation.lists["CreditNotes"] = [
        document(1, "ACCRECCREDIT", 100.00, 24.00),
        document(2, "ACCPAYCREDIT", 40.00, 9.60, Status="VOIDED"),
    ]
    organisation.answers["Reports/ProfitAndLoss"] = report(
        section("Income", ("Sales", "a1", "1180.00")),
        section("Less Operating Expenses", ("Rent", "a2", "400.00"), ("Software", "a3", "320.02")),
        net_profit("459.98"),
    )

    counts = await march(organisation)

    assert {metric: str(one.value) for metric, one in counts.values.items()} == {
        Metric.SALES_INVOICE_COUNT: "2",
        Metric.SALES_CREDIT_NOTE_COUNT: "1",
        Metric.PURCHASE_INVOICE_COUNT: "1",
        Metric.PURCHASE_CREDIT_NOTE_COUNT: "0",
        Metric.SALES_NET: "1180.00",
        Metric.SALES_VAT: "283.20",
        Metric.PURCHASE_NET: "320.02",
        Metric.PURCHASE_VAT: "0.00",
        Metric.INCOME_TOTAL: "1180.00",
        Metric.EXPENSE_TOTAL: "720.02",
        Metric.ENTRY_COUNT: "0",
        Metric.BANK_TRANSACTION_COUNT: "0",
        Metric.DOCUMENT_COUNT: "4",
    }
    assert counts.notes == ("ENTRIES_ARE_MANUAL_JOURNALS",)
    assert counts.record_count == 4


async def test_each_call_carries_token_tenant_and_accept() -> None:
    organisation = Organisation()

    reading = await read(organisation)

    assert reading.calls == 5
    assert reading.identity_calls == 1
    for request in organisation.requests:
        assert request.headers["authorization"] == "Bearer eyJ"
        assert request.headers["xero-tenant-id"] == TENANT
        assert request.headers["accept"] == "application/json"


async def test_the_questions_are_half_open_and_within_the_vendor_s_words() -> None:
    organisation = Organisation()

    await read(organisation)

    (invoices,) = organisation.asked("Invoices")
    assert invoices["where"] == "Date>=DateTime(2026,03,01) AND Date<DateTime(2026,04,01)"
    assert (invoices["Statuses"], invoices["summaryOnly"]) == ("AUTHORISED,PAID", "true")
    assert (invoices["page"], invoices["pageSize"]) == ("1", "1000")
    (journals,) = organisation.asked("ManualJournals")
    assert journals["where"].endswith(' AND Status=="POSTED"')
    assert "order" not in journals
    (bank,) = organisation.asked("BankTransactions")
    assert bank["where"].endswith(' AND Status=="AUTHORISED"')
    (asked,) = organisation.asked("Reports/ProfitAndLoss")
    assert dict(asked) == {
        "fromDate": "2026-03-01",
        "toDate": "2026-03-31",
        "standardLayout": "true",
        "paymentsOnly": "false",
    }
    where = next(r for r in organisation.requests if r.url.path.endswith("/Invoices")).url.query
    assert b"where=Date%3E%3DDateTime%282026%2C03%2C01%29%20AND%20Date%3CDateTime" in where


async def test_twelve_months_take_sixteen_calls() -> None:
    reading = await read(Organisation(), *Months.ending(MARCH, 12))

    assert reading.calls == 16


@pytest.mark.parametrize("status", ["DRAFT", "SUBMITTED", "DELETED", "VOIDED"])
async def test_documents_that_are_not_approved_do_not_count(status: str) -> None:
    organisation = Organisation()
    organisation.lists["Invoices"] = [document(1, "ACCREC", 10.0, Status=status)]
    organisation.lists["CreditNotes"] = [document(1, "ACCRECCREDIT", 10.0, Status=status)]

    assert (await march(organisation)).values[Metric.DOCUMENT_COUNT].value == 0


async def test_only_posted_journals_and_authorised_bank_transactions_count() -> None:
    organisation = Organisation()
    day = {"Date": "/Date(1773273600000+0000)/"}
    organisation.lists["ManualJournals"] = [
        {"ManualJournalID": "1", "Status": "POSTED", **day},
        {"ManualJournalID": "2", "Status": "ARCHIVED", **day},
    ]
    organisation.lists["BankTransactions"] = [
        {"BankTransactionID": "1", "Status": "AUTHORISED", **day},
        {"BankTransactionID": "2", "Status": "DELETED", **day},
    ]

    counts = await march(organisation)

    assert counts.values[Metric.ENTRY_COUNT].value == 1
    assert counts.values[Metric.BANK_TRANSACTION_COUNT].value == 1


@pytest.mark.parametrize("rate", [{}, {"CurrencyRate": 0.0}])
async def test_a_missing_rate_is_one_in_the_base_currency_only(rate: dict[str, Any]) -> None:
    organisation = Organisation()
    organisation.lists["Invoices"] = [
        document(1, "ACCREC", 10.0, **rate),
        document(2, "ACCPAY", 10.0, CurrencyCode="USD", **rate),
    ]

    counts = await march(organisation)

    assert counts.values[Metric.SALES_NET].value == 10
    assert Metric.PURCHASE_NET not in counts.values
    assert "UNCONVERTED 1" in counts.notes


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"DateString": "2026-03-31T00:00:00", "Date": "/Date(0)/"}, date(2026, 3, 31)),
        ({"Date": "/Date(1774915200000+0000)/"}, date(2026, 3, 31)),
        ({"Date": "/Date(1774915200000+1300)/"}, date(2026, 3, 31)),
        ({"Date": "/Date(1772323200000)/"}, date(2026, 3, 1)),
        ({"Date": "/Date(0+0000)/"}, date(1970, 1, 1)),
        ({"Date": "/Date(-1565568000000+0000)/"}, date(1920, 5, 23)),
    ],
)
def test_forms_of_dates(row: dict[str, str], expected: date) -> None:
    assert document_day(row) == expected


async def test_lists_are_read_without_summary_only_where_it_is_refused() -> None:
    organisation = Organisation()
    organisation.lists["Invoices"] = [document(1, "ACCREC", 10.0)]

    def answer(request: httpx.Request) -> httpx.Response:
        if "summaryOnly" in request.url.params:
            return httpx.Response(400, json={"ErrorNumber": 10, "Type": "ValidationException"})
        return organisation(request)

    assert (await march(answer)).values[Metric.SALES_NET].value == 10


async def test_lists_are_read_without_summary_only_where_it_drops_amounts() -> None:
    organisation = Organisation()
    organisation.lists["Invoices"] = [document(1, "ACCREC", 10.0)]

    def answer(request: httpx.Request) -> httpx.Response:
        response = organisation(request)
        if "summaryOnly" in request.url.params:
            return httpx.Response(200, text=response.text.replace('"SubTotal"', '"Left"'))
        return response

    assert (await march(answer)).values[Metric.SALES_NET].value == 10


async def test_a_page_cut_short_fails_every_month_it_touches() -> None:
    organisation = Organisation()
    organisation.lists["Invoices"] = [document(1, "ACCREC", 10.0), document(2, "ACCREC", 10.0)]

    def answer(request: httpx.Request) -> httpx.Response:
        response = organisation(request)
        if request.url.path.endswith("/Invoices"):
            body = response.json()
            body["Invoices"].pop()
            return httpx.Response(200, json=body)
        return response

    reading = await read(answer, Month(2026, 2), MARCH)

    assert {type(result) for result in reading.months.values()} == {MonthFailure}


async def test_unknown_titles_are_looked_up_once() -> None:
    organisation = Organisation()
    organisation.answers["Reports/ProfitAndLoss"] = report(
        section("Income", ("Sales", "a1", "100.00")),
        section("Finance", ("Interest", "a2", "30.00")),
        net_profit("70.00"),
    )
    accounts = [{"AccountID": "a1", "Class": "REVENUE"}, {"AccountID": "a2", "Class": "EXPENSE"}]
    organisation.answers["Accounts"] = {"Accounts": accounts}

    reading = await read(organisation, *Months.ending(MARCH, 3))

    counts = reading.months[MARCH]
    assert isinstance(counts, MonthCounts)
    assert counts.values[Metric.EXPENSE_TOTAL].value == 30
    assert len(organisation.asked("Accounts")) == 1


async def test_other_books_are_told_before_anything_is_read() -> None:
    organisation = Organisation()

    reading = await read(organisation, expected=Books(external_id="another"))

    failed = reading.months[MARCH]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.WRONG_COMPANY
    assert (reading.calls, reading.identity_calls) == (0, 1)


async def test_the_expected_books_are_read() -> None:
    reading = await read(Organisation(), expected=Books(external_id=TENANT))

    assert isinstance(reading.months[MARCH], MonthCounts)
    assert reading.books == Books(external_id=TENANT, name="Lahe Tools Ltd", currency="EUR")
    assert reading.identity_known


async def test_an_expired_token_asks_for_a_fresh_one() -> None:
    expired = {"Detail": "TokenExpired: token expired at 04/01/2026 09:31:00"}

    reading = await read(lambda _: httpx.Response(401, json=expired))

    assert reading.access_refused
    assert reading.identity_calls == 1


async def test_on_a_throttle_whole_months_are_kept_and_the_rest_waits() -> None:
    organisation = Organisation()
    limit = httpx.Response(429, headers={"X-Rate-Limit-Problem": "minute", "Retry-After": "34"})

    def answer(request: httpx.Request) -> httpx.Response:
        late = len(organisation.asked("Reports/ProfitAndLoss")) >= 5
        return limit if late else organisation(request)

    reading = await read(answer, *Months.ending(MARCH, 12))

    kept = [month for month, result in reading.months.items() if isinstance(result, MonthCounts)]
    waits = [result for result in reading.months.values() if isinstance(result, MonthWait)]
    assert kept == list(Months.ending(MARCH, 12))[:5]
    assert len(waits) == 7
    assert {wait.reason for wait in waits} == {WaitReason.RATE_LIMITED}
    assert {wait.budget_key for wait in waits} == {"xero/test"}


async def test_a_daily_limit_is_a_daily_wait() -> None:
    limit = httpx.Response(429, headers={"X-Rate-Limit-Problem": "day", "Retry-After": "40000"})

    wait = (await read(lambda _: limit)).months[MARCH]

    assert isinstance(wait, MonthWait)
    assert wait.reason is WaitReason.DAILY_LIMIT


async def test_the_last_calls_of_a_day_are_left_to_people() -> None:
    organisation = Organisation()

    def answer(request: httpx.Request) -> httpx.Response:
        response = organisation(request)
        response.headers["X-DayLimit-Remaining"] = "99"
        return response

    reading = await read(answer, *Months.ending(MARCH, 12))

    assert {type(result) for result in reading.months.values()} == {MonthWait}
    assert reading.calls <= 3
