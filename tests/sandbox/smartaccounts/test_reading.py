"""A reader that does what the vendor's rules say, row by row, finds the truth."""

from __future__ import annotations

import calendar
import json
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from support.sandbox_server import RunningSandbox
from support.smartaccounts_caller import SmartAccountsCaller

CENT, ZERO = Decimal("0.01"), Decimal("0.00")
MONTHS = [f"2025-{number:02}" for number in (11, 12)] + [f"2026-{number:02}" for number in range(1, 12)]
YEAR = {"dateFrom": "01.11.2025", "dateTo": "30.11.2026"}
CHANGED = "2026-05"
MARCH = {"dateFrom": "01.03.2026", "dateTo": "31.03.2026"}
SALES, PURCHASES = "purchasesales/clientinvoices:get", "purchasesales/vendorinvoices:get"
PAYMENTS, LEDGER, CHART = "purchasesales/payments:get", "general/entries:get", "settings/accounts:get"
TURNS = range(6)

Rows = list[dict[str, Any]]


def caller(sandbox: RunningSandbox, turn: int) -> SmartAccountsCaller:
    sandbox.world.clock.advance(61)  # each reader has a minute of its own
    account = sandbox.accounts("smartaccounts")[turn]
    return SmartAccountsCaller(account, sandbox.http, sandbox.world.clock.now())


def days(month: str) -> dict[str, str]:
    year, number = month.split("-")
    last = calendar.monthrange(int(year), int(number))[1]
    return {"dateFrom": f"01.{number}.{year}", "dateTo": f"{last}.{number}.{year}"}


def of_month(rows: Rows, month: str) -> Rows:
    return [row for row in rows if row["date"][3:] == f"{month[5:]}.{month[:4]}"]


def euros(row: dict[str, Any], field: str) -> Decimal:
    amount = Decimal(str(row[field]))
    if row["currency"] != "EUR":
        amount /= Decimal(str(row["exchangeRate"]))
    return amount.quantize(CENT, ROUND_HALF_UP)


def side(rows: Rows, name: str) -> dict[str, str]:
    credit_notes = [
        row for row in rows if row.get("type") == "CRE" or ("type" not in row and row["amount"] < 0)
    ]
    sums = {
        metric: sum(
            (-abs(euros(row, field)) if row in credit_notes else euros(row, field) for row in rows), ZERO
        )
        for metric, field in ((f"{name}_net", "amount"), (f"{name}_vat", "vatAmount"))
    }
    return {metric: str(value) for metric, value in sums.items()} | {
        f"{name}_invoice_count": str(len(rows) - len(credit_notes)),
        f"{name}_credit_note_count": str(len(credit_notes)),
    }


def ledger(entries: Rows, types: dict[str, str]) -> dict[str, str]:
    lines = [line for entry in entries for line in entry["rows"]]

    def credit(kind: str) -> Decimal:
        chosen = [line for line in lines if types[line["account"]] == kind]
        return sum(
            (Decimal(str(line["creditAmount"])) - Decimal(str(line["debitAmount"])) for line in chosen), ZERO
        )

    return {
        "income_total": str(credit("INCOME")),
        "expense_total": str(ZERO - credit("EXPENSE")),
        "entry_count": str(len(entries)),
        "entry_line_count": str(len(lines)),
        "bank_transaction_count": str(sum(entry["docType"] == "BANK_PAYMENT" for entry in entries)),
    }


def chart_of(reader: SmartAccountsCaller) -> dict[str, str]:
    answer = reader.ask(CHART).json()
    (rows,) = [answer] if isinstance(answer, list) else answer.values()
    return {row["code"]: row["type"] for row in rows}


@pytest.mark.parametrize("turn", TURNS)
def test_reading_by_the_rules_finds_the_truth(sandbox: RunningSandbox, turn: int) -> None:
    account = sandbox.accounts("smartaccounts")[turn]
    types = chart_of(caller(sandbox, turn))
    sales, bills = (caller(sandbox, turn).rows(name, **YEAR, dateType="date") for name in (SALES, PURCHASES))
    entries = caller(sandbox, turn).rows(LEDGER, **YEAR, fetchRows="true")

    for month in MONTHS:
        found = side(of_month(sales, month), "sales") | side(of_month(bills, month), "purchase")
        counts = [int(value) for metric, value in found.items() if metric.endswith("count")]
        found |= ledger(of_month(entries, month), types) | {"document_count": str(sum(counts))}

        assert found == {metric: one["value"] for metric, one in sandbox.truth(account, month).items()}


def test_a_month_alone_holds_its_first_and_its_last_day(sandbox: RunningSandbox) -> None:
    year = caller(sandbox, 0).rows(SALES, **YEAR)

    march = caller(sandbox, 0).rows(SALES, **days("2026-03"))

    assert march == of_month(year, "2026-03")
    assert {"01.03.2026", "31.03.2026"} <= {row["date"] for row in march}


def test_february_of_a_leap_year_has_its_last_day(sandbox: RunningSandbox) -> None:
    turns = [caller(sandbox, turn) for turn in TURNS]

    rows = [row for reader in turns for row in reader.rows(SALES, **days("2024-02"))]

    assert "29.02.2024" in {row["date"] for row in rows}


