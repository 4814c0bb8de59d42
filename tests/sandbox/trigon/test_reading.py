"""The lists by the contract's rules, and the truth against a plain reader."""

from __future__ import annotations

import calendar
import json
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from support.sandbox_server import RunningSandbox
from support.trigon_caller import TrigonCaller

Rows = list[dict[str, Any]]

SALES, PURCHASES, ENTRIES = "sales-invoices", "purchase-invoices", "entries"
EXPENSES, BANK = "expense-lines", "bank-transactions"
CENT, ZERO = Decimal("0.01"), Decimal("0.00")
MONTHS = [f"2026-{number:02}" for number in range(1, 11)] + ["2025-12", "2024-02"]
FULL, NO_TOTALS, NO_BANK, NUMERIC, NO_LEDGER = 0, 1, 2, 3, 5
CHANGED = "2026-09"


def caller(sandbox: RunningSandbox, turn: int) -> TrigonCaller:
    sandbox.world.clock.advance(61)  # each reader has a minute of its own
    return TrigonCaller(sandbox.accounts("trigon")[turn], sandbox.http)


def days(month: str) -> tuple[str, str]:
    year, number = map(int, month.split("-"))
    return f"{month}-01", f"{month}-{calendar.monthrange(year, number)[1]}"


def euros(row: dict[str, Any], field: str) -> Decimal:
    amount = Decimal(str(row[field]))
    if row["currency"] != "EUR":
        amount *= Decimal(str(row["currencyRate"]))
    return amount.quantize(CENT, ROUND_HALF_UP)


def side(rows: Rows, name: str) -> dict[str, str]:
    counted = [row for row in rows if row["status"] == "confirmed"]
    kinds = Counter(row["type"] for row in counted)

    def total(field: str) -> Decimal:
        return sum(
            (-abs(euros(row, field)) if row["type"] == "credit" else euros(row, field) for row in counted),
            ZERO,
        )

    return {
        f"{name}_net": str(total("netAmount")),
        f"{name}_vat": str(total("vatAmount")),
        f"{name}_invoice_count": str(kinds["invoice"]),
        f"{name}_credit_note_count": str(kinds["credit"]),
    }


def ledger(entries: Rows) -> dict[str, str]:
    lines = [line for entry in entries for line in entry["rows"]]

    def credit(kind: str) -> Decimal:
        chosen = [line for line in lines if line["accountType"] == kind]
        return sum((Decimal(str(line["credit"])) - Decimal(str(line["debit"])) for line in chosen), ZERO)

    return {
        "income_total": str(credit("income")),
        "expense_total": str(ZERO - credit("expense")),
        "entry_count": str(len(entries)),
        "entry_line_count": str(len(lines)),
    }


@pytest.mark.parametrize("month", MONTHS)
@pytest.mark.parametrize("turn", range(6))
def test_reading_by_the_rules_finds_the_truth(sandbox: RunningSandbox, turn: int, month: str) -> None:
    reader, period = caller(sandbox, turn), days(month)

    found = side(reader.rows(SALES, *period), "sales") | side(reader.rows(PURCHASES, *period), "purchase")
    counts = [int(value) for metric, value in found.items() if metric.endswith("count")]
    found["document_count"] = str(sum(counts))
    if turn == NO_LEDGER:
        spent = [Decimal(str(row["netAmount"])) for row in reader.rows(EXPENSES, *period)]
        found["income_total"] = found["sales_net"]
        found["expense_total"] = str(sum(spent, Decimal(found["purchase_net"])))
    else:
        found |= ledger(reader.rows(ENTRIES, *period))
    if turn != NO_BANK:
        found["bank_transaction_count"] = str(len(reader.rows(BANK, *period)))

    truth = sandbox.truth(sandbox.accounts("trigon")[turn], month)
    assert found == {metric: one["value"] for metric, one in truth.items()}


def test_both_days_belong_to_a_period_and_are_the_documents_own(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox, FULL)
    year = reader.rows(SALES, "2026-01-01", "2026-11-23")

    march = reader.rows(SALES, *days("2026-03"))

    assert march == [row for row in year if row["date"].startswith("2026-03")]
    assert {"2026-03-01", "2026-03-31"} <= {row["date"] for row in march}


