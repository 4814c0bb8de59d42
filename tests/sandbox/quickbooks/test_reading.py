"""A reader that does what the vendor's rules say, row by row, finds the truth."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from sandbox.books.month import Month
from sandbox.clock import Clock
from support.quickbooks_caller import MARCH, QuickBooksCaller, quickbooks_caller
from support.sandbox_server import RunningSandbox, running_sandbox

CENT = Decimal("0.01")
MONTHS = [Month(2026, 11).shift(back) for back in range(-12, 0)]
KINDS = {
    "Invoice": ("sales", "sales_invoice_count", 1),
    "CreditMemo": ("sales", "sales_credit_note_count", -1),
    "Bill": ("purchase", "purchase_invoice_count", 1),
    "VendorCredit": ("purchase", "purchase_credit_note_count", -1),
}
MOVEMENTS = ("Purchase", "Deposit", "Transfer", "Payment", "BillPayment")


def dated(month: Month) -> str:
    return f"TxnDate >= '{month.first}' and TxnDate <= '{month.last}'"


def number(value: Any) -> Decimal:
    return Decimal(str(value))


def tax_of(row: dict[str, Any]) -> Decimal:
    detail = row.get("TxnTaxDetail", {})
    if "TotalTax" in detail:
        return number(detail["TotalTax"])
    return sum((number(line["Amount"]) for line in detail.get("TaxLine", [])), Decimal(0))


def is_void(row: dict[str, Any]) -> bool:
    return row["TotalAmt"] == 0 and "void" in row.get("PrivateNote", "").lower()


def read(app: QuickBooksCaller, month: Month) -> dict[str, str]:
    sums = dict.fromkeys(("sales_net", "sales_vat", "purchase_net", "purchase_vat"), Decimal("0.00"))
    counts: dict[str, int] = {}
    for entity, (side, count, sign) in KINDS.items():
        rows = [row for row in app.rows(entity, dated(month)) if not is_void(row)]
        counts[count] = len(rows)
        for row in rows:
            rate, tax = number(row.get("ExchangeRate", 1)), tax_of(row)
            net = number(row["TotalAmt"]) - tax
            sums[f"{side}_net"] += sign * (net * rate).quantize(CENT, ROUND_HALF_UP)
            sums[f"{side}_vat"] += sign * (tax * rate).quantize(CENT, ROUND_HALF_UP)
    counts["document_count"] = sum(counts.values())
    counts["entry_count"] = app.count("JournalEntry", dated(month))
    counts["bank_transaction_count"] = sum(app.count(entity, dated(month)) for entity in MOVEMENTS)
    groups = totals(app, month)
    income = groups["Income"] + groups["OtherIncome"]
    expenses = groups["COGS"] + groups["Expenses"] + groups["OtherExpenses"]
    assert income - expenses == groups["NetIncome"]
    told = {name: str(value) for name, value in (sums | counts).items()}
    return told | {"income_total": f"{income:.2f}", "expense_total": f"{expenses:.2f}"}


def totals(app: QuickBooksCaller, month: Month) -> dict[str, Decimal]:
    report = app.report(
        start_date=str(month.first),
        end_date=str(month.last),
        accounting_method="Accrual",
        summarize_column_by="Total",
    )
    found = dict.fromkeys(
        ("Income", "OtherIncome", "COGS", "Expenses", "OtherExpenses", "NetIncome"), Decimal(0)
    )
    for row in report.get("Rows", {}).get("Row", []):
        found[row["group"]] = number(row["Summary"]["ColData"][-1]["value"] or "0")
    return found


@pytest.mark.parametrize("turn", range(1, 7))
def test_reading_by_the_rules_finds_the_truth(sandbox: RunningSandbox, turn: int) -> None:
    app = quickbooks_caller(sandbox, turn)

    for month in MONTHS:
        truth = {metric: one["value"] for metric, one in sandbox.truth(app.account, str(month)).items()}
        assert read(app, month) == truth, month


@pytest.mark.parametrize(
    "kind", ["sales_invoice", "purchase_credit_note", "manual_journal", "bank_transaction"]
)
def test_the_truth_and_the_lists_follow_a_change(kind: str) -> None:
    with running_sandbox(clients=1, documents=12, clock=Clock()) as sandbox:
        app, month = quickbooks_caller(sandbox), Month(2026, 3)
        before = sandbox.truth(app.account, "2026-03")

        added = sandbox.mutate(app.account, "add", kind, "2026-03")
        after = sandbox.truth(app.account, "2026-03")
        assert after != before
        assert read(app, month) == {metric: one["value"] for metric, one in after.items()}

        sandbox.mutate(app.account, "void", kind, "2026-03", document=added["document"])
        voided = sandbox.truth(app.account, "2026-03")
        assert read(app, month) == {metric: one["value"] for metric, one in voided.items()}


def test_a_voided_movement_is_counted_and_a_voided_document_is_not(sandbox: RunningSandbox) -> None:
    app = quickbooks_caller(sandbox)
    months = " and ".join([f"TxnDate >= '{MONTHS[0].first}'", f"TxnDate <= '{MONTHS[-1].last}'"])

    movements = [row for row in app.rows("Purchase", months) if is_void(row)]
    documents = [row for row in app.rows("Invoice", months) if is_void(row)]

    assert movements
    assert documents
    assert all(row["Balance"] == 0 and row["Line"] == [] for row in documents)


def everything(sandbox: RunningSandbox, turn: int, entity: str) -> list[dict[str, Any]]:
    where = f"TxnDate >= '{MONTHS[0].first}' and TxnDate <= '{MONTHS[-1].last}'"
    return quickbooks_caller(sandbox, turn).rows(entity, where)


def test_tax_stands_in_every_place_that_the_vendor_uses(sandbox: RunningSandbox) -> None:
    details = [row.get("TxnTaxDetail") for row in everything(sandbox, 1, "Invoice")]

    assert any(detail is None for detail in details)
    assert any(detail and "TotalTax" not in detail and len(detail["TaxLine"]) == 1 for detail in details)
    assert any(detail and "TotalTax" not in detail and len(detail["TaxLine"]) == 2 for detail in details)
    assert any(detail and detail.get("TotalTax") for detail in details)


def test_rates_are_home_units_and_may_be_left_out_at_home(sandbox: RunningSandbox) -> None:
    rows = everything(sandbox, 1, "Invoice")
    home = [row for row in rows if row["CurrencyRef"]["value"] == "GBP"]
    foreign = [row for row in rows if row["CurrencyRef"]["value"] != "GBP" and row["TotalAmt"]]

    assert {row.get("ExchangeRate") for row in home} == {1, None}
    for row in foreign:
        converted = (number(row["TotalAmt"]) * number(row["ExchangeRate"])).quantize(CENT, ROUND_HALF_UP)
        assert number(row["HomeTotalAmt"]) == converted


def test_a_document_without_a_known_rate_tells_none() -> None:
    with running_sandbox(clients=1, documents=4) as sandbox:
        app = quickbooks_caller(sandbox)
        sandbox.mutate(app.account, "add", "sales_invoice", "2026-03", rate_known=False)

        rows = [row for row in app.rows("Invoice", MARCH) if row["CurrencyRef"]["value"] == "USD"]
        truth = sandbox.truth(app.account, "2026-03")

    assert any("ExchangeRate" not in row and "HomeTotalAmt" not in row for row in rows)
    assert {"sales_net", "sales_vat"}.isdisjoint(truth)


def test_notes_hold_the_word_without_a_void(sandbox: RunningSandbox) -> None:
    rows = everything(sandbox, 1, "Invoice")

    assert any("void" in row.get("PrivateNote", "").lower() and row["TotalAmt"] for row in rows)


def test_receipts_are_income_and_no_invoices(sandbox: RunningSandbox) -> None:
    receipts = everything(sandbox, 1, "SalesReceipt")

    assert receipts
    assert not {row["Id"] for row in receipts} & {row["Id"] for row in everything(sandbox, 1, "Deposit")}


def test_refunds_are_purchases_and_those_of_vendors_are_credits(sandbox: RunningSandbox) -> None:
    assert {row.get("Credit") for row in everything(sandbox, 1, "Purchase")} == {None, False, True}


def test_no_transaction_has_the_id_of_another(sandbox: RunningSandbox) -> None:
    ids = [
        row["Id"]
        for entity in (*KINDS, *MOVEMENTS, "JournalEntry", "SalesReceipt")
        for row in everything(sandbox, 1, entity)
    ]

    assert len(ids) == len(set(ids))


def test_both_ends_of_a_month_and_of_a_leap_february_have_documents(sandbox: RunningSandbox) -> None:
    found = {
        row["TxnDate"]
        for turn in range(1, 7)
        for entity in KINDS
        for row in quickbooks_caller(sandbox, turn).rows(entity, dated(Month(2024, 2)))
    }

    assert {"2024-02-01", "2024-02-29"} <= found


def test_what_was_typed_in_around_midnight_bears_another_day(sandbox: RunningSandbox) -> None:
    rows = [row for row in everything(sandbox, 1, "Invoice") if row["TxnDate"][8:] == "01"]

    assert any(row["MetaData"]["CreateTime"][:7] != row["TxnDate"][:7] for row in rows)


def column(report: dict[str, Any], month: Month) -> int:
    wanted = {"Name": "StartDate", "Value": str(month.first)}
    return next(n for n, one in enumerate(report["Columns"]["Column"]) if wanted in one["MetaData"])


@pytest.mark.parametrize("turn", [1, 5])
def test_columns_of_a_year_are_the_months_in_one_order_or_the_other(
    sandbox: RunningSandbox, turn: int
) -> None:
    app = quickbooks_caller(sandbox, turn)
    days = {"start_date": str(MONTHS[0].first), "end_date": str(MONTHS[-1].last)}
    report = app.report(**days, accounting_method="Accrual", summarize_column_by="Month")

    order = [column(report, month) for month in MONTHS]

    assert order == sorted(order, reverse=turn == 5)
    income = next(row for row in report["Rows"]["Row"] if row["group"] == "Income")["Summary"]["ColData"]
    for month in MONTHS:
        assert number(income[column(report, month)]["value"] or "0") == totals(app, month)["Income"]


def test_a_parent_account_has_its_own_money_beside_its_rows(sandbox: RunningSandbox) -> None:
    month = next(month for month in MONTHS if totals(quickbooks_caller(sandbox), month)["Income"])
    report = quickbooks_caller(sandbox).report(
        start_date=str(month.first), end_date=str(month.last), accounting_method="Accrual"
    )

    income = next(row for row in report["Rows"]["Row"] if row["group"] == "Income")
    parent = income["Rows"]["Row"][0]

    assert number(parent["Header"]["ColData"][1]["value"] or "0") != 0
    assert parent["Rows"]["Row"]
    assert parent["Summary"]["ColData"][1]["value"] == income["Summary"]["ColData"][1]["value"]


def test_titles_may_be_translated_and_groups_are_not(sandbox: RunningSandbox) -> None:
    made = [
        quickbooks_caller(sandbox, turn).report(
            start_date="2026-01-01", end_date="2026-10-31", accounting_method="Accrual"
        )
        for turn in (1, 3)
    ]

    titles = [report["Rows"]["Row"][0]["Summary"]["ColData"][0]["value"] for report in made]

    assert titles == ["Total Income", "Total Tulud"]
    assert [report["Rows"]["Row"][0]["group"] for report in made] == ["Income", "Income"]


def test_an_empty_report_says_so_and_has_no_rows(sandbox: RunningSandbox) -> None:
    empty = {"start_date": "2009-01-01", "end_date": "2009-01-31"}
    without, bare = (quickbooks_caller(sandbox, turn).report(**empty) for turn in (1, 2))

    for report in (without, bare):
        assert {"Name": "NoReportData", "Value": "true"} in report["Header"]["Option"]
    assert "Rows" not in without
    assert bare["Rows"] == {}


def test_without_a_method_the_company_s_preference_decides(sandbox: RunningSandbox) -> None:
    days = {"start_date": "2026-01-01", "end_date": "2026-10-31"}
    app = quickbooks_caller(sandbox, 2)

    own, cash, accrual = (
        app.report(**days, **method)
        for method in ({}, {"accounting_method": "Cash"}, {"accounting_method": "Accrual"})
    )

    assert own["Header"]["ReportBasis"] == "Cash"
    assert json.dumps(own["Rows"]) == json.dumps(cash["Rows"]) != json.dumps(accrual["Rows"])


def test_a_lone_day_is_ignored(sandbox: RunningSandbox) -> None:
    header = quickbooks_caller(sandbox).report(start_date="2026-01-01")["Header"]

    assert (header["StartPeriod"], header["EndPeriod"]) == ("2026-11-01", "2026-11-23")