def test_the_year_has_everything_that_misleads(sandbox: RunningSandbox) -> None:
    sales, bills = caller(sandbox, 0).rows(SALES, **YEAR), caller(sandbox, 0).rows(PURCHASES, **YEAR)

    home = {row["exchangeRate"] for row in sales if row["currency"] == "EUR"}

    assert {None, "CRE"} == {row["type"] for row in sales}
    assert home == {None, 1.0}
    assert any(row["currency"] != "EUR" for row in sales)
    assert any(row["roundAmount"] for row in sales)
    assert {type(row["number"]) for row in sales} == {int, str}
    assert all("type" not in row for row in bills)
    assert any(row["amount"] < 0 for row in bills)
    assert any(row.get("reverseVatChargeType") for row in bills)
    assert all(
        Decimal(str(row["totalAmount"]))
        == sum(Decimal(str(row[name])) for name in ("amount", "vatAmount", "roundAmount"))
        for row in sales
    )


def test_a_bill_may_be_posted_in_a_later_month_than_it_is_dated(sandbox: RunningSandbox) -> None:
    bills = caller(sandbox, 0).rows(PURCHASES, **YEAR)
    late = next(row for row in bills if row["entryDate"][3:] != row["date"][3:])
    _, number, year = late["entryDate"].split(".")
    period = days(f"{year}-{number}")

    posted = caller(sandbox, 0).rows(PURCHASES, **period, dateType="entrydate")
    entries = caller(sandbox, 0).rows(LEDGER, **period)

    assert late["id"] in {row["id"] for row in posted}
    assert late["id"] not in {row["id"] for row in of_month(posted, f"{year}-{number}")}
    assert late["id"] in {row["id"] for row in entries}


def test_other_dates_choose_other_invoices(sandbox: RunningSandbox) -> None:
    dated = caller(sandbox, 0).rows(SALES, **MARCH, dateType="")
    due = caller(sandbox, 0).rows(SALES, **MARCH, dateType="duedate")

    assert {row["dueDate"][3:] for row in due} == {"03.2026"}
    assert {row["id"] for row in due} != {row["id"] for row in dated}


def test_changes_are_asked_for_to_the_second_on_both_sides_of_midnight(sandbox: RunningSandbox) -> None:
    def changed(start: str, end: str) -> Rows:
        return caller(sandbox, 0).rows(SALES, dateFrom=start, dateTo=end, dateType="modifydate")

    before = changed("31.03.2026_23:59:00", "31.03.2026_23:59:59")
    after = changed("01.04.2026_00:00:00", "01.04.2026_00:00:30")

    assert {row["dateUpdated"] for row in before} == {"31.03.2026 23:59:45"}
    assert {row["dateUpdated"] for row in after} == {"01.04.2026 00:00:15"}
    assert {row["date"] for row in before} == {"31.03.2026"}


def test_pages_hold_a_hundred_rows_and_the_first_names_what_was_deleted(sandbox: RunningSandbox) -> None:
    pages = caller(sandbox, 0).pages(LEDGER, **YEAR)
    first = caller(sandbox, 0).ask(SALES, **YEAR).json()
    sizes = [len(page["entries"]) for page in pages]

    assert len(pages) > 3
    assert sizes[:-1] == [100] * (len(pages) - 1)
    assert 0 < sizes[-1] <= 100
    assert ["deleted" in page for page in pages] == [True] + [False] * (len(pages) - 1)
    assert first["deleted"]
    assert set(first["deleted"]).isdisjoint(row["id"] for row in caller(sandbox, 0).rows(SALES, **YEAR))


def test_some_accounts_have_smaller_pages(sandbox: RunningSandbox) -> None:
    pages = caller(sandbox, 2).pages(LEDGER, **YEAR)

    assert {len(page["entries"]) for page in pages[:-1]} == {40}


def test_a_page_behind_the_last_is_empty(sandbox: RunningSandbox) -> None:
    page = caller(sandbox, 0).ask(SALES, **MARCH, pageNumber=99).json()

    assert page == {"hasMoreEntries": False, "clientInvoices": []}


def test_lists_stand_under_different_keys(sandbox: RunningSandbox) -> None:
    usual, odd = (set(caller(sandbox, turn).ask(SALES, **MARCH).json()) for turn in (0, 1))

    assert usual == {"hasMoreEntries", "deleted", "clientInvoices"}
    assert odd == {"hasMoreEntries", "deleted", "templates"}
    assert isinstance(caller(sandbox, 2).ask(CHART).json(), list)


def test_some_accounts_show_credits_as_positive(sandbox: RunningSandbox) -> None:
    signs = [
        {row["amount"] > 0 for row in caller(sandbox, turn).rows(SALES, **YEAR) if row["type"] == "CRE"}
        for turn in (0, 1)
    ]

    assert signs == [{False}, {True}]


def test_ids_are_texts_or_numbers(sandbox: RunningSandbox) -> None:
    kinds = [{type(row["id"]) for row in caller(sandbox, turn).rows(SALES, **MARCH)} for turn in (0, 3)]

    assert kinds == [{str}, {int}]