def test_february_of_a_leap_year_has_its_last_day(sandbox: RunningSandbox) -> None:
    found = [row for turn in range(6) for row in caller(sandbox, turn).rows(SALES, *days("2024-02"))]

    assert "2024-02-29" in {row["date"] for row in found}


def test_the_year_has_everything_that_misleads(sandbox: RunningSandbox) -> None:
    sales = caller(sandbox, FULL).rows(SALES, "2026-01-01", "2026-11-23")

    foreign = [row for row in sales if row["currency"] != "EUR"]

    assert {row["status"] for row in sales} == {"confirmed", "draft", "cancelled"}
    assert {row["type"] for row in sales} == {"invoice", "credit"}
    assert foreign
    assert all(row["currencyRate"] != 1 for row in foreign)
    assert any(
        Decimal(str(row["totalAmount"])) != Decimal(str(row["netAmount"])) + Decimal(str(row["vatAmount"]))
        for row in sales
    )


@pytest.mark.parametrize(("turn", "negative"), [(FULL, {True}), (NO_TOTALS, {False})])
def test_credits_of_some_firms_are_positive(sandbox: RunningSandbox, turn: int, negative: set[bool]) -> None:
    rows = caller(sandbox, turn).rows(SALES, "2026-01-01", "2026-11-23")

    assert {row["netAmount"] < 0 for row in rows if row["type"] == "credit"} == negative
    assert all("currencyRate" in row for row in rows) is (turn == FULL)


def test_ids_are_texts_or_numbers(sandbox: RunningSandbox) -> None:
    kinds = [
        {type(row["id"]) for row in caller(sandbox, turn).rows(BANK, *days("2026-03"))}
        for turn in (FULL, NUMERIC)
    ]

    assert kinds == [{str}, {int}]


def test_a_bill_may_stand_in_the_ledger_a_month_after_its_date(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox, FULL)
    year = ("2026-01-01", "2026-11-23")
    dates = {row["id"]: row["date"] for row in reader.rows(PURCHASES, *year)}

    posted = {row["id"]: row["date"] for row in reader.rows(ENTRIES, *year) if row["id"] in dates}

    assert any(posted[record][:7] > dates[record][:7] for record in posted)


def test_entries_are_balanced_and_tell_where_they_come_from(sandbox: RunningSandbox) -> None:
    entries = caller(sandbox, FULL).rows(ENTRIES, "2026-01-01", "2026-11-23")

    for entry in entries:
        debit, credit = (
            sum(Decimal(str(line[name])) for line in entry["rows"]) for name in ("debit", "credit")
        )
        assert debit == credit
    assert {entry["source"] for entry in entries} == {
        "sales_invoice",
        "purchase_invoice",
        "payment",
        "expense_line",
        "manual",
        "payroll",
        "depreciation",
        "opening",
    }


def test_depreciation_is_listed_and_stands_in_the_ledger(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox, FULL)
    period = days("2026-03")

    listed = reader.rows("depreciations", *period)

    booked = [row for row in reader.rows(ENTRIES, *period) if row["source"] == "depreciation"]
    assert [row["id"] for row in listed] == [row["id"] for row in booked]
    assert [row["amount"] for row in listed] == [row["rows"][0]["debit"] for row in booked]


def test_pages_are_numbered_from_one_and_some_firms_tell_no_total(sandbox: RunningSandbox) -> None:
    asked = {"dateFrom": "2026-01-01", "dateTo": "2026-11-23", "pageSize": 7}
    reader = caller(sandbox, FULL)

    first, second = (reader.ask(ENTRIES, **asked, page=number).json() for number in (1, 2))
    beyond = reader.ask(ENTRIES, **asked, page=9999).json()
    silent = caller(sandbox, NO_TOTALS).ask(ENTRIES, **asked).json()

    assert (first["page"], second["page"], first["pageSize"]) == (1, 2, 7)
    assert len(first["items"]) == len(second["items"]) == 7
    assert {row["id"] for row in first["items"]}.isdisjoint(row["id"] for row in second["items"])
    assert first["total"] == beyond["total"] > 100
    assert beyond["items"] == []
    assert set(silent) == {"items", "page", "pageSize"}


