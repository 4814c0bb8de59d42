"""A reader that does what the vendor's rules say, row by row, finds the truth."""

from __future__ import annotations

import calendar
import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from support.sandbox_server import RunningSandbox
from support.scoro_caller import ScoroCaller

CENT, ZERO = Decimal("0.01"), Decimal("0.00")
MONTHS = [f"2025-{number:02}" for number in (11, 12)] + [f"2026-{number:02}" for number in range(1, 12)]
YEAR = ("2025-11-01", "2026-11-30")
MARCH = ("2026-03-01", "2026-03-31")
CHANGED = "2026-05"
TURNS = range(6)

Rows = list[dict[str, Any]]


def caller(sandbox: RunningSandbox, turn: int) -> ScoroCaller:
    sandbox.world.clock.advance(61)  # each reader has a minute of its own
    return ScoroCaller(sandbox.accounts("scoro")[turn], sandbox.http)


def days(month: str) -> tuple[str, str]:
    year, number = map(int, month.split("-"))
    return f"{month}-01", f"{month}-{calendar.monthrange(year, number)[1]:02}"


def own(rows: Rows, account: dict[str, Any], month: str) -> Rows:
    entity = account["credentials"]["company_account_id"]
    return [row for row in rows if row["date"][:7] == month and (row.get("account_id") or entity) == entity]


def converted(row: dict[str, Any], field: str, currency: str) -> Decimal:
    amount = Decimal(str(row[field]))
    if row["currency"] != currency:
        amount *= Decimal(str(row["currency_rate"]))
    return amount.quantize(CENT, ROUND_HALF_UP)


def is_credit(row: dict[str, Any]) -> bool:
    return bool(row.get("credited_invoices")) or Decimal(str(row["sum"])) < 0


def side(rows: Rows, name: str, currency: str) -> dict[str, str]:
    found = {}
    for metric, field in ((f"{name}_net", "sum"), (f"{name}_vat", "vat_sum")):
        amounts = [(converted(row, field, currency), is_credit(row)) for row in rows]
        found[metric] = str(sum((-abs(one) if credit else one for one, credit in amounts), ZERO))
    credit_notes = sum(map(is_credit, rows))
    return found | {
        f"{name}_invoice_count": str(len(rows) - credit_notes),
        f"{name}_credit_note_count": str(credit_notes),
    }


@pytest.mark.parametrize("turn", TURNS)
def test_reading_by_the_rules_finds_the_truth(sandbox: RunningSandbox, turn: int) -> None:
    account = sandbox.accounts("scoro")[turn]
    currency = account["currency"]
    lists = [caller(sandbox, turn).rows(name, *YEAR) for name in ("invoices", "bills", "expenses")]

    for month in MONTHS:
        sales, bills, claims = (own(rows, account, month) for rows in lists)
        found = side(sales, "sales", currency) | side(bills, "purchase", currency)
        spent = sum((converted(row, "sum", currency) for row in claims), Decimal(found["purchase_net"]))
        found |= {"income_total": found["sales_net"], "expense_total": str(spent)}
        found["document_count"] = str(len(sales) + len(bills))

        assert found == {metric: one["value"] for metric, one in sandbox.truth(account, month).items()}


def test_a_month_alone_holds_its_first_and_its_last_day(sandbox: RunningSandbox) -> None:
    year = caller(sandbox, 0).rows("invoices", *YEAR)

    march = caller(sandbox, 0).rows("invoices", *MARCH)

    assert march == [row for row in year if row["date"][:7] == "2026-03"]
    assert set(MARCH) <= {row["date"] for row in march}


def test_february_of_a_leap_year_has_its_last_day(sandbox: RunningSandbox) -> None:
    rows = [
        row for turn in TURNS for row in caller(sandbox, turn).rows("invoices", "2024-02-01", "2024-02-29")
    ]

    assert "2024-02-29" in {row["date"] for row in rows}


