"""A reader that does what the vendor's rules say, row by row, finds the truth."""

from __future__ import annotations

import calendar
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from support.directo_caller import DirectoCaller
from support.sandbox_server import RunningSandbox

ZERO = Decimal("0.00")
MONTHS = [f"2025-{number:02}" for number in (11, 12)] + [f"2026-{number:02}" for number in range(1, 12)]
TURNS = range(6)
PLAIN, STOCK, INVOICES, XML, TEXTS = 0, 1, 2, 3, 3

Rows = list[dict[str, Any]]


def caller(sandbox: RunningSandbox, turn: int) -> DirectoCaller:
    sandbox.world.clock.advance(61)  # each reader has a minute of its own
    return DirectoCaller(sandbox.accounts("directo")[turn], sandbox.http)


def days(month: str) -> tuple[str, str]:
    year, number = (int(part) for part in month.split("-"))
    return f"{month}-01", f"{month}-{calendar.monthrange(year, number)[1]}"


def credit(line: dict[str, Any]) -> Decimal:
    return Decimal(str(line.get("creditamount") or 0)) - Decimal(str(line.get("debitamount") or 0))


def total(lines: Rows, classes: dict[str, str], kind: str) -> Decimal:
    return sum((credit(line) for line in lines if classes[line["account"]] == kind), ZERO)


def side(rows: Rows, classes: dict[str, str], name: str, kind: str, sign: int) -> dict[str, str]:
    nets = [sign * total(row["rows"], classes, kind) for row in rows]
    return {
        f"{name}_invoice_count": str(sum(net >= 0 for net in nets)),
        f"{name}_credit_note_count": str(sum(net < 0 for net in nets)),
        f"{name}_net": f"{sum(nets, ZERO):.2f}",
    }


def expected(rows: Rows, classes: dict[str, str] | None, banks: list[str], month: str) -> dict[str, str]:
    dated = [row for row in rows if row["date"][:7] == month]
    sales, bills = ([row for row in dated if row["type"] == kind] for kind in ("ARVE", "OST"))
    touching = [
        lines
        for row in rows
        if (lines := [line for line in row["rows"] if line.get("date", row["date"])[:7] == month])
    ]
    every = [line for lines in touching for line in lines]
    found = {
        "entry_count": str(len(touching)),
        "entry_line_count": str(len(every)),
        "document_count": str(len(sales) + len(bills)),
    }
    if banks:
        on_bank = sum(any(line["account"] in banks for line in lines) for lines in touching)
        found["bank_transaction_count"] = str(on_bank)
    if classes is None:
        return found
    vat = sum((total(row["rows"], classes, "1") for row in sales), ZERO)
    return {
        **found,
        **side(sales, classes, "sales", "3", 1),
        **side(bills, classes, "purchase", "4", -1),
        "sales_vat": f"{vat:.2f}",
        "income_total": f"{total(every, classes, '3'):.2f}",
        "expense_total": f"{ZERO - total(every, classes, '4'):.2f}",
    }


@pytest.mark.parametrize("turn", TURNS)
def test_reading_by_the_rules_finds_the_truth(sandbox: RunningSandbox, turn: int) -> None:
    account, reader = sandbox.accounts("directo")[turn], caller(sandbox, turn)
    banks = account["credentials"].get("bank_accounts", "").split(",") if turn % 2 else []
    classes = None
    if not reader.has_xml:
        classes = {row["code"]: str(row["class"]) for row in reader.rows("accounts")}

    rows = reader.ledger("2025-10-01", "2026-12-31")

    for month in MONTHS:
        found = expected(rows, classes, banks, month)
        assert found == {metric: one["value"] for metric, one in sandbox.truth(account, month).items()}


@pytest.mark.parametrize("turn", [2, 5])
def test_confirmed_invoices_are_the_ledger_s_sales(sandbox: RunningSandbox, turn: int) -> None:
    reader = caller(sandbox, turn)
    name = "date" if turn == INVOICES else "invoicedate"
    rows = reader.rows("invoices", ("date", ">2025-10-31T23:59:59"), ("date", "<2026-12-01T00:00:00"))
    confirmed = [row for row in rows if str(row["confirmed"]).lower() in {"1", "true"}]

    booked = [row for row in reader.ledger("2025-11-01", "2026-11-30") if row["type"] == "ARVE"]

    assert {row["number"] for row in confirmed if row[name][:7] <= "2026-11"} == {
        str(row["number"]) for row in booked
    }
    assert len(confirmed) < len(rows)
    assert {type(row["confirmed"]) for row in rows} == {int, str, bool}
    assert any(row["currency"] != "EUR" for row in rows)


@pytest.mark.parametrize("turn", [PLAIN, XML])
def test_a_month_alone_holds_its_first_and_its_last_day(sandbox: RunningSandbox, turn: int) -> None:
    year = caller(sandbox, turn).ledger("2026-01-01", "2026-12-31")

    march = caller(sandbox, turn).ledger(*days("2026-03"))

    assert march == [row for row in year if row["date"][:7] == "2026-03"]
    assert {"2026-03-01", "2026-03-31"} <= {row["date"][:10] for row in march}


