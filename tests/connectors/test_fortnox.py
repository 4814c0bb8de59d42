"""How Fortnox's lists and files become months, over recorded answers."""

import pytest
from connectors.protocol import MonthCounts
from support.fortnox_company import (
    MARCH,
    PURCHASES,
    SALES,
    Company,
    bill,
    invoice,
    march,
    read,
    sie,
    values,
    voucher,
)
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months


async def test_the_recorded_month() -> None:
    company = Company()
    company.page_size = 2
    company.lists["invoices"] = [
        invoice(701, 2500, 21, InvoiceDate="2026-03-01"),
        invoice(702, 80, 22, Currency="EUR", CurrencyRate="11.5"),
        invoice(703, -1250, 23, InvoiceDate="2026-03-31"),
    ]
    company.lists["supplierinvoices"] = [bill(44, "1250", 7), bill(45, "300", Booked=False, Cancel=True)]
    company.files["4"] = sie(
        voucher("B 21", '1510 {} 2500 "" "" 0', '3001 {} -2000 "" "" 0', '2611 {} -500 "" "" 0'),
        voucher("B 22", "1510 {} 920", "3308 {} -920"),
        voucher("B 23", "1510 {} -1250", "3001 {} 1000", "2611 {} 250"),
        voucher("D 7", "2440 {} -1250", "4010 {} 1000", "2641 {} 250", day="20260309"),
        voucher("A 9", "6570 {} 60.5", "1930 {} -60.5", day="20260331"),
        voucher("A 10", "6570 {} 10", "1930 {} -10", day="20260401"),
    )

    counts = await march(company)

    assert {metric: str(one.value) for metric, one in counts.values.items()} == {
        Metric.SALES_INVOICE_COUNT: "2",
        Metric.SALES_CREDIT_NOTE_COUNT: "1",
        Metric.PURCHASE_INVOICE_COUNT: "1",
        Metric.PURCHASE_CREDIT_NOTE_COUNT: "0",
        Metric.SALES_NET: "1920.00",
        Metric.SALES_VAT: "250.00",
        Metric.PURCHASE_NET: "1000.00",
        Metric.PURCHASE_VAT: "250.00",
        Metric.INCOME_TOTAL: "1920.00",
        Metric.EXPENSE_TOTAL: "1060.50",
        Metric.ENTRY_COUNT: "5",
        Metric.ENTRY_LINE_COUNT: "13",
        Metric.BANK_TRANSACTION_COUNT: "1",
        Metric.DOCUMENT_COUNT: "4",
    }
    assert counts.notes == ()
    assert counts.record_count == 9
    assert {counts.values[one].source for one in SALES} == {Source.DOCUMENTS}
    assert counts.values[Metric.INCOME_TOTAL].source is Source.LEDGER


async def test_a_month_takes_four_calls_and_says_what_it_wants() -> None:
    company = Company()

    reading = await read(company)

    assert (reading.calls, reading.identity_calls) == (4, 1)
    assert dict(company.asked("financialyears")[0]) == {"limit": "500", "page": "1"}
    days = {"fromdate": "2026-03-01", "todate": "2026-03-31", "limit": "500", "page": "1"}
    assert dict(company.asked("invoices")[0]) == {**days, "sortby": "documentnumber"}
    assert dict(company.asked("supplierinvoices")[0]) == days
    assert dict(company.asked("sie/4")[0]) == {"financialyear": "4"}
    for request in company.requests:
        is_file = request.url.path == "/3/sie/4"
        assert request.headers["accept"] == ("application/octet-stream" if is_file else "application/json")
        assert request.headers["authorization"] == "Bearer eyJ"


async def test_a_year_over_two_financial_years_takes_five_calls() -> None:
    company = Company()

    reading = await read(company, *Months.ending(MARCH, 12))

    assert reading.calls == 5
    assert [one["financialyear"] for one in company.asked("sie/4")] == ["4", "3"]


