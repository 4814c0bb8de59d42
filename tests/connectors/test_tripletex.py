"""How Tripletex' lists become months, over recorded answers."""

from datetime import date

import httpx
from connectors.protocol import MonthCounts, MonthFailure, MonthWait
from connectors.tripletex import TRIPLETEX
from support.connecting import SteppingClock, account_with, answering
from support.tripletex_company import (
    DATES,
    MARCH,
    SESSION,
    Company,
    balance,
    bill,
    invoice,
    march,
    posting,
    read,
)
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.metrics import Metric
from sync_contracts.month import Months


async def test_the_recorded_month() -> None:
    company = Company()
    company.lists["/invoice"] = [
        invoice(700001, 12500.0, 10000.0),
        invoice(700002, 23000.0, 23000.0, invoiceDate="2026-03-31"),
        invoice(700003, -2500.0, -2000.0, isCreditNote=True, invoiceDate="2026-03-31"),
    ]
    company.lists["/supplierInvoice"] = [
        bill(810001, -6250.0, -5000.0, voucher=41),
        bill(810002, 1250.0, 1000.0, voucher=44, isCreditNote=True),
        bill(810003, 0, 0, voucher=0),
    ]
    company.balances = [
        balance(3000, "OPERATING_REVENUES", -31000.0),
        balance(5000, "OPERATING_EXPENSES", 20000.0),
        balance(6800, "OPERATING_EXPENSES", 4000.0),
        balance(8050, "INVESTMENT_INCOME", -15.0),
    ]
    company.lists["/ledger/posting"] = [
        posting(1, -31000.0, "OPERATING_REVENUES", 90),
        posting(2, 31000.0, "ASSETS", 90, isBankAccount=True),
        posting(3, 24000.0, "OPERATING_EXPENSES", 91),
        posting(4, -15.0, "INVESTMENT_INCOME", 92),
    ]

    counts = await march(company)

    assert {metric: str(one.value) for metric, one in counts.values.items()} == {
        Metric.SALES_INVOICE_COUNT: "2",
        Metric.SALES_CREDIT_NOTE_COUNT: "1",
        Metric.PURCHASE_INVOICE_COUNT: "1",
        Metric.PURCHASE_CREDIT_NOTE_COUNT: "1",
        Metric.SALES_NET: "31000.00",
        Metric.SALES_VAT: "2000.00",
        Metric.PURCHASE_NET: "4000.00",
        Metric.PURCHASE_VAT: "1000.00",
        Metric.INCOME_TOTAL: "31015.00",
        Metric.EXPENSE_TOTAL: "24000.00",
        Metric.ENTRY_COUNT: "3",
        Metric.ENTRY_LINE_COUNT: "4",
        Metric.BANK_TRANSACTION_COUNT: "1",
        Metric.DOCUMENT_COUNT: "5",
    }
    assert counts.notes == ("NOT_BOOKED 1",)
    assert counts.values[Metric.SALES_NET].unit == "NOK"


async def test_ends_are_exclusive_and_both_are_sent() -> None:
    company = Company()
    company.lists["/invoice"] = [
        invoice(1, 10.0, 10.0, invoiceDate="2026-03-31"),
        invoice(2, 10.0, 10.0, invoiceDate="2026-04-01"),
    ]

    counts = await march(company)

    assert counts.values[Metric.SALES_INVOICE_COUNT].value == 1
    for path, name in {**DATES, "/balanceSheet": "date"}.items():
        (asked,) = company.asked(path)
        assert (asked[f"{name}From"], asked[f"{name}To"]) == ("2026-03-01", "2026-04-01")
    (report,) = company.asked("/balanceSheet")
    assert (report["accountNumberFrom"], report["accountNumberTo"]) == ("3000", "9000")


async def test_one_month_takes_four_calls_and_twelve_take_fifteen() -> None:
    one, twelve = await read(Company()), await read(Company(), *Months.ending(MARCH, 12))

    assert (one.calls, one.identity_calls) == (4, 1)
    assert (twelve.calls, twelve.identity_calls) == (15, 1)


async def test_the_size_that_a_page_tells_is_no_total() -> None:
    company = Company()
    company.lists["/invoice"] = [invoice(number, 1.0, 1.0) for number in range(2500)]

    counts = await march(company)

    assert counts.values[Metric.SALES_INVOICE_COUNT].value == 2500
    assert [asked["from"] for asked in company.asked("/invoice")] == ["0", "1000", "2000"]


async def test_too_many_rows_halve_the_period() -> None:
    company = Company()
    company.most_rows = 4
    company.lists["/invoice"] = [
        invoice(number, 1.0, 1.0, invoiceDate=date(2026, 3, number).isoformat()) for number in range(1, 32)
    ]

    counts = await march(company)

    assert counts.values[Metric.SALES_INVOICE_COUNT].value == 31


async def test_too_many_rows_on_one_day_fail_the_months() -> None:
    company = Company()
    company.most_rows = 1
    company.lists["/invoice"] = [invoice(1, 1.0, 1.0), invoice(2, 1.0, 1.0)]

    failed = (await read(company)).months[MARCH]

    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.PROVIDER_REJECTED_REQUEST


async def test_a_page_cut_short_is_noticed() -> None:
    company = Company()
    short = {"fullResultSize": 2, "from": 0, "count": 2, "values": [invoice(1, 1.0, 1.0)]}
    company.answers["/invoice"] = httpx.Response(200, json=short)

    assert isinstance((await read(company)).months[MARCH], MonthFailure)


async def test_few_remaining_calls_are_a_pause_before_the_limit_is_hit() -> None:
    company = Company()
    clock = SteppingClock()

    def answer(request: httpx.Request) -> httpx.Response:
        response = company(request)
        response.headers.update({"X-Rate-Limit-Remaining": "4", "X-Rate-Limit-Reset": "7"})
        return response

    async with answering(answer, clock=clock) as session:
        account = account_with(
            TRIPLETEX, {"session_token": SESSION}, {"environment": "test", "company_id": "0"}
        )
        await TRIPLETEX.read_months(session, account, [MARCH])

    assert set(clock.slept_s) == {8.0}


async def test_on_a_throttle_whole_months_are_kept_and_the_rest_waits() -> None:
    company = Company()
    limit = httpx.Response(429, headers={"X-Rate-Limit-Remaining": "0", "X-Rate-Limit-Reset": "40"})

    def answer(request: httpx.Request) -> httpx.Response:
        return limit if len(company.asked("/balanceSheet")) >= 4 else company(request)

    months = list(Months.ending(MARCH, 12))
    reading = await read(answer, *months)

    kept = [month for month, result in reading.months.items() if isinstance(result, MonthCounts)]
    waits = [result for result in reading.months.values() if isinstance(result, MonthWait)]
    assert kept == months[:4]
    assert len(waits) == 8
    assert {wait.reason for wait in waits} == {WaitReason.RATE_LIMITED}
