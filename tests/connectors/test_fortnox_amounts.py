"""What Fortnox's documents count, over recorded answers."""

from decimal import Decimal
from typing import Any

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
from sync_contracts.metrics import Metric
from sync_contracts.month import Month


async def test_what_is_cancelled_is_gone_and_what_is_not_booked_is_told() -> None:
    company = Company()
    company.lists["invoices"] = [
        invoice(1, 10, Cancelled=True),
        invoice(2, 10, Booked=False),
        invoice(3, 10, Booked=False, Cancelled=True),
    ]
    company.lists["supplierinvoices"] = [bill(1, "10", Cancel=True), bill(2, "10", Booked=False)]

    counts = await march(company)

    assert values(counts, Metric.DOCUMENT_COUNT) == ["0"]
    assert counts.notes == ("NOT_BOOKED 2",)


@pytest.mark.parametrize("total", ["-500", "500"])
async def test_the_flag_makes_a_supplier_s_credit_note_whatever_its_sign(total: str) -> None:
    company = Company()
    company.lists["supplierinvoices"] = [bill(1, total, 3, Credit=True)]
    company.files["4"] = sie(voucher("D 3", "2440 {} 500", "4010 {} -400", "2641 {} -100"))

    counts = await march(company)

    assert values(counts, Metric.PURCHASE_CREDIT_NOTE_COUNT, *PURCHASES) == ["1", "-400.00", "-100.00"]


async def test_a_reverse_charge_is_owed_and_deducted_and_so_no_vat() -> None:
    company = Company()
    company.lists["supplierinvoices"] = [bill(1, "100", 3, Currency="EUR", CurrencyRate="11.2")]
    rows = ("2440 {} -1120", "4010 {} 1120", "2645 {} 280", "2614 {} -280")
    company.files["4"] = sie(voucher("D 3", *rows))

    counts = await march(company)

    assert values(counts, *PURCHASES) == ["1120.00", "0.00"]


async def test_the_rounding_row_is_neither_net_nor_vat() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, 125, 3)]
    rows = ("1510 {} 125", "3001 {} -99.6", "2611 {} -24.9", "3740 {} -0.5")
    company.files["4"] = sie(voucher("B 3", *rows))

    counts = await march(company)

    assert values(counts, *SALES) == ["99.60", "24.90"]
    assert values(counts, Metric.INCOME_TOTAL) == ["100.10"]


async def test_rates_are_for_a_number_of_units() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, 250, 3, Currency="NOK", CurrencyRate="96.35", CurrencyUnit=100)]
    company.files["4"] = sie(voucher("B 3", "1510 {} 240.88", "3308 {} -240.88"))

    counts = await march(company)

    assert values(counts, *SALES) == ["240.88", "0.00"]


@pytest.mark.parametrize("unknown", [{"CurrencyRate": ""}, {"CurrencyRate": None}, {"CurrencyUnit": 0}])
async def test_without_a_rate_the_sums_are_absent(unknown: dict[str, Any]) -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, 250, 3, Currency="USD", CurrencyRate="10.1") | unknown]
    company.files["4"] = sie(voucher("B 3", "1510 {} 10", "3308 {} -10"))

    counts = await march(company)

    assert not {*SALES} & set(counts.values)
    assert {*PURCHASES} <= set(counts.values)
    assert counts.notes == ("UNCONVERTED 1",)
    assert values(counts, Metric.SALES_INVOICE_COUNT) == ["1"]


async def test_documents_without_a_voucher_are_asked_for_one_by_one() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(5, 125.5), invoice(6, -1000, 99, Currency="EUR", CurrencyRate="11")]
    company.lists["supplierinvoices"] = [bill(9, "501"), bill(10, "80", Credit=True)]
    company.details = {
        "invoices/5": {"Total": 125.5, "TotalVAT": 25, "RoundOff": 0.5, "Credit": "false"},
        "invoices/6": {"Total": 1000, "TotalVAT": 200, "RoundOff": 0, "Credit": "true"},
        "supplierinvoices/9": {"Total": "501", "VAT": "100", "RoundOffValue": "1", "VATType": "NORMAL"},
        "supplierinvoices/10": {"Total": "80", "VAT": "20", "RoundOffValue": "", "VATType": "REVERSE"},
    }

    reading = await read(company)

    counts = reading.months[MARCH]
    assert isinstance(counts, MonthCounts)
    assert reading.calls == 8
    assert values(counts, *SALES) == ["-8700.00", "-2175.00"]
    assert values(counts, *PURCHASES) == ["320.00", "100.00"]


async def test_where_too_many_would_be_asked_for_their_sums_are_absent() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(number, 10) for number in range(1, 202)]
    company.lists["supplierinvoices"] = [bill(9, "501")]
    company.details = {"supplierinvoices/9": {"Total": "501", "VAT": "100", "RoundOffValue": "1"}}

    reading = await read(company)

    counts = reading.months[MARCH]
    assert isinstance(counts, MonthCounts)
    assert reading.calls == 5
    assert counts.notes == ("AMOUNTS_NOT_READ 201",)
    assert values(counts, Metric.SALES_INVOICE_COUNT, *PURCHASES) == ["201", "400.00", "100.00"]
    assert not {*SALES} & set(counts.values)


async def test_a_voucher_that_two_documents_share_tells_the_vat_of_neither() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, 125, 3), invoice(2, 250, 3)]
    company.details = {
        "invoices/1": {"Total": 125, "TotalVAT": 25, "RoundOff": 0},
        "invoices/2": {"Total": 250, "TotalVAT": 50, "RoundOff": 0},
    }
    company.files["4"] = sie(voucher("B 3", "1510 {} 375", "3001 {} -300", "2611 {} -75"))

    counts = await march(company)

    assert values(counts, *SALES) == ["300.00", "75.00"]


async def test_a_voucher_of_another_financial_year_is_looked_up_there() -> None:
    company = Company()
    december = Month(2025, 12)
    company.lists["supplierinvoices"] = [bill(1, "125", 3, InvoiceDate="2025-12-30")]
    company.files["4"] = sie(
        voucher("D 3", "2440 {} -125", "4010 {} 100", "2641 {} 25", day="20260104"),
        voucher("A 1", "6570 {} 5", "1930 {} -5", day="20260104"),
    )

    reading = await read(company, december)

    counts = reading.months[december]
    assert isinstance(counts, MonthCounts)
    assert reading.calls == 5
    assert values(counts, *PURCHASES, Metric.ENTRY_COUNT) == ["100.00", "25.00", "0"]


async def test_amounts_are_exact() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, 0.1, 3), invoice(2, 0.2, 4)]
    company.files["4"] = sie(
        voucher("B 3", "1510 {} 0.1", "3001 {} -.1"), voucher("B 4", "1510 {} 0.2", "3001 {} -0.20")
    )

    counts = await march(company)

    assert (
        counts.values[Metric.SALES_NET].value == counts.values[Metric.INCOME_TOTAL].value == Decimal("0.30")
    )