async def test_a_month_that_two_financial_years_meet_in_needs_both() -> None:
    company = Company()
    company.lists["financialyears"] = [
        {"Id": 2, "FromDate": "2026-03-16", "ToDate": "2027-08-31"},
        {"Id": 1, "FromDate": "2025-01-01", "ToDate": "2026-03-15"},
    ]
    company.files = {
        "1": sie(voucher("A 1", "6570 {} 1", "1930 {} -1", day="20260315"), year="20250101 20260315"),
        "2": sie(voucher("A 1", "6570 {} 2", "1930 {} -2", day="20260316"), year="20260316 20270831"),
    }

    counts = await march(company)

    assert values(counts, Metric.ENTRY_COUNT, Metric.EXPENSE_TOTAL) == ["2", "3.00"]


async def test_without_a_financial_year_the_books_are_empty_and_the_month_says_so() -> None:
    company = Company()
    company.lists["financialyears"] = []

    counts = await march(company)

    assert counts.notes == ("OUTSIDE_ACCOUNTING_YEARS",)
    assert values(counts, Metric.ENTRY_COUNT, Metric.INCOME_TOTAL) == ["0", "0.00"]


async def test_a_supplier_list_that_heeds_no_days_is_read_to_its_end() -> None:
    company = Company()
    company.page_size = 2
    bills = [bill(n, "10", InvoiceDate=f"2026-0{n}-15") for n in range(1, 6)]
    company.lists["supplierinvoices"] = bills
    company.details = {"supplierinvoices/3": {"Total": "10", "VAT": "2", "VATType": "NORMAL"}}

    counts = await march(company)

    assert len(company.asked("supplierinvoices")) == 3
    assert values(counts, Metric.PURCHASE_INVOICE_COUNT, *PURCHASES) == ["1", "8.00", "2.00"]


async def test_rows_lie_in_the_month_of_their_own_day() -> None:
    company = Company()
    april = Month(2026, 4)
    rows = ('6570 {} 10 20260401 "" 0', '1930 {} -10 20260401 "" 0')
    company.files["4"] = sie(voucher("A 1", *rows, day="20260331"))

    reading = await read(company, MARCH, april)

    first, second = reading.months[MARCH], reading.months[april]
    assert isinstance(first, MonthCounts)
    assert isinstance(second, MonthCounts)
    lines = (Metric.ENTRY_COUNT, Metric.ENTRY_LINE_COUNT, Metric.EXPENSE_TOTAL, Metric.BANK_TRANSACTION_COUNT)
    assert values(first, *lines) == ["1", "2", "0.00", "0"]
    assert values(second, *lines) == ["0", "0", "10.00", "1"]


@pytest.mark.parametrize(
    ("account", "income", "expenses"),
    [
        (2999, "0.00", "0.00"),
        (3000, "7.00", "0.00"),
        (3999, "7.00", "0.00"),
        (4000, "0.00", "-7.00"),
        (7999, "0.00", "-7.00"),
        (8000, "7.00", "0.00"),
        (8399, "7.00", "0.00"),
        (8400, "0.00", "-7.00"),
        (8499, "0.00", "-7.00"),
        (8500, "0.00", "0.00"),
        (8999, "0.00", "0.00"),
    ],
)
async def test_income_and_expenses_by_the_chart(account: int, income: str, expenses: str) -> None:
    company = Company()
    company.files["4"] = sie(voucher("A 1", f"{account} {{}} -7", "1510 {} 7"))

    counts = await march(company)

    assert values(counts, Metric.INCOME_TOTAL, Metric.EXPENSE_TOTAL) == [income, expenses]


@pytest.mark.parametrize(
    ("account", "number"), [(1919, "0"), (1920, "1"), (1989, "1"), (1990, "0"), (1910, "0")]
)
async def test_bank_rows_by_the_chart(account: int, number: str) -> None:
    company = Company()
    company.files["4"] = sie(voucher("A 1", f"{account} {{}} -7", "1510 {} 7"))

    assert values(await march(company), Metric.BANK_TRANSACTION_COUNT) == [number]