def test_the_year_has_everything_that_misleads(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("scoro")[0]
    sales, bills = caller(sandbox, 0).rows("invoices", *YEAR), caller(sandbox, 0).rows("bills", *YEAR)

    home = {row["currency_rate"] for row in sales if row["currency"] == account["currency"]}

    assert home == {1, "1.000000", None, 0}
    assert any(row["currency"] != account["currency"] for row in sales)
    assert {row["is_sent"] for row in sales} == {True, False}
    assert {row["status"] for row in sales} == {"paid", "unpaid"}
    assert {row["generation_type"] for row in sales} == {"manual", "automated"}
    assert {type(row["no"]) for row in sales} == {int}
    assert {type(row["no"]) for row in bills} == {str}
    assert any(row["recognition_date"][:7] != row["date"][:7] for row in bills)
    assert any(row["sum"] < 0 for row in bills)
    assert {row["is_deleted"] for row in sales + bills} == {False}


def test_credits_are_told_by_their_sign_by_what_they_credit_or_by_both(sandbox: RunningSandbox) -> None:
    marks = []
    for turn in range(3):
        rows = caller(sandbox, turn).rows("invoices", *YEAR)
        marks.append(
            {(bool(row["credited_invoices"]), float(row["sum"]) < 0) for row in rows if is_credit(row)}
        )

    assert marks == [{(True, True)}, {(True, False)}, {(False, True)}]


def test_amounts_are_numbers_or_in_quotes(sandbox: RunningSandbox) -> None:
    kinds = [{type(row["sum"]) for row in caller(sandbox, turn).rows("invoices", *YEAR)} for turn in (0, 1)]

    assert kinds == [{float}, {float, str}]


def test_a_site_s_entities_share_its_lists_and_some_rows_do_not_tell_theirs(sandbox: RunningSandbox) -> None:
    entities = [
        {row.get("account_id") for row in caller(sandbox, turn).rows("invoices", *YEAR)} for turn in (0, 1, 3)
    ]

    own_id = sandbox.accounts("scoro")[3]["credentials"]["company_account_id"]
    assert entities[0] == {sandbox.accounts("scoro")[0]["credentials"]["company_account_id"]}
    assert entities[1] == {None}
    assert own_id in entities[2]
    assert len(entities[2]) == 2


@pytest.mark.parametrize(("turn", "largest"), [(0, 100), (2, 50), (3, 25)])
def test_a_page_has_no_more_rows_than_the_server_s_most_and_the_last_is_followed_by_none(
    sandbox: RunningSandbox, turn: int, largest: int
) -> None:
    reader = caller(sandbox, turn)
    asked = {"filter": {"date": {"from_date": YEAR[0], "to_date": YEAR[1]}}, "per_page": 1000}

    pages = [reader.ask("invoices", **asked, page=number).json()["data"] for number in range(1, 12)]

    sizes = [len(page) for page in pages]
    assert sizes[0] == largest
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 0
    assert sum(sizes) == len({row["id"] for page in pages for row in page})


def test_a_page_has_fifty_rows_where_nothing_is_asked_and_25_with_lines(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox, 0)

    usual = reader.ask("invoices").json()["data"]
    detailed = reader.ask("invoices", detailed_response=True).json()["data"]

    assert (len(usual), len(detailed)) == (50, 25)
    assert {row["lines"] is None for row in usual} == {True}
    for row in detailed:
        assert sum(Decimal(str(line["sum"])) for line in row["lines"]) == Decimal(str(row["sum"]))


def test_the_newest_come_first(sandbox: RunningSandbox) -> None:
    dates = [row["date"] for row in caller(sandbox, 0).rows("invoices", *YEAR)]

    assert dates == sorted(dates, reverse=True)


def test_a_filter_in_another_form_is_ignored_without_a_word(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox, 0)

    ignored = reader.ask("invoices", filter={"date": {"start": MARCH[0], "end": MARCH[1]}}).json()["data"]

    assert ignored == reader.ask("invoices").json()["data"]


def test_changes_are_asked_for_by_the_day_on_both_sides_of_midnight(sandbox: RunningSandbox) -> None:
    def changed(day: str) -> set[str]:
        reader = caller(sandbox, 0)
        asked = {"modified_date": {"from_date": day, "to_date": day}}
        rows = reader.ask("invoices", filter=asked).json()["data"]
        return {row["modified_date"] for row in rows}

    assert changed("2026-03-31") == {"2026-03-31 23:59:45"}
    assert changed("2026-04-01") == {"2026-04-01 00:00:15"}


def test_a_bill_that_is_recognised_later_is_found_by_the_day_of_its_change(sandbox: RunningSandbox) -> None:
    late = next(
        row
        for row in caller(sandbox, 0).rows("bills", *YEAR)
        if row["recognition_date"][:7] != row["date"][:7]
    )
    day = late["modified_date"][:10]

    found = caller(sandbox, 0).ask("bills", filter={"modified_date": {"from_date": day, "to_date": day}})

    assert late["id"] in {row["id"] for row in found.json()["data"]}


def test_drafts_prepayments_and_orders_are_no_invoices(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("scoro")[5]
    before = caller(sandbox, 5).rows("invoices", *days(CHANGED))

    prepayments = len(caller(sandbox, 5).rows("prepayments", *days(CHANGED)))
    sandbox.mutate(account, "add", "prepayment_invoice", CHANGED)
    sandbox.mutate(account, "add", "delivery_order", CHANGED)

    assert caller(sandbox, 5).rows("invoices", *days(CHANGED)) == before
    assert len(caller(sandbox, 5).rows("prepayments", *days(CHANGED))) == prepayments + 1


def test_what_is_deleted_leaves_the_list_and_is_told_for_a_month_if_asked_for(
    sandbox: RunningSandbox,
) -> None:
    today = sandbox.world.clock.now().date().isoformat()
    account = sandbox.accounts("scoro")[5]
    before = {row["id"] for row in caller(sandbox, 5).rows("invoices", *days("2026-11"))}
    sandbox.mutate(account, "void", "sales_invoice", "2026-11")

    after = {row["id"] for row in caller(sandbox, 5).rows("invoices", *days("2026-11"))}
    told = caller(sandbox, 5).rows("invoices", *YEAR, include_deleted="1")

    (gone,) = before - after
    deleted = [row for row in told if row["is_deleted"]]
    assert gone in {row["id"] for row in deleted}
    assert "2026-10-24" <= min(row["deleted_date"][:10] for row in deleted) <= today


def test_an_expense_is_money_spent_without_a_bill(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("scoro")[5]
    before = caller(sandbox, 5).rows("expenses", *days(CHANGED))
    old = sandbox.truth(account, CHANGED)

    sandbox.mutate(account, "add", "bank_transaction", CHANGED)

    rows = caller(sandbox, 5).rows("expenses", *days(CHANGED))
    (new,) = [row for row in rows if row["id"] not in {one["id"] for one in before}]
    truth = sandbox.truth(account, CHANGED)
    grown = Decimal(truth["expense_total"]["value"]) - Decimal(old["expense_total"]["value"])
    assert grown == Decimal(str(new["sum"]))
    assert truth["purchase_net"] == old["purchase_net"]


def test_receipts_name_what_was_paid(sandbox: RunningSandbox) -> None:
    rows = caller(sandbox, 0).rows("receipts", *YEAR)

    assert {row["sales_doc_type"] for row in rows} == {"invoices", "bills", "expenses"}


def test_without_a_rate_the_sums_and_the_result_are_not_known(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("scoro")[4]
    sandbox.mutate(account, "add", "sales_invoice", CHANGED, rate_known=False)

    truth = sandbox.truth(account, CHANGED)
    rows = caller(sandbox, 4).rows("invoices", *days(CHANGED))

    assert {"sales_net", "sales_vat", "income_total"}.isdisjoint(truth)
    assert "expense_total" in truth
    assert any(row["currency_rate"] is None and row["currency"] == "EUR" for row in rows)


def test_another_company_answers_with_its_own_name_and_books(sandbox: RunningSandbox) -> None:
    mine = caller(sandbox, 0).rows("invoices", *MARCH)
    sandbox.fault(sandbox.accounts("scoro")[0], "wrong_company")

    others = caller(sandbox, 0).rows("invoices", *MARCH)
    (company,) = caller(sandbox, 0).ask("companyAccount").json()["data"]

    assert [row["sum"] for row in mine] != [row["sum"] for row in others]
    assert company["company_name"] == sandbox.accounts("scoro")[1]["name"]


@pytest.mark.parametrize(("field", "spoiled"), [("amount", "sum"), ("date", "date")])
def test_a_row_can_be_made_unreadable(sandbox: RunningSandbox, field: str, spoiled: str) -> None:
    sandbox.fault(sandbox.accounts("scoro")[0], "unreadable", field=field)

    rows = caller(sandbox, 0).ask("invoices").json()["data"]

    assert rows[0][spoiled] == "n/a"
    assert all(row[spoiled] != "n/a" for row in rows[1:])


def test_days_can_be_ignored_pages_repeated_and_texts_cut_short(sandbox: RunningSandbox) -> None:
    account, reader = sandbox.accounts("scoro")[0], caller(sandbox, 0)
    asked = {"filter": {"date": {"from_date": MARCH[0], "to_date": MARCH[1]}}}
    sandbox.fault(account, "no_date_filter", times=1)
    unfiltered = reader.ask("invoices", **asked).json()["data"]
    sandbox.fault(account, "repeated_page", times=2)
    first, second = (reader.ask("invoices", page=number).json() for number in (1, 2))
    sandbox.fault(account, "short_page")

    with pytest.raises(json.JSONDecodeError):
        reader.ask("invoices").json()

    assert {row["date"][:7] for row in unfiltered} != {"2026-03"}
    assert first == second


def test_a_filter_may_have_one_end_only(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox, 0)

    rows = reader.ask("invoices", filter={"date": {"from_date": "2026-11-01"}}).json()["data"]
    older = reader.ask("invoices", filter={"date": {"to_date": "2026-03-31"}}).json()["data"]

    assert min(row["date"] for row in rows) == "2026-11-01"
    assert max(row["date"] for row in older) == "2026-03-31"
