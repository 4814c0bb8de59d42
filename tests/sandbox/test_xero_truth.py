from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from sandbox.clock import Clock
from support.sandbox_server import RunningSandbox, running_sandbox
from support.xero_calls import XeroCaller, xero_caller

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
CENT = Decimal("0.01")
MONTHS = [f"2025-{month:02}" for month in range(4, 13)] + [f"2026-{month:02}" for month in (1, 2, 3)]


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clients=13, documents=20, clock=Clock(NOON)) as running:
        running.http.post("/xero/_limits", json={"minute": 1000}).raise_for_status()
        yield running


@pytest.mark.parametrize("number", [1, 2, 3, 4, 13])
def test_twelve_months_read_from_the_lists_give_the_truth(sandbox: RunningSandbox, number: int) -> None:
    app = xero_caller(sandbox, number)

    for month in MONTHS:
        assert read(app, month) == told(sandbox, app, month), month


def test_a_year_has_a_month_without_anything_and_its_truth_is_zero(sandbox: RunningSandbox) -> None:
    apps = [xero_caller(sandbox, number) for number in (1, 2, 3)]

    app, month = next((app, month) for app in apps for month in MONTHS if is_empty(told(sandbox, app, month)))

    assert is_empty(read(app, month))


@pytest.mark.parametrize(
    "kind", ["sales_invoice", "purchase_credit_note", "manual_journal", "bank_transaction"]
)
def test_the_truth_and_the_lists_follow_a_change(sandbox: RunningSandbox, kind: str) -> None:
    app = xero_caller(sandbox)
    before = told(sandbox, app, "2026-03")

    added = sandbox.mutate(app.account, "add", kind, "2026-03")
    after = told(sandbox, app, "2026-03")
    assert after != before
    assert read(app, "2026-03") == after

    sandbox.mutate(app.account, "void", kind, "2026-03", document=added["document"])
    sandbox.mutate(app.account, "move", kind, "2026-03", to="2026-01")
    for month in ("2026-01", "2026-03"):
        assert read(app, month) == told(sandbox, app, month)


def test_there_is_no_truth_about_entry_lines(sandbox: RunningSandbox) -> None:
    assert "entry_line_count" not in sandbox.truth(xero_caller(sandbox).account, "2026-03")


def test_a_foreign_document_without_a_rate_leaves_no_sum(sandbox: RunningSandbox) -> None:
    app = xero_caller(sandbox)

    added = sandbox.mutate(app.account, "add", "sales_invoice", "2026-03", rate_known=False)

    listed = app.body("Invoices", where='InvoiceID=="' + added["document"] + '"', page=1)["Invoices"]
    assert "CurrencyRate" not in listed[0]
    assert listed[0]["CurrencyCode"] == "USD"
    values = sandbox.truth(app.account, "2026-03")
    assert {"sales_net", "sales_vat"}.isdisjoint(values)
    assert {"purchase_net", "sales_invoice_count"} <= set(values)


def is_empty(values: dict[str, Decimal]) -> bool:
    return set(values.values()) == {Decimal(0)}


def told(sandbox: RunningSandbox, app: XeroCaller, month: str) -> dict[str, Decimal]:
    return {name: Decimal(one["value"]) for name, one in sandbox.truth(app.account, month).items()}


def read(app: XeroCaller, month: str) -> dict[str, Decimal]:
    """A month's figures by the rules of the vendor's documentation, in the plainest way."""
    year, number = map(int, month.split("-"))
    after = f"{year + number // 12},{number % 12 + 1:02},01"
    where = f"Date>=DateTime({year},{number:02},01) AND Date<DateTime({after})"
    asked = {"where": where, "page": 1, "pageSize": 1000}
    posted, standing = f'{where} AND Status=="POSTED"', f'{where} AND Status=="AUTHORISED"'
    documents = app.body("Invoices", **asked)["Invoices"] + app.body("CreditNotes", **asked)["CreditNotes"]
    booked = [one for one in documents if one["Status"] in {"AUTHORISED", "PAID"}]
    kinds = Counter(one["Type"] for one in booked)
    income, expenses = result(app, year, number)
    return {
        "sales_invoice_count": Decimal(kinds["ACCREC"]),
        "purchase_invoice_count": Decimal(kinds["ACCPAY"]),
        "sales_credit_note_count": Decimal(kinds["ACCRECCREDIT"]),
        "purchase_credit_note_count": Decimal(kinds["ACCPAYCREDIT"]),
        "document_count": Decimal(len(booked)),
        **{
            f"{side}_{name}": total(app, [one for one in booked if one["Type"].startswith(kind)], field)
            for side, kind in (("sales", "ACCREC"), ("purchase", "ACCPAY"))
            for name, field in (("net", "SubTotal"), ("vat", "TotalTax"))
        },
        "income_total": income,
        "expense_total": expenses,
        "entry_count": Decimal(count(app, "ManualJournals", posted)),
        "bank_transaction_count": Decimal(count(app, "BankTransactions", standing)),
    }


def total(app: XeroCaller, documents: list[dict[str, Any]], field: str) -> Decimal:
    amount = Decimal(0)
    for one in documents:
        own = one["CurrencyCode"] == app.account["currency"]
        rate = Decimal(1) if own else Decimal(str(one["CurrencyRate"]))
        sign = -1 if one["Type"].endswith("CREDIT") else 1
        amount += sign * (Decimal(str(one[field])) / rate).quantize(CENT, ROUND_HALF_UP)
    return amount


def result(app: XeroCaller, year: int, number: int) -> tuple[Decimal, Decimal]:
    """Income and expenses by the class of each account; the grouped currency result is a cost."""
    classes = {one["AccountID"]: one["Class"] for one in app.body("Accounts")["Accounts"]}
    last = {2: 28, 4: 30, 6: 30, 9: 30, 11: 30}.get(number, 31)
    days = {"fromDate": f"{year}-{number:02}-01", "toDate": f"{year}-{number:02}-{last}"}
    sums = {"REVENUE": Decimal(0), "EXPENSE": Decimal(0)}
    for section in app.body("Reports/ProfitAndLoss", **days)["Reports"][0]["Rows"][1:]:
        for row in section["Rows"]:
            name, *amounts = row["Cells"]
            if "Attributes" in name:
                sums[classes.get(name["Attributes"][0]["Value"], "EXPENSE")] += Decimal(amounts[0]["Value"])
    return sums["REVENUE"], sums["EXPENSE"]


def count(app: XeroCaller, name: str, where: str) -> int:
    counted: int = app.body(name, where=where, page=1, pageSize=1)["pagination"]["itemCount"]
    return counted
