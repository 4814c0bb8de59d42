"""What Merit Aktiva's report and documents count, over recorded answers."""

from typing import Any

import httpx
import pytest
from connectors.protocol import MonthCounts
from support.merit_company import JANUARY, Company, batch, invoice, january, read, report, value
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month


async def test_the_newest_month_stands_first_and_a_spare_column_is_ignored() -> None:
    company = Company()
    company.answers["v1/getprofitrep"] = report([30.0, 20.0, 10.0, 99.0], [0.0] * 4, None)

    reading = await read(company, Month(2025, 11), Month(2025, 12), JANUARY)

    incomes = [
        result.values[Metric.INCOME_TOTAL].value
        for _, result in sorted(reading.months.items())
        if isinstance(result, MonthCounts)
    ]
    assert incomes == [10, 20, 30]


@pytest.mark.parametrize(
    ("raw", "result", "expected"),
    [
        (-959.90, None, "959.90"),
        (959.90, None, "959.90"),
        (-959.90, 40.10, "959.90"),
        (959.90, 40.10, "959.90"),
        (50.00, 1050.00, "-50.00"),
    ],
)
async def test_expenses_are_positive_whatever_sign_the_report_has(
    raw: float, result: float | None, expected: str
) -> None:
    company = Company()
    company.answers["v1/getprofitrep"] = report([1000.0], [raw], [result] if result else None)

    counts = await january(company)

    assert str(value(counts, Metric.EXPENSE_TOTAL)) == expected
    assert counts.notes == ()


async def test_a_result_that_differs_is_noted() -> None:
    company = Company()
    company.answers["v1/getprofitrep"] = report([1000.0], [-400.0], [500.0])

    assert (await january(company)).notes == ("PROFIT_AND_LOSS_DIFFERS",)


@pytest.mark.parametrize("refused", [{"ErrorMsg": "Vale periood", "Data": []}, httpx.Response(404)])
async def test_the_ledger_fills_in_for_a_refused_report(refused: Any) -> None:
    company = Company()
    company.answers["v1/getprofitrep"] = refused
    company.answers["v1/GetGLBatchesFull"] = [
        batch(1, (1, 1240.0, 0.0), (3, 0.0, 1000.0), (2, 0.0, 240.0)),
        batch(2, (4, 320.0, 0.0), (4, 0.0, 20.0), (2, 0.0, 300.0)),
    ]

    counts = await january(company)

    assert value(counts, Metric.INCOME_TOTAL) == 1000
    assert value(counts, Metric.EXPENSE_TOTAL) == 300
    assert counts.values[Metric.INCOME_TOTAL].source is Source.LEDGER
    assert counts.notes == ("INCOME_FROM_LEDGER",)


@pytest.mark.parametrize(
    ("kind", "net", "metric", "expected"),
    [
        (0, 10.0, Metric.SALES_INVOICE_COUNT, 10),
        (None, 10.0, Metric.SALES_INVOICE_COUNT, 10),
        (1, -10.0, Metric.SALES_CREDIT_NOTE_COUNT, -10),
        (5, -10.0, Metric.SALES_CREDIT_NOTE_COUNT, -10),
        (5, 10.0, Metric.SALES_CREDIT_NOTE_COUNT, -10),
        (7, 10.0, Metric.SALES_INVOICE_COUNT, 10),
        (9, 10.0, Metric.SALES_INVOICE_COUNT, 10),
    ],
)
async def test_kinds_of_sales_documents(kind: int | None, net: float, metric: Metric, expected: int) -> None:
    company = Company()
    company.answers["v2/getinvoices"] = [invoice(1, AccountingDoc=kind, TotalAmount=net)]

    counts = await january(company)

    assert value(counts, metric) == value(counts, Metric.DOCUMENT_COUNT) == 1
    assert value(counts, Metric.SALES_NET) == expected


@pytest.mark.parametrize("kind", [6, 8])
async def test_prepayments_and_delivery_orders_are_left_out(kind: int) -> None:
    company = Company()
    company.answers["v2/getinvoices"] = [invoice(1, AccountingDoc=kind, TotalAmount=100.0)]

    counts = await january(company)

    assert value(counts, Metric.DOCUMENT_COUNT) == 0
    assert counts.record_count == 0


async def test_a_foreign_document_without_a_rate_leaves_the_sum_out() -> None:
    company = Company()
    company.answers["v2/getinvoices"] = [invoice(1, CurrencyCode="USD", CurrencyRate=None, TotalAmount=9.0)]

    counts = await january(company)

    assert Metric.SALES_NET not in counts.values
    assert counts.notes == ("UNCONVERTED 1",)


async def test_polish_books_are_kept_in_zloty() -> None:
    company = Company()
    company.answers["v2/getinvoices"] = [
        invoice(1, CurrencyCode="PLN", CurrencyRate=0, TotalAmount=9.0),
        invoice(2, CurrencyCode="EUR", CurrencyRate=0.25, TotalAmount=1.0),
    ]

    counts = await january(company, country="PL")

    assert value(counts, Metric.SALES_NET) == 13
    assert counts.values[Metric.SALES_NET].unit == "PLN"
