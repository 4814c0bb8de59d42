"""A reader that does what the vendor's rules say, row by row, finds the truth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from sandbox.books.month import Month
from sandbox.clock import Clock
from support.freeagent_caller import FreeAgentCaller
from support.sandbox_server import RunningSandbox, running_sandbox

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NUMBERS = range(1, 8)
MONTHS = [Month(2026, 11).shift(back) for back in range(-12, 1)]
CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with running_sandbox(seed=7, clients=7, documents=24, clock=Clock(stopped_at=NOON)) as started:
        yield started


def account(sandbox: RunningSandbox, number: int) -> dict[str, Any]:
    return sandbox.accounts("freeagent")[number - 1]


def caller(sandbox: RunningSandbox, number: int = 1) -> FreeAgentCaller:
    return FreeAgentCaller(account(sandbox, number), sandbox.http)


def dates(month: Month) -> dict[str, Any]:
    return {"from_date": month.first.isoformat(), "to_date": month.last.isoformat()}


def own(row: dict[str, Any], amount: Decimal, currency: str) -> Decimal:
    rate = Decimal(1) if row["currency"] == currency else Decimal(row["exchange_rate"])
    return (amount * rate).quantize(CENT, ROUND_HALF_UP)


def taxes(row: dict[str, Any]) -> Decimal:
    return abs(Decimal(row["sales_tax_value"])) + abs(Decimal(row.get("second_sales_tax_value") or 0))


def side(rows: list[tuple[dict[str, Any], int]], name: str, currency: str) -> dict[str, str]:
    """Counts and sums of documents with their signs."""
    net = vat = Decimal("0.00")
    for row, sign in rows:
        tax = taxes(row)
        net += sign * own(row, abs(Decimal(row["total_value"])) - tax, currency)
        vat += sign * own(row, tax, currency)
    return {
        f"{name}_invoice_count": str(sum(sign > 0 for _, sign in rows)),
        f"{name}_credit_note_count": str(sum(sign < 0 for _, sign in rows)),
        f"{name}_net": str(net),
        f"{name}_vat": str(vat),
    }


def read_sales(reader: FreeAgentCaller, month: Month, currency: str, view: str) -> dict[str, str]:
    found: list[tuple[dict[str, Any], int]] = []
    for path, sign in (("invoices", 1), ("credit_notes", -1)):
        rows = reader.rows(path, view=view)
        issued = [row for row in rows if row["status"] not in {"Draft", "Scheduled To Email"}]
        found += [(row, sign) for row in issued if row["dated_on"].startswith(str(month))]
    return side(found, "sales", currency)


def read_bank(reader: FreeAgentCaller, month: Month) -> str:
    accounts = reader.rows("bank_accounts")
    return str(
        sum(
            len(reader.rows("bank_transactions", bank_account=one["url"], **dates(month))) for one in accounts
        )
    )


def read(sandbox: RunningSandbox, number: int, month: Month, view: str) -> dict[str, str]:
    reader = caller(sandbox, number)
    currency = reader.get("company").json()["company"]["currency"]
    bills = reader.rows("bills", **dates(month))
    found = read_sales(reader, month, currency, view)
    found |= side([(row, -1 if row["total_value"][0] == "-" else 1) for row in bills], "purchase", currency)
    found["document_count"] = str(sum(int(one) for name, one in found.items() if name.endswith("count")))
    answer = reader.get("accounting/profit_and_loss/summary", **dates(month))
    summary = answer.json()["profit_and_loss_summary"]
    found["income_total"] = f"{Decimal(summary['income']):.2f}"
    found["expense_total"] = f"{Decimal(summary['expenses']):.2f}"
    found["entry_count"] = str(len(reader.rows("journal_sets", **dates(month))))
    found["entry_line_count"] = str(len(reader.rows("accounting/transactions", **dates(month))))
    found["bank_transaction_count"] = read_bank(reader, month)
    return found


def truth(sandbox: RunningSandbox, number: int, month: Month) -> dict[str, str]:
    told = sandbox.truth(account(sandbox, number), str(month))
    return {metric: one["value"] for metric, one in told.items()}


@pytest.mark.parametrize("number", NUMBERS)
def test_reading_by_the_rules_finds_the_truth(sandbox: RunningSandbox, number: int) -> None:
    for month in MONTHS:
        assert read(sandbox, number, month, "last_14_months") == truth(sandbox, number, month), month
        sandbox.world.clock.advance(61)


def test_february_of_a_leap_year_has_documents_on_its_last_day(sandbox: RunningSandbox) -> None:
    month = Month(2024, 2)

    assert read(sandbox, 2, month, "all") == truth(sandbox, 2, month)
    assert "2024-02-29" in {row["dated_on"] for row in caller(sandbox, 2).rows("bills", **dates(month))}


def test_before_the_start_date_there_is_nothing(sandbox: RunningSandbox) -> None:
    start = caller(sandbox, 7).get("company").json()["company"]["freeagent_start_date"]
    before = truth(sandbox, 7, Month(2026, 2))

    assert start == "2026-03-01"
    assert set(before.values()) == {"0", "0.00"}
    assert all(row["dated_on"] >= start for row in caller(sandbox, 7).rows("invoices", view="all"))


def test_invoices_know_no_dates_to_ask_by(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)

    asked = reader.rows("invoices", view="last_6_months", from_date="2026-10-01", to_date="2026-10-31")

    assert asked == reader.rows("invoices", view="last_6_months")
    assert {row["dated_on"][:7] for row in asked} > {"2026-09", "2026-10"}


def test_a_view_goes_back_by_months_from_today(sandbox: RunningSandbox) -> None:
    days = [row["dated_on"] for row in caller(sandbox).rows("invoices", view="last_2_months")]

    assert min(days) >= "2026-09-23"
    assert caller(sandbox).get("invoices", view="nonsense").status_code == 400


def test_the_hour_of_entry_says_nothing_about_the_day(sandbox: RunningSandbox) -> None:
    rows = caller(sandbox).rows("bills", from_date="2026-01-01", to_date="2026-11-30")

    around = {(row["created_at"][:10] > row["dated_on"]) for row in rows}

    assert around == {True, False}
    assert any(row["created_at"][:7] != row["dated_on"][:7] for row in rows)


def test_both_ends_of_a_period_belong_to_it(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    days = {row["dated_on"] for row in reader.rows("bills", from_date="2026-01-01", to_date="2026-11-30")}
    first = next(month.first for month in MONTHS if month.first.isoformat() in days).isoformat()
    last = next(month.last for month in MONTHS if month.last.isoformat() in days).isoformat()

    for day in (first, last):
        assert {row["dated_on"] for row in reader.rows("bills", from_date=day, to_date=day)} == {day}


def test_bills_have_signs_that_contradict_each_other(sandbox: RunningSandbox) -> None:
    signs = set()
    for number in (1, 2):
        rows = caller(sandbox, number).rows("bills", from_date="2026-01-01", to_date="2026-11-30")
        taxed = [row for row in rows if Decimal(row["sales_tax_value"])]
        signs |= {
            tuple(row[name].startswith("-") for name in ("total_value", "net_value", "sales_tax_value"))
            for row in taxed
        }

    assert signs == {
        (False, True, True),
        (False, False, True),
        (True, False, False),
        (True, True, False),
    }


def test_credit_notes_are_negative_here_and_positive_there(sandbox: RunningSandbox) -> None:
    usual, odd = (caller(sandbox, number).rows("credit_notes", view="all") for number in (1, 3))

    assert all(row["net_value"].startswith("-") for row in usual)
    assert not any(row["net_value"].startswith("-") for row in odd)


def test_outside_britain_there_may_be_two_taxes(sandbox: RunningSandbox) -> None:
    british, american = (caller(sandbox, number).rows("invoices", view="all") for number in (1, 3))

    assert not any("second_sales_tax_value" in row for row in british)
    assert any(row.get("second_sales_tax_value") for row in american)


def test_pages_link_to_each_other_and_cut_a_large_size_silently(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)

    first = reader.get("invoices", view="all", per_page=500)
    usual = reader.get("invoices", view="all")
    second = reader.get("invoices", view="all", per_page=100, page=2)
    alone = reader.get("bank_accounts")

    assert (len(first.json()["invoices"]), len(usual.json()["invoices"])) == (100, 25)
    assert set(first.links) == {"next", "last"}
    assert {"prev", "first"} <= set(second.links)
    assert "view=all" in first.links["next"]["url"]
    assert int(first.headers["x-total-count"]) > 100
    assert alone.headers["link"] == ""


def test_ledger_and_journals_may_come_without_a_total(sandbox: RunningSandbox) -> None:
    paths = ("journal_sets", "accounting/transactions", "bills")

    told = [caller(sandbox).get(path, **dates(MONTHS[0])).headers for path in paths]
    sandbox.fault(account(sandbox, 1), "no_totals")
    untold = [caller(sandbox).get(path, **dates(MONTHS[0])).headers for path in paths]

    assert ["x-total-count" in headers for headers in told] == [True, True, True]
    assert ["x-total-count" in headers for headers in untold] == [False, False, True]


def test_bank_transactions_need_their_account(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)

    assert reader.get("bank_transactions").status_code == 400
    assert (
        reader.get("bank_transactions", bank_account=f"{reader.address}/bank_accounts/99").status_code == 404
    )


def test_an_account_hidden_long_ago_is_listed(sandbox: RunningSandbox) -> None:
    hidden = [row for row in caller(sandbox).rows("bank_accounts") if row["status"] == "hidden"]

    assert [row["latest_activity_date"] for row in hidden] == ["2012-05-04"]


def test_a_report_without_days_is_of_the_accounting_year(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)

    silent = reader.get("accounting/profit_and_loss/summary").json()["profit_and_loss_summary"]
    long = reader.get("accounting/profit_and_loss/summary", from_date="2025-01-01", to_date="2026-01-01")

    assert (silent["from"], silent["to"]) == ("2026-01-01", "2026-11-23")
    assert long.status_code == 400


def test_tax_and_dividends_are_no_expenses(sandbox: RunningSandbox) -> None:
    answer = caller(sandbox).get("accounting/profit_and_loss/summary", **dates(Month(2025, 12)))
    summary = answer.json()["profit_and_loss_summary"]

    taken = {one["title"]: Decimal(one["total"]) for one in summary["less"]}
    profit = Decimal(summary["income"]) - Decimal(summary["expenses"])

    assert taken["Corp. Tax"] > 0
    assert Decimal(summary["operating_profit"]) == profit
    assert Decimal(summary["retained_profit"]) == profit - sum(taken.values())


def test_some_companies_see_whole_units_only(sandbox: RunningSandbox) -> None:
    printed = {}
    for number in (1, 4):
        answer = caller(sandbox, number).get("accounting/profit_and_loss/summary", **dates(MONTHS[3]))
        printed[number] = answer.json()["profit_and_loss_summary"]["income"]

    assert "." in printed[1]
    assert "." not in printed[4]


def test_opening_balances_stand_apart_without_a_day(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)

    opening = reader.get("journal_sets/opening_balances").json()["journal_set"]
    january = reader.rows("journal_sets", from_date="2026-01-01", to_date="2026-01-31")

    assert "dated_on" not in opening
    assert not any(row["description"] == "opening" for row in january)


def test_revaluations_add_rows_that_no_document_explains(sandbox: RunningSandbox) -> None:
    rows = caller(sandbox, 2).rows("accounting/transactions", **dates(Month(2026, 10)))

    revalued = [row for row in rows if "revaluation" in row["description"]]

    assert len(revalued) == 60
    assert sum(Decimal(row["debit_value"]) for row in rows) == 0


def test_out_of_pocket_expenses_are_negative_and_no_bank_transactions(sandbox: RunningSandbox) -> None:
    rows = caller(sandbox).rows("expenses", from_date="2026-01-01", to_date="2026-11-30")

    assert rows
    assert all(row["gross_value"].startswith("-") for row in rows)


def test_another_company_answers_where_it_is_told_to(sandbox: RunningSandbox) -> None:
    sandbox.fault(account(sandbox, 1), "wrong_company")

    assert caller(sandbox).get("company").json()["company"]["id"] == 700_002
