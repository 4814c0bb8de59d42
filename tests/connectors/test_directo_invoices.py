"""Directo's sales from its list of invoices, over recorded answers."""

from typing import Any

import pytest
from connectors.protocol import MonthCounts, MonthFailure
from support.directo_database import (
    CREDIT,
    FEBRUARY,
    INVOICED,
    JANUARY,
    SALE,
    Database,
    credit,
    debit,
    document,
    january,
    read,
    told,
)
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric, Source


def invoice(number: int | None, net: object, vat: object, **fields: Any) -> dict[str, Any]:
    return {
        "number": number if number is None else str(number),
        "date": "2026-01-05T00:00:00",
        "netamount": net,
        "vat": vat,
        "currency": "EUR",
        "confirmed": "1",
        **fields,
    }


async def test_sales_may_come_from_invoices_of_which_only_confirmed_ones_count() -> None:
    deferred = document("ARVE", 31003, "2026-01-20", debit("1210", 124.0), credit("2115", 124.0))
    database = Database(SALE, CREDIT, deferred)
    database.answers["invoices"] = [
        invoice(31001, "500.00", "120.00"),
        invoice(31002, -50, -12.0, confirmed=True),
        invoice(31003, 100.0, "24.00", confirmed=1),
        invoice(31004, "75.00", "18.00", confirmed="0"),
        invoice(31005, "75.00", "18.00", confirmed=False),
        invoice(31006, "9.00", "1.00", date="2026-02-01T00:00:00"),
    ]

    reading = await read(database, settings=INVOICED)

    counts = reading.months[JANUARY]
    assert isinstance(counts, MonthCounts)
    assert told(counts)[Metric.SALES_NET] == "550.00"
    assert told(counts)[Metric.SALES_VAT] == "132.00"
    assert told(counts)[Metric.SALES_INVOICE_COUNT] == "2"
    assert told(counts)[Metric.SALES_CREDIT_NOTE_COUNT] == "1"
    assert counts.values[Metric.SALES_NET].source is Source.DOCUMENTS
    assert counts.values[Metric.PURCHASE_NET].source is Source.LEDGER
    assert reading.calls == 3
    assert database.asked()[2] == (
        "/apidirect/v1/invoices?date=%3E2025-12-31T23%3A59%3A59&date=%3C2026-02-01T00%3A00%3A00"
    )


@pytest.mark.parametrize(
    ("fields", "net", "notes"),
    [
        ({"total_wo_vat": "480.00", "total_tax": "115.20"}, "480.00", 0),
        ({"totalamount": "595.20", "vatamount": 115.2}, "480.00", 0),
        ({"total": 595.2, "vatamount": "115.20"}, "480.00", 0),
        ({"netamount": "480.00"}, "500.00", 1),  # no VAT: the ledger's amounts
        ({"netamount": "", "vat": None}, "500.00", 1),
        ({"netamount": "520.00", "vat": "124.80", "currency": "USD"}, "500.00", 1),
    ],
)
async def test_an_invoice_s_amounts_go_by_several_names_or_are_the_ledger_s(
    fields: dict[str, Any], net: str, notes: int
) -> None:
    bare = {"number": 31001, "invoicedate": "2026-01-05", "confirmed": 1, "currency": "EUR"}
    database = Database(SALE)
    database.answers["invoices"] = [{**bare, **fields}]

    counts = await january(database, INVOICED)

    assert told(counts)[Metric.SALES_NET] == net
    assert ("SALES_FROM_LEDGER 1" in counts.notes) is bool(notes)


async def test_a_foreign_invoice_that_the_ledger_does_not_know_is_not_converted() -> None:
    database = Database(SALE)
    database.answers["invoices"] = [invoice(31001, 500, 120), invoice(8, 10, 2, currency="SEK")]

    counts = await january(database, INVOICED)

    assert Metric.SALES_NET not in counts.values
    assert told(counts)[Metric.SALES_INVOICE_COUNT] == "2"
    assert "UNCONVERTED 1" in counts.notes


@pytest.mark.parametrize(
    "row",
    [
        invoice(31001, 500, 120, confirmed="maybe"),
        invoice(31001, "n/a", 120),
        invoice(77, None, 120),
        invoice(None, 500, 120),
    ],
)
async def test_an_unreadable_invoice_fails_its_month_only(row: dict[str, Any]) -> None:
    database = Database(SALE)
    database.answers["invoices"] = [row, invoice(2, 5, 1, date="2026-02-03T00:00:00")]

    months = (await read(database, JANUARY, FEBRUARY, settings=INVOICED)).months

    assert isinstance(months[JANUARY], MonthFailure)
    assert isinstance(months[FEBRUARY], MonthCounts)


async def test_an_empty_list_of_invoices_beside_sales_is_a_missing_right() -> None:
    result = (await read(Database(SALE), settings=INVOICED)).months[JANUARY]

    assert isinstance(result, MonthFailure)
    assert result.code is ProblemCode.NO_PERMISSION
