"""A reader that does what the vendor's rules say, row by row, finds the truth."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from sandbox.books.month import Month
from support.economic_caller import EconomicCaller
from support.sandbox_server import RunningSandbox

TURNS = range(6)
MONTHS = [Month(2026, 11).shift(back) for back in range(-14, 1)]
OPENING = {"openingEntry", "transferredOpeningEntry"}
CENT = Decimal("0.01")
LEAP = Month(2024, 2)


def caller(sandbox: RunningSandbox, turn: int = 0) -> EconomicCaller:
    return EconomicCaller(sandbox.accounts("e-conomic")[turn], sandbox.http)


def days(month: Month) -> str:
    return f"date$gte:{month.first}$and:date$lte:{month.last}"


def number(row: dict[str, Any], name: str) -> Decimal:
    return Decimal(str(row[name]))


def total(rows: list[dict[str, Any]], name: str = "amountInBaseCurrency") -> Decimal:
    return sum((number(row, name) for row in rows), Decimal("0.00"))


def entries(reader: EconomicCaller, month: Month) -> list[dict[str, Any]]:
    years = reader.rows("accounting-years")
    [year] = [one for one in years if one["fromDate"] <= str(month.first) <= one["toDate"]]
    return reader.rows(year["entries"], filter=days(month), sort="entryNumber")


def read_sales(reader: EconomicCaller, month: Month, currency: str) -> dict[str, str]:
    rows = reader.rows("invoices/booked", filter=days(month))
    credit_notes = sum(
        (row["netAmountInBaseCurrency"] or row["grossAmountInBaseCurrency"]) < 0 for row in rows
    )
    vat = Decimal("0.00")
    for row in rows:
        rate = Decimal(100) if row["currency"] == currency else number(row, "exchangeRate")
        vat += (number(row, "vatAmount") * rate / 100).quantize(CENT, ROUND_HALF_UP)
    return {
        "sales_invoice_count": str(len(rows) - credit_notes),
        "sales_credit_note_count": str(credit_notes),
        "sales_net": f"{total(rows, 'netAmountInBaseCurrency'):.2f}",
        "sales_vat": f"{vat:.2f}",
    }


def read_bills(rows: list[dict[str, Any]], vat_accounts: set[int]) -> dict[str, str]:
    vouchers = defaultdict(list)
    for row in rows:
        vouchers[row.get("voucherNumber")].append(row)
    bills, vat = [], Decimal("0.00")
    for voucher in vouchers.values():
        named = [row for row in voucher if row["entryType"] == "supplierInvoice" and "supplier" in row]
        bills += named
        if named:
            vat += total([row for row in voucher if row["account"]["accountNumber"] in vat_accounts])
    credit_notes = sum(row["amountInBaseCurrency"] > 0 for row in bills)
    return {
        "purchase_invoice_count": str(len(bills) - credit_notes),
        "purchase_credit_note_count": str(credit_notes),
        "purchase_net": f"{Decimal('0.00') - total(bills) - vat:.2f}",
        "purchase_vat": f"{vat:.2f}",
    }


def read_result(rows: list[dict[str, Any]], accounts: list[dict[str, Any]]) -> dict[str, str]:
    sides = {
        one["accountNumber"]: one["debitCredit"] for one in accounts if one["accountType"] == "profitAndLoss"
    }
    booked = [(sides.get(row["account"]["accountNumber"]), row) for row in rows]
    income = total([row for side, row in booked if side == "credit"])
    expenses = total([row for side, row in booked if side == "debit"])
    return {"income_total": f"{Decimal('0.00') - income:.2f}", "expense_total": f"{expenses:.2f}"}


@pytest.mark.parametrize("turn", TURNS)
def test_reading_by_the_rules_finds_the_truth(sandbox: RunningSandbox, turn: int) -> None:
    account, reader = sandbox.accounts("e-conomic")[turn], caller(sandbox, turn)
    accounts, codes = reader.rows("accounts"), reader.rows("vat-accounts")
    vat_accounts = {
        one[name]["accountNumber"] for one in codes for name in ("account", "contraAccount") if name in one
    }

    for month in [*MONTHS, LEAP]:
        rows = entries(reader, month)
        counted = [row for row in rows if row["entryType"] not in OPENING]
        found = read_sales(reader, month, account["currency"]) | read_bills(rows, vat_accounts)
        found["document_count"] = str(sum(int(one) for name, one in found.items() if name.endswith("count")))
        found |= read_result(rows, accounts)
        found["entry_line_count"] = str(len(counted))
        found["entry_count"] = str(len({row["voucherNumber"] for row in counted}))

        truth = {metric: one["value"] for metric, one in sandbox.truth(account, str(month)).items()}
        assert found == truth, month


def everything(sandbox: RunningSandbox, turn: int) -> list[dict[str, Any]]:
    return [row for month in MONTHS for row in entries(caller(sandbox, turn), month)]


def test_every_entry_adds_up_to_zero_in_the_base_currency(sandbox: RunningSandbox) -> None:
    for turn in TURNS:
        sums: dict[Any, Decimal] = defaultdict(Decimal)
        for row in everything(sandbox, turn):
            sums[row["date"][:7], row.get("voucherNumber")] += number(row, "amountInBaseCurrency")

        assert not any(sums.values())


def test_revenue_is_negative_and_only_debtor_and_creditor_rows_name_a_partner(
    sandbox: RunningSandbox,
) -> None:
    rows = everything(sandbox, 0)

    assert {row["account"]["accountNumber"] for row in rows if "customer" in row} == {5600}
    assert {row["account"]["accountNumber"] for row in rows if "supplier" in row} == {6800}
    assert all("customer" not in row or "supplier" not in row for row in rows)
    sales = [row for row in rows if row["account"]["accountNumber"] == 1010]
    assert total(sales) < 0


def test_bills_of_some_agreements_reverse_the_charge_and_cancel_it(sandbox: RunningSandbox) -> None:
    reversed_here = [row for row in everything(sandbox, 0) if row["account"]["accountNumber"] == 7210]
    others = [row for row in everything(sandbox, 1) if row["account"]["accountNumber"] == 7210]

    assert reversed_here
    assert not others
    vouchers = {(row["date"], row["voucherNumber"]) for row in reversed_here}
    both = [
        row
        for row in everything(sandbox, 0)
        if (row["date"], row.get("voucherNumber")) in vouchers
        and row["account"]["accountNumber"] in {7210, 7240}
    ]
    assert total(both) == 0


def test_every_kind_of_entry_occurs(sandbox: RunningSandbox) -> None:
    kinds = {row["entryType"] for turn in TURNS for row in everything(sandbox, turn)}

    assert kinds == {
        "customerInvoice",
        "customerPayment",
        "supplierInvoice",
        "supplierPayment",
        "financeVoucher",
        "openingEntry",
        "transferredOpeningEntry",
        "systemEntry",
        "manualDebtorInvoice",
    }


def test_voucher_numbers_begin_again_each_year(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    numbers = [
        {row["voucherNumber"] for row in entries(reader, month) if "voucherNumber" in row}
        for month in (Month(2025, 10), Month(2026, 10))
    ]

    assert numbers[0] & numbers[1]


def test_credit_notes_are_negative_and_rates_are_for_a_hundred(sandbox: RunningSandbox) -> None:
    rows = [
        row for turn in TURNS for row in caller(sandbox, turn).rows("invoices/booked", filter=days(MONTHS[1]))
    ]
    names = ("netAmount", "grossAmount", "netAmountInBaseCurrency", "grossAmountInBaseCurrency")

    assert any(row["netAmount"] < 0 for row in rows)
    assert all(len({row[name] < 0 for name in names}) == 1 for row in rows)
    assert {row["exchangeRate"] for row in rows if row["currency"] == "DKK" and row["exchangeRate"] == 100}
    foreign = [row for row in rows if row["exchangeRate"] != 100]
    assert foreign
    for row in foreign:
        expected = (number(row, "netAmount") * number(row, "exchangeRate") / 100).copy_abs()
        assert expected.quantize(CENT, ROUND_HALF_UP) == number(row, "netAmountInBaseCurrency").copy_abs()


def test_only_booked_documents_are_listed_and_first_and_last_days_are(sandbox: RunningSandbox) -> None:
    dates = {
        row["date"]
        for turn in TURNS
        for row in caller(sandbox, turn).rows("invoices/booked", filter=days(LEAP))
    }

    assert {"2024-02-01", "2024-02-29"} <= dates
    assert all(date.startswith("2024-02-") for date in dates)


def test_numbers_of_invoices_in_entries_are_texts_or_numbers(sandbox: RunningSandbox) -> None:
    kinds = {
        type(row["invoiceNumber"])
        for turn in TURNS
        for row in everything(sandbox, turn)
        if "invoiceNumber" in row
    }

    assert kinds == {int, str}


def test_what_is_false_or_null_is_left_out(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    rows = [*reader.rows("accounts"), *reader.rows("accounting-years"), *everything(sandbox, 0)]

    assert all(value is not None and value is not False for row in rows for value in row.values())
    assert {"barred", "closed"} <= {name for row in rows for name in ("barred", "closed") if name not in row}


def test_an_invoice_without_a_known_rate_has_none(sandbox: RunningSandbox) -> None:
    account, month = sandbox.accounts("e-conomic")[5], Month(2026, 8)
    sandbox.mutate(account, "add", "sales_invoice", str(month), rate_known=False)

    rows = caller(sandbox, 5).rows("invoices/booked", filter=days(month))

    assert any("exchangeRate" not in row and row["netAmountInBaseCurrency"] for row in rows)


def test_a_void_document_is_gone_and_the_truth_follows(sandbox: RunningSandbox) -> None:
    account, month = sandbox.accounts("e-conomic")[4], Month(2026, 9)
    before = len(caller(sandbox, 4).rows("invoices/booked", filter=days(month)))

    sandbox.mutate(account, "void", "sales_invoice", str(month))

    rows = caller(sandbox, 4).rows("invoices/booked", filter=days(month))
    truth = sandbox.truth(account, str(month))
    counts = [int(truth[f"sales_{kind}_count"]["value"]) for kind in ("invoice", "credit_note")]
    assert len(rows) == before - 1 == sum(counts)