def test_entries_have_every_kind_and_rows_only_when_asked(sandbox: RunningSandbox) -> None:
    entries = caller(sandbox, 0).rows(LEDGER, **YEAR)
    salaries = caller(sandbox, 0).rows(LEDGER, **YEAR, docType="PERIOD_SALARY")

    kinds = Counter(entry["docType"] for entry in entries)
    assert set(kinds) == {
        "LEDGER_ENTRY",
        "CLIENT_INVOICE",
        "VENDOR_INVOICE",
        "BANK_PAYMENT",
        "CASH_PAYMENT",
        "VAT_RETURN",
        "WAREHOUSE_MOVEMENT",
        "PERIOD_DEPRECIATION",
        "PERIOD_SALARY",
    }
    assert len(salaries) == kinds["PERIOD_SALARY"]
    assert all("rows" not in entry for entry in entries)


@pytest.mark.parametrize("turn", [0, 1])
def test_entries_are_balanced_and_some_accounts_book_credits_in_red(
    sandbox: RunningSandbox, turn: int
) -> None:
    entries = caller(sandbox, turn).rows(LEDGER, **YEAR, fetchRows="true")

    for entry in entries:
        debit, credit = (
            sum(Decimal(str(line[name])) for line in entry["rows"])
            for name in ("debitAmount", "creditAmount")
        )
        assert debit == credit
    negative = [line for entry in entries for line in entry["rows"] if line["creditAmount"] < 0]
    assert bool(negative) is (turn == 1)


def test_bank_payments_are_the_ledger_s_bank_entries(sandbox: RunningSandbox) -> None:
    bank = caller(sandbox, 0).rows(PAYMENTS, **YEAR, accountType="BANK")
    cash = caller(sandbox, 0).rows(PAYMENTS, **YEAR, accountType="CASH")
    entries = caller(sandbox, 0).rows(LEDGER, **YEAR, docType="BANK_PAYMENT")

    assert {row["id"] for row in bank} == {row["id"] for row in entries}
    assert cash
    assert {row["accountType"] for row in cash} == {"CASH"}


def test_invoices_have_lines_when_asked(sandbox: RunningSandbox) -> None:
    rows = caller(sandbox, 0).rows(SALES, **MARCH, fetchRows="true")

    for row in rows:
        assert sum(Decimal(str(line["sum"])) for line in row["rows"]) == Decimal(str(row["amount"]))


def test_an_empty_list_is_one_page(sandbox: RunningSandbox) -> None:
    page = caller(sandbox, 0).ask(SALES, dateFrom="01.01.2009", dateTo="31.01.2009").json()

    assert page == {"hasMoreEntries": False, "deleted": [], "clientInvoices": []}


def test_offers_are_not_invoices(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("smartaccounts")[5]
    before = caller(sandbox, 5).rows(SALES, **days(CHANGED))

    sandbox.mutate(account, "add", "prepayment_invoice", CHANGED)

    assert caller(sandbox, 5).rows(SALES, **days(CHANGED)) == before


def test_what_is_voided_leaves_the_list_and_is_named_as_deleted(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("smartaccounts")[5]
    before = caller(sandbox, 5).rows(SALES, **days(CHANGED))

    gone = sandbox.mutate(account, "void", "sales_invoice", CHANGED)["document"]

    page = caller(sandbox, 5).ask(SALES, **days(CHANGED)).json()
    assert gone in {row["id"] for row in before}
    assert gone in page["deleted"]
    assert gone not in {row["id"] for row in caller(sandbox, 5).rows(SALES, **days(CHANGED))}


def test_another_company_answers_with_its_own_books(sandbox: RunningSandbox) -> None:
    own = caller(sandbox, 0).rows(SALES, **MARCH)
    sandbox.fault(sandbox.accounts("smartaccounts")[0], "wrong_company")

    other = caller(sandbox, 0).rows(SALES, **MARCH)

    assert {row["id"] for row in own}.isdisjoint(row["id"] for row in other)


@pytest.mark.parametrize(("field", "spoiled"), [("amount", "vatAmount"), ("date", "date")])
def test_a_row_can_be_made_unreadable(sandbox: RunningSandbox, field: str, spoiled: str) -> None:
    sandbox.fault(sandbox.accounts("smartaccounts")[0], "unreadable", field=field)

    rows = caller(sandbox, 0).ask(SALES, **MARCH).json()["clientInvoices"]

    assert rows[0][spoiled] == "n/a"
    assert all(row[spoiled] != "n/a" for row in rows[1:])


def test_a_page_can_be_repeated_and_cut_short(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("smartaccounts")[0]
    sandbox.fault(account, "repeated_page")
    first, second = (caller(sandbox, 0).ask(LEDGER, **YEAR, pageNumber=page).json() for page in (1, 2))
    sandbox.fault(account, "short_page")

    with pytest.raises(json.JSONDecodeError):
        caller(sandbox, 0).ask(LEDGER, **YEAR).json()

    assert first == second
