"""How SmartAccounts' lists become months, over recorded answers."""

from typing import Any

import httpx
import pytest
from connectors.protocol import MonthCounts, MonthFailure, MonthWait
from connectors.smartaccounts import SMARTACCOUNTS
from support.connecting import SteppingClock, account_with, answering
from support.smartaccounts_company import (
    ACCESS,
    CHART,
    JANUARY,
    LEDGER,
    PURCHASES,
    SALES,
    Company,
    entry,
    invoice,
    january,
    read,
    value,
)
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months


async def test_the_recorded_month() -> None:
    company = Company()
    company.rows[SALES] = [
        invoice(1, 640.00, vatAmount=153.60, roundAmount=0.02, exchangeRate=1.0),
        invoice(2, 120.40, vatAmount=28.90),
        invoice(3, -50.00, type="CRE", vatAmount=-12.00, baseForCreditInvoiceId="i-1"),
        invoice(4, 271.05, currency="USD", exchangeRate=1.0842, date="31.01.2026"),
    ]
    company.rows[PURCHASES] = [
        invoice(1, 300.00, vatAmount=72.00, date="01.01.2026"),
        invoice(2, 45.00, reverseVatChargeType="UNION"),
        invoice(3, -20.00, vatAmount=-4.80),
    ]
    company.rows[LEDGER] = [
        entry(1, ("1200", 793.60, 0.0), ("3000", 0.0, 640.0), ("2310", 0.0, 153.6), docType="CLIENT_INVOICE"),
        entry(2, ("4000", 300.0, 0.0), ("2310", 72.0, 0.0), ("2100", 0.0, 372.0), docType="VENDOR_INVOICE"),
        entry(3, ("1010", 793.6, 0.0), ("1200", 0.0, 793.6), docType="BANK_PAYMENT"),
        entry(4, ("2100", 10.0, 0.0), ("1000", 0.0, 10.0), docType="CASH_PAYMENT"),
        entry(5, (5000, 700.0, 0.0), ("2200", 0.0, 700.0), docType="PERIOD_SALARY"),
    ]
    company.rows[CHART] += [{"code": 1000, "type": "ASSET"}, {"code": 2200, "type": "LIABILITY"}]

    counts = await january(company)

    assert {metric: str(one.value) for metric, one in counts.values.items()} == {
        Metric.SALES_INVOICE_COUNT: "3",
        Metric.SALES_CREDIT_NOTE_COUNT: "1",
        Metric.PURCHASE_INVOICE_COUNT: "2",
        Metric.PURCHASE_CREDIT_NOTE_COUNT: "1",
        Metric.SALES_NET: "960.40",
        Metric.SALES_VAT: "170.50",
        Metric.PURCHASE_NET: "325.00",
        Metric.PURCHASE_VAT: "67.20",
        Metric.INCOME_TOTAL: "640.00",
        Metric.EXPENSE_TOTAL: "1000.00",
        Metric.ENTRY_COUNT: "5",
        Metric.ENTRY_LINE_COUNT: "12",
        Metric.BANK_TRANSACTION_COUNT: "1",
        Metric.DOCUMENT_COUNT: "7",
    }
    assert counts.values[Metric.SALES_NET].unit == "EUR"
    assert counts.values[Metric.INCOME_TOTAL].source is Source.LEDGER
    assert counts.record_count == 12
    assert counts.notes == ()


async def test_a_month_takes_four_calls_with_both_of_its_days() -> None:
    company = Company()

    reading = await read(company, Month(2024, 2))

    assert reading.calls == len(company.requests) == 4
    days = {"dateFrom": "01.02.2024", "dateTo": "29.02.2024"}
    assert company.asked(CHART) == [{}]
    assert (
        company.asked(SALES) == company.asked(PURCHASES) == [{**days, "dateType": "date", "pageNumber": "1"}]
    )
    assert company.asked(LEDGER) == [{**days, "fetchRows": "true", "pageNumber": "1"}]


async def test_a_year_is_one_range_of_pages() -> None:
    company = Company()
    company.rows[SALES] = [invoice(number, 1.0) for number in range(480)]
    company.rows[PURCHASES] = [invoice(number, 1.0) for number in range(720)]
    company.rows[LEDGER] = [entry(number) for number in range(3000)]

    reading = await read(company, *Months.ending(JANUARY, 12))

    assert reading.calls == len(company.requests) == 1 + 5 + 8 + 30
    assert company.asked(LEDGER)[0]["dateFrom"] == "01.02.2025"
    assert [one["pageNumber"] for one in company.asked(SALES)] == ["1", "2", "3", "4", "5"]
    counts = reading.months[JANUARY]
    assert isinstance(counts, MonthCounts)
    assert value(counts, Metric.SALES_INVOICE_COUNT) == 480