@pytest.mark.parametrize(
    "spoiled",
    [
        {"dateFrom": "01.03.2026"},
        {"dateFrom": "2026-02-30"},
        {"dateTo": ""},
        {"dateTo": "2026-02-28"},
        {"dateTo": "2027-03-01"},
        {"page": 0},
        {"page": "x"},
        {"pageSize": 101},
    ],
)
def test_a_question_that_does_not_fit_is_refused(sandbox: RunningSandbox, spoiled: dict[str, object]) -> None:
    answer = caller(sandbox, FULL).ask(SALES, **{"dateFrom": "2026-03-01", "dateTo": "2026-03-31", **spoiled})

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_request"


def test_a_period_is_twelve_months_at_most(sandbox: RunningSandbox) -> None:
    answer = caller(sandbox, FULL).ask(SALES, dateFrom="2025-12-01", dateTo="2026-11-30")

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("turn", "name"), [(NO_BANK, BANK), (NO_LEDGER, ENTRIES), (FULL, "offers"), (FULL, "entries/7")]
)
def test_what_is_not_offered_is_not_found(sandbox: RunningSandbox, turn: int, name: str) -> None:
    answer = caller(sandbox, turn).ask(name, dateFrom="2026-03-01", dateTo="2026-03-31")

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


def test_counts_are_those_of_the_lists(sandbox: RunningSandbox) -> None:
    reader, truth = caller(sandbox, FULL), sandbox.truth(sandbox.accounts("trigon")[FULL], "2026-03")

    counts = reader.ask("counts", month="2026-03").json()

    assert counts == {
        "month": "2026-03",
        "salesInvoices": int(truth["sales_invoice_count"]["value"]),
        "salesCredits": int(truth["sales_credit_note_count"]["value"]),
        "purchaseInvoices": int(truth["purchase_invoice_count"]["value"]),
        "purchaseCredits": int(truth["purchase_credit_note_count"]["value"]),
        "entries": int(truth["entry_count"]["value"]),
        "expenseLines": len(reader.rows(EXPENSES, *days("2026-03"))),
    }
    assert reader.ask("counts", month="March").status_code == 400


def test_what_is_voided_is_cancelled_and_a_prepayment_is_no_invoice(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("trigon")[4]
    before = caller(sandbox, 4).rows(SALES, *days(CHANGED))

    gone = sandbox.mutate(account, "void", "sales_invoice", CHANGED)["document"]
    sandbox.mutate(account, "add", "prepayment_invoice", CHANGED)

    after = caller(sandbox, 4).rows(SALES, *days(CHANGED))
    assert [row["id"] for row in after] == [row["id"] for row in before]
    assert {row["id"]: row["status"] for row in after}[gone] == "cancelled"


def test_a_rate_that_nobody_knows_is_null(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("trigon")[4]
    added = sandbox.mutate(account, "add", "sales_invoice", CHANGED, rate_known=False)["document"]

    (row,) = [one for one in caller(sandbox, 4).rows(SALES, *days(CHANGED)) if one["id"] == added]

    assert row["currency"] == "USD"
    assert row["currencyRate"] is None
    assert "sales_net" not in sandbox.truth(account, CHANGED)


@pytest.mark.parametrize(("field", "spoiled"), [("amount", "netAmount"), ("date", "date")])
def test_a_row_can_be_made_unreadable(sandbox: RunningSandbox, field: str, spoiled: str) -> None:
    reader = caller(sandbox, FULL)
    sandbox.fault(sandbox.accounts("trigon")[FULL], "unreadable", field=field)

    rows = reader.rows(SALES, *days("2026-03"))

    assert rows[0][spoiled] == "n/a"
    assert all(row[spoiled] != "n/a" for row in rows[1:])


def test_a_page_can_be_cut_short(sandbox: RunningSandbox) -> None:
    period = {"dateFrom": "2026-03-01", "dateTo": "2026-03-31"}
    readers = {turn: caller(sandbox, turn) for turn in (FULL, NO_TOTALS)}
    for turn in readers:
        sandbox.fault(sandbox.accounts("trigon")[turn], "short_page")

    page = readers[FULL].ask(SALES, **period).json()

    assert len(page["items"]) == page["total"] - 1
    with pytest.raises(json.JSONDecodeError):
        readers[NO_TOTALS].ask(SALES, **period).json()