def test_conditions_are_strict_on_both_sides_of_midnight(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox, PLAIN)
    last = ("date", ">2026-03-31T23:59:44"), ("date", "<2026-04-01T00:00:00")

    found = reader.rows("transactions", *last)
    none = reader.rows("transactions", ("date", ">2026-03-31T23:59:45"), last[1])

    assert {row["date"] for row in found} == {"2026-03-31T23:59:45"}
    assert none == []


def test_changes_are_asked_for_to_the_second(sandbox: RunningSandbox) -> None:
    rows = caller(sandbox, PLAIN).rows(
        "transactions", ("ts", ">2026-03-31 23:59:00"), ("ts", "<2026-04-01 00:01:00")
    )

    assert {row["ts"] for row in rows} == {"2026-03-31 23:59:45", "2026-04-01 00:00:15"}


def test_february_of_a_leap_year_has_its_last_day(sandbox: RunningSandbox) -> None:
    rows = [row for turn in TURNS for row in caller(sandbox, turn).ledger(*days("2024-02"))]

    assert "2024-02-29" in {row["date"][:10] for row in rows}


def test_some_servers_heed_one_condition_on_a_date(sandbox: RunningSandbox) -> None:
    month = ("date", ">2026-02-28T23:59:59"), ("date", "<2026-04-01T00:00:00")

    both, one = (caller(sandbox, turn).rows("transactions", *month) for turn in (PLAIN, INVOICES))

    assert max(row["date"] for row in both) < "2026-04-01"
    assert max(row["date"] for row in one) > "2026-10-01"
    assert min(row["date"] for row in one) > "2026-02-28T23:59:59"


def test_the_chart_has_classes_as_numbers_and_as_texts(sandbox: RunningSandbox) -> None:
    kinds = [row["class"] for row in caller(sandbox, PLAIN).rows("accounts")]

    assert {type(kind) for kind in kinds} == {int, str}
    assert {str(kind) for kind in kinds} == set("012345")


def test_the_ledger_has_everything_that_misleads(sandbox: RunningSandbox) -> None:
    rows = caller(sandbox, PLAIN).ledger("2026-01-01", "2026-12-31")
    lines = [line for row in rows for line in row["rows"]]
    own_dates = [
        (row["date"][:7], line["date"][:7]) for row in rows for line in row["rows"] if "date" in line
    ]

    assert {"ARVE", "OST", "FIN", "PALK", "PEAKIRI", "LAEK", "TASU", "PANK"} == {row["type"] for row in rows}
    assert max(Counter(row["number"] for row in rows).values()) > 1
    assert max(Counter((row["type"], row["number"]) for row in rows).values()) == 1
    assert any((line.get("debitamount") or 0) < 0 for line in lines)
    assert any((line.get("creditamount") or 0) < 0 for line in lines)
    assert any("debitamount" not in line for line in lines)
    assert any("debitamount" in line and line["debitamount"] is None for line in lines)
    assert any("date" not in line for line in lines)
    assert any("currencydebit" in line for line in lines)
    assert any(header < own for header, own in own_dates)


def test_a_split_bill_has_rows_in_two_months(sandbox: RunningSandbox) -> None:
    bills = [row for row in caller(sandbox, PLAIN).ledger("2026-01-01", "2026-12-31") if row["type"] == "OST"]

    split = [row for row in bills if len({line.get("date", row["date"])[:7] for line in row["rows"]}) == 2]

    assert split
    assert all(sum(map(credit, row["rows"]), ZERO) == 0 for row in bills)


def test_credits_are_negative_on_the_usual_side_or_stand_on_the_other(sandbox: RunningSandbox) -> None:
    def negatives(turn: int) -> int:
        rows = caller(sandbox, turn).ledger("2026-01-01", "2026-11-30")
        lines = [line for row in rows for line in row["rows"]]
        return sum(
            float(line.get(name) or 0) < 0 for line in lines for name in ("debitamount", "creditamount")
        )

    assert negatives(PLAIN) > 0
    assert negatives(INVOICES) == 0


def test_whoever_keeps_a_stock_has_goods_on_the_balance_sheet(sandbox: RunningSandbox) -> None:
    bills = caller(sandbox, STOCK).ledger("2026-01-01", "2026-11-30")

    assert any(line["account"] == "1410" for row in bills for line in row["rows"])


def test_xml_direct_has_attributes_with_four_decimals_and_no_nulls(sandbox: RunningSandbox) -> None:
    text = caller(sandbox, XML).ask(date1="01.03.2026", date2="31.03.2026").text

    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>\n<transport>')
    assert "None" not in text
    assert 'debitamount="' in text
    rows = caller(sandbox, XML).ledger(*days("2026-03"))
    amounts = [line["debitamount"] for row in rows for line in row["rows"] if "debitamount" in line]
    assert {len(amount.partition(".")[2]) for amount in amounts} == {4}
    assert date(2026, 3, 1) <= min(date.fromisoformat(row["date"][:10]) for row in rows)


def test_a_change_in_the_books_is_in_the_next_answer(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("directo")[STOCK]
    before = caller(sandbox, STOCK).ledger(*days("2026-05"))

    sandbox.mutate(account, "add", "manual_journal", "2026-05")

    assert len(caller(sandbox, STOCK).ledger(*days("2026-05"))) == len(before) + 1
