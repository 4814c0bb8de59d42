"""What SmartAccounts' rows count, and what cannot be read, over recorded answers."""

from decimal import Decimal
from typing import Any

import httpx
import pytest
from connectors.protocol import MonthCounts, MonthFailure
from support.smartaccounts_company import (
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
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months


@pytest.mark.parametrize(("net", "vat"), [(80.0, 19.2), (-80.0, -19.2)])
async def test_a_sales_credit_is_subtracted_whatever_its_sign(net: float, vat: float) -> None:
    company = Company()
    company.rows[SALES] = [invoice(1, net, type="CRE", vatAmount=vat)]

    counts = await january(company)

    assert value(counts, Metric.SALES_CREDIT_NOTE_COUNT) == value(counts, Metric.DOCUMENT_COUNT) == 1
    assert value(counts, Metric.SALES_NET) == -80
    assert str(value(counts, Metric.SALES_VAT)) == "-19.20"


async def test_a_negative_sales_invoice_without_a_type_is_an_invoice() -> None:
    company = Company()
    company.rows[SALES] = [invoice(1, -5.0)]

    counts = await january(company)

    assert value(counts, Metric.SALES_INVOICE_COUNT) == 1
    assert value(counts, Metric.SALES_NET) == -5


async def test_ids_and_accounts_may_be_numbers() -> None:
    company = Company()
    company.rows[SALES] = [invoice(1, 5.0, id=7)]
    company.rows[LEDGER] = [entry(1, (3000, 0.0, 5.0), id=8)]

    counts = await january(company)

    assert value(counts, Metric.INCOME_TOTAL) == 5
    assert counts.record_count == 2


async def test_a_foreign_invoice_is_divided_by_its_rate_and_without_one_the_sum_is_absent() -> None:
    company = Company()
    company.rows[SALES] = [invoice(1, 1.0, currency="USD", exchangeRate=0.8)]
    company.rows[PURCHASES] = [invoice(1, 9.0, currency="USD"), invoice(2, 1.0)]

    counts = await january(company)

    assert value(counts, Metric.SALES_NET) == Decimal("1.25")
    assert {Metric.PURCHASE_NET, Metric.PURCHASE_VAT}.isdisjoint(counts.values)
    assert value(counts, Metric.PURCHASE_INVOICE_COUNT) == 2
    assert counts.notes == ("UNCONVERTED 1",)


async def test_rows_outside_the_months_asked_for_are_dropped() -> None:
    company = Company()
    company.rows[SALES] = [
        invoice(1, 5.0, date="31.12.2025"),
        invoice(2, 7.0),
        invoice(3, 9.0, date="01.02.2026"),
    ]

    assert value(await january(company), Metric.SALES_NET) == 7


async def test_an_unknown_account_is_noted_and_not_counted() -> None:
    company = Company()
    company.rows[LEDGER] = [entry(1, ("3999", 0.0, 5.0), ("3000", 0.0, 2.0)), entry(2, ("3999", 1.0, 0.0))]

    counts = await january(company)

    assert value(counts, Metric.INCOME_TOTAL) == 2
    assert value(counts, Metric.ENTRY_LINE_COUNT) == 3
    assert counts.notes == ("UNKNOWN_ACCOUNT 2",)


async def test_red_storno_takes_back() -> None:
    company = Company()
    company.rows[LEDGER] = [entry(1, ("3000", 0.0, 5.0)), entry(2, ("3000", 0.0, -2.0), ("4000", -1.0, 0.0))]

    counts = await january(company)

    assert value(counts, Metric.INCOME_TOTAL) == 3
    assert value(counts, Metric.EXPENSE_TOTAL) == -1


@pytest.mark.parametrize("refused", [CHART, LEDGER])
@pytest.mark.parametrize("status", [401, 403])
async def test_without_the_right_to_the_ledger_documents_fill_in(refused: str, status: int) -> None:
    company = Company()
    company.rows[SALES], company.rows[PURCHASES] = [invoice(1, 50.0)], [invoice(1, 20.0)]
    told = {"errors": [{"code": "NO-PERMISSION", "message": "No permission for this service"}]}
    company.answers[refused] = httpx.Response(status, json=told)

    counts = await january(company)

    assert value(counts, Metric.INCOME_TOTAL) == 50
    assert counts.values[Metric.EXPENSE_TOTAL].source is Source.DOCUMENTS
    absent = {Metric.ENTRY_COUNT, Metric.ENTRY_LINE_COUNT, Metric.BANK_TRANSACTION_COUNT}
    assert absent.isdisjoint(counts.values)
    assert counts.notes == ("INCOME_FROM_DOCUMENTS",)


async def test_an_unpaid_bill_is_not_taken_for_a_missing_right() -> None:
    company = Company()
    told = {"errors": [{"code": "BILLING-ERROR", "message": "Service unavailable (billing error)"}]}
    company.answers[LEDGER] = httpx.Response(503, json=told)

    failed = (await read(company)).months[JANUARY]

    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.PROVIDER_PLAN_TOO_LOW


async def test_a_december_whose_result_ends_at_nothing_is_noted() -> None:
    company, december = Company(), Month(2025, 12)
    company.rows[LEDGER] = [
        entry(1, ("1200", 90.0, 0.0), ("3000", 0.0, 90.0), date="05.12.2025"),
        entry(2, ("3000", 90.0, 0.0), ("2100", 0.0, 90.0), date="31.12.2025"),
        entry(3, ("3000", 90.0, 90.0)),
    ]

    reading = await read(company, december, JANUARY)

    closed, usual = reading.months[december], reading.months[JANUARY]
    assert isinstance(closed, MonthCounts)
    assert isinstance(usual, MonthCounts)
    assert closed.notes == ("YEAR_MAY_BE_CLOSED",)
    assert usual.notes == ()


@pytest.mark.parametrize(
    ("service", "row"),
    [
        (SALES, invoice(1, 0.0, amount="about 12")),
        (SALES, invoice(1, 0.0, vatAmount=None)),
        (SALES, invoice(1, 0.0, type="PRE")),
        (SALES, invoice(1, 0.0, currency=None)),
        (PURCHASES, invoice(1, 0.0, currency="USD", exchangeRate="1.08")),
        (LEDGER, entry(1, rows=None)),
        (LEDGER, entry(1, docType=None)),
        (LEDGER, entry(1, ("3000", 0.0, 5.0), rows=[{"account": "3000", "debitAmount": 1.0}])),
    ],
)
async def test_a_bad_row_fails_its_month_only(service: str, row: dict[str, Any]) -> None:
    company = Company()
    company.rows[service] = [row]

    reading = await read(company, Month(2025, 12), JANUARY)

    failed = reading.months[JANUARY]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER
    assert isinstance(reading.months[Month(2025, 12)], MonthCounts)


@pytest.mark.parametrize("day", ["2026-01-14", "14.13.2026", "", None])
async def test_a_row_without_a_date_fails_every_month_of_its_list(day: str | None) -> None:
    company = Company()
    company.rows[SALES] = [invoice(1, 5.0, date=day)]

    reading = await read(company, *Months.ending(JANUARY, 3))

    assert {type(result) for result in reading.months.values()} == {MonthFailure}