async def test_more_than_a_year_asks_for_the_chart_once() -> None:
    company = Company()

    reading = await read(company, *Months.ending(JANUARY, 13))

    assert reading.calls == 1 + 2 * 3


async def test_a_page_may_hold_any_number_of_rows() -> None:
    company = Company(page_size=7)
    company.rows[SALES] = [invoice(number, 1.0) for number in range(15)]

    counts = await january(company)

    assert value(counts, Metric.SALES_INVOICE_COUNT) == 15
    assert len(company.asked(SALES)) == 3


async def test_a_long_list_is_read_within_the_limit_without_beginning_again() -> None:
    company, clock = Company(), SteppingClock()
    company.rows[LEDGER] = [entry(number) for number in range(7000)]

    reading = await read(company, clock=clock)

    assert isinstance(reading.months[JANUARY], MonthCounts)
    assert reading.calls == 73
    assert max(clock.slept_s) <= 20
    assert clock.passed_s >= 60


async def test_the_day_s_budget_makes_the_month_wait_for_the_next_day() -> None:
    company, clock = Company(), SteppingClock()
    day = next(budget for budget in SMARTACCOUNTS.budgets if budget.is_daily)

    async with answering(company, clock=clock) as session:
        account = account_with(SMARTACCOUNTS, ACCESS, {})
        session.limiter.correct(day, account.account_key, 900 - 8)
        readings = [await SMARTACCOUNTS.read_months(session, account, [JANUARY]) for _ in range(3)]

    wait = readings[2].months[JANUARY]
    assert all(isinstance(reading.months[JANUARY], MonthCounts) for reading in readings[:2])
    assert isinstance(wait, MonthWait)
    assert wait.reason is WaitReason.DAILY_LIMIT
    assert len(company.requests) == 8


async def test_a_page_that_is_repeated_fails_the_months_of_its_list() -> None:
    company = Company()
    company.answers[SALES] = {"hasMoreEntries": True, "clientInvoices": [invoice(1, 5.0)]}

    reading = await read(company)

    assert isinstance(reading.months[JANUARY], MonthFailure)
    assert len(company.asked(SALES)) == 2


@pytest.mark.parametrize(
    "answer",
    [
        {"hasMoreEntries": False, "templates": [invoice(1, 5.0)]},
        {"hasMoreEntries": False, "deleted": [], "clientInvoices": [invoice(1, 5.0)], "total": 1},
    ],
)
async def test_a_list_may_have_any_key(answer: Any) -> None:
    company = Company()
    company.answers[SALES] = answer

    assert value(await january(company), Metric.SALES_NET) == 5


async def test_a_bare_array_is_a_list_that_ends_with_an_empty_page() -> None:
    company = Company()

    def answer(request: httpx.Request) -> httpx.Response:
        if SALES in request.url.path:
            rows = [invoice(1, 5.0)] if request.url.params["pageNumber"] == "1" else []
            return httpx.Response(200, json=rows)
        return company(request)

    async with answering(answer) as session:
        reading = await SMARTACCOUNTS.read_months(session, account_with(SMARTACCOUNTS, ACCESS, {}), [JANUARY])

    counts = reading.months[JANUARY]
    assert isinstance(counts, MonthCounts)
    assert value(counts, Metric.SALES_NET) == 5


@pytest.mark.parametrize(
    "answer",
    [
        {"hasMoreEntries": False, "deleted": []},
        {"hasMoreEntries": False, "clientInvoices": [], "others": []},
        {"clientInvoices": [invoice(1, 5.0)]},
        {"hasMoreEntries": "false", "clientInvoices": []},
        {"errors": [{"code": "SOMETHING-NEW"}]},
        {"hasMoreEntries": True, "clientInvoices": []},
    ],
)
async def test_a_list_that_cannot_be_found_is_never_an_empty_one(answer: Any) -> None:
    company = Company()
    company.answers[SALES] = answer

    failed = (await read(company)).months[JANUARY]

    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER
