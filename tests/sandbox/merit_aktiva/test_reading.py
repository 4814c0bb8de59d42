"""A reader that does what the vendor's rules say, row by row, finds the truth."""

from __future__ import annotations

import calendar
import json
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from support.merit_caller import MeritCaller
from support.sandbox_server import RunningSandbox

CENT = Decimal("0.01")
MONTHS = [f"2025-{number:02}" for number in (11, 12)] + [f"2026-{number:02}" for number in range(1, 12)]
TURNS = range(6)


def caller(sandbox: RunningSandbox, turn: int) -> MeritCaller:
    account = sandbox.accounts("merit-aktiva")[turn]
    return MeritCaller(account, sandbox.http, sandbox.world.clock.now())


def period(month: str) -> dict[str, str]:
    year, number = int(month[:4]), int(month[5:])
    last = calendar.monthrange(year, number)[1]
    return {"PeriodStart": f"{year}{number:02}01", "PeriodEnd": f"{year}{number:02}{last}"}


def base(row: dict[str, Any], field: str, home: str) -> Decimal:
    amount, rate = Decimal(str(row[field])), Decimal(str(row["CurrencyRate"]))
    if row["CurrencyCode"] != home:
        amount /= rate
    return amount.quantize(CENT, ROUND_HALF_UP)


def read_side(rows: list[dict[str, Any]], side: str, home: str) -> dict[str, str]:
    kept = [row for row in rows if row.get("AccountingDoc") not in {6, 8}]
    credit_notes = [row for row in kept if row.get("AccountingDoc") == 5 or row["TotalAmount"] < 0]
    sums = {}
    for metric, field in ((f"{side}_net", "TotalAmount"), (f"{side}_vat", "TaxAmount")):
        flipped = [
            -abs(base(row, field, home)) if row in credit_notes else base(row, field, home) for row in kept
        ]
        sums[metric] = str(sum(flipped, Decimal("0.00")))
    return sums | {
        f"{side}_invoice_count": str(len(kept) - len(credit_notes)),
        f"{side}_credit_note_count": str(len(credit_notes)),
    }


def read_result(report: dict[str, Any], column: int) -> dict[str, str]:
    def total(type_id: int) -> Decimal:
        details = [one for line in report["Data"] for one in line["Details"] if one["TypeId"] == type_id]
        return sum((Decimal(str(one["Balance"][column])) for one in details), Decimal("0.00"))

    return {"income_total": str(total(3)), "expense_total": str(abs(total(4)))}


def read_ledger(batches: list[dict[str, Any]]) -> dict[str, str]:
    rows = [row for batch in batches for row in batch["Entries"]]

    def total(type_id: int) -> Decimal:
        chosen = [row for row in rows if row["TypeId"] == type_id]
        sides = (Decimal(str(row["CreditAmount"])) - Decimal(str(row["DebitAmount"])) for row in chosen)
        return sum(sides, Decimal("0.00"))

    return {
        "entry_count": str(len(batches)),
        "entry_line_count": str(len(rows)),
        "income_total": str(total(3)),
        "expense_total": str(-total(4) or Decimal("0.00")),
    }


@pytest.mark.parametrize("turn", TURNS)
def test_reading_by_the_rules_finds_the_truth(sandbox: RunningSandbox, turn: int) -> None:
    account, reader = sandbox.accounts("merit-aktiva")[turn], caller(sandbox, turn)
    home = account["currency"]
    report = reader.rows("v1/getprofitrep", EndDate="20261130", PerCount=13, DepFilter="")
    for back, month in enumerate(reversed(MONTHS)):
        sandbox.world.clock.advance(30)  # keeps clear of the minute's limit
        reader = caller(sandbox, turn)
        sales = reader.rows("v2/getinvoices", **period(month))
        bills = reader.rows("v1/getpurchorders", **period(month))
        ledger = reader.rows("v1/GetGLBatchesFull", **period(month), WithLines=1, WithCostAlloc=0)
        payments = reader.rows("v2/getpayments", **period(month))

        found = read_side(sales, "sales", home) | read_side(bills, "purchase", home) | read_ledger(ledger)
        found["bank_transaction_count"] = str(len(payments))
        counts = [
            int(value) for metric, value in found.items() if metric.endswith(("invoice_count", "note_count"))
        ]
        found["document_count"] = str(sum(counts))

        truth = {metric: one["value"] for metric, one in sandbox.truth(account, month).items()}
        assert found == truth
        assert read_result(report, back).items() <= truth.items()


def test_the_year_has_everything_that_must_be_left_out(sandbox: RunningSandbox) -> None:
    sales = [row for month in MONTHS for row in caller(sandbox, 0).rows("v2/getinvoices", **period(month))]

    kinds = {row["AccountingDoc"] for row in sales}

    assert {0, 1, 5, 6, 8} <= kinds
    assert {row["EmailSent"] for row in sales} == {"1901-01-01T00:00:00"}
    assert any(row["AccountingDoc"] != 5 and row["TotalAmount"] < 0 for row in sales)
    assert any(row["RoundingAmount"] for row in sales)
    assert any(row["CurrencyCode"] != "EUR" for row in sales)


def test_a_bill_may_be_posted_in_a_later_month_than_it_is_dated(sandbox: RunningSandbox) -> None:
    bills = [row for month in MONTHS for row in caller(sandbox, 0).rows("v1/getpurchorders", **period(month))]

    late = [row for row in bills if row["TransactionDate"][:7] != row["DocumentDate"][:7]]

    assert late
    month = late[0]["TransactionDate"][:7]
    ledger = caller(sandbox, 0).rows("v1/GetGLBatchesFull", **period(month), WithLines=1, WithCostAlloc=0)
    assert late[0]["PIHId"] in {batch["GLBId"] for batch in ledger}


def test_the_period_may_mean_the_day_of_the_last_change(sandbox: RunningSandbox) -> None:
    bills = [row for month in MONTHS for row in caller(sandbox, 0).rows("v1/getpurchorders", **period(month))]
    late = next(row for row in bills if row["TransactionDate"][:7] != row["DocumentDate"][:7])

    changed = caller(sandbox, 0).rows("v2/getpurchorders", **period(late["TransactionDate"][:7]), DateType=1)

    assert late["PIHId"] in {row["PIHId"] for row in changed}


def test_the_report_puts_the_newest_month_first_and_its_lines_add_up(sandbox: RunningSandbox) -> None:
    report = caller(sandbox, 0).rows("v1/getprofitrep", EndDate="20261031", PerCount=2, DepFilter="")
    shorter = caller(sandbox, 0).rows("v1/getprofitrep", EndDate="20260930", PerCount=1, DepFilter="")

    heading, result = report["Data"][0], report["Data"][-1]
    income, expenses = (Decimal(read_result(report, 0)[key]) for key in ("income_total", "expense_total"))
    assert (heading["RowType"], heading["Balance"]) == (1, None)
    assert (result["RowType"], Decimal(str(result["Balance"][0]))) == (4, income - expenses)
    assert shorter["Data"][-1]["Balance"][0] == result["Balance"][1]


def test_a_report_up_to_the_middle_of_a_month_stops_there(sandbox: RunningSandbox) -> None:
    whole = caller(sandbox, 0).rows("v1/getprofitrep", EndDate="20261031", PerCount=1, DepFilter="")
    part = caller(sandbox, 0).rows("v1/getprofitrep", EndDate="20261015", PerCount=1, DepFilter="")

    assert read_result(part, 0) != read_result(whole, 0)


def test_accounts_differ_in_the_sign_of_expenses_and_in_columns(sandbox: RunningSandbox) -> None:
    reports = [
        caller(sandbox, turn).rows("v1/getprofitrep", EndDate="20261031", PerCount=1, DepFilter="")
        for turn in (0, 1)
    ]

    details = [one for line in reports[0]["Data"] for one in line["Details"] if one["TypeId"] == 4]
    others = [one for line in reports[1]["Data"] for one in line["Details"] if one["TypeId"] == 4]
    assert sum(one["Balance"][0] for one in details) < 0 < sum(one["Balance"][0] for one in others)
    assert [len(report["Data"][-1]["Balance"]) for report in reports] == [1, 2]


def test_an_empty_answer_is_a_list_or_nothing_at_all(sandbox: RunningSandbox) -> None:
    nothing = {"PeriodStart": "20090101", "PeriodEnd": "20090131"}

    answers = [caller(sandbox, turn).ask("v2/getinvoices", **nothing).content for turn in (0, 1)]

    assert answers == [b"[]", b""]


def test_some_accounts_wrap_their_json_in_a_string(sandbox: RunningSandbox) -> None:
    answer = caller(sandbox, 3).ask("v2/getinvoices", **period("2026-03")).json()

    assert isinstance(answer, str)
    assert isinstance(json.loads(answer), list)


def test_some_accounts_show_credits_as_positive(sandbox: RunningSandbox) -> None:
    rows = [row for month in MONTHS for row in caller(sandbox, 4).rows("v2/getinvoices", **period(month))]

    credit_notes = [row for row in rows if row["AccountingDoc"] == 5]

    assert credit_notes
    assert all(row["TotalAmount"] > 0 for row in credit_notes)


def test_some_accounts_have_no_rate_for_their_own_currency(sandbox: RunningSandbox) -> None:
    rows = caller(sandbox, 2).rows("v2/getinvoices", **period("2026-03"))

    assert {row["CurrencyRate"] for row in rows if row["CurrencyCode"] == "PLN"} == {0.0}


def test_the_first_version_of_invoices_lists_invoices_and_credits_alone(sandbox: RunningSandbox) -> None:
    sandbox.fault(sandbox.accounts("merit-aktiva")[0], "no_v2")

    refused = caller(sandbox, 0).ask("v2/getinvoices", **period("2026-03"))
    rows = caller(sandbox, 0).rows("v1/getinvoices", **period("2026-03"))

    truth = sandbox.truth(sandbox.accounts("merit-aktiva")[0], "2026-03")
    assert refused.status_code == 404
    assert "AccountingDoc" not in rows[0]
    assert (
        read_side(rows, "sales", "EUR").items() <= {key: one["value"] for key, one in truth.items()}.items()
    )


def test_asking_for_unpaid_invoices_leaves_some_out(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox, 0)

    every = reader.rows("v2/getinvoices", **period("2026-03"))
    unpaid = reader.rows("v2/getinvoices", **period("2026-03"), UnPaid=True)

    assert 0 < len(unpaid) < len(every)
    assert not any(row["Paid"] for row in unpaid)


def test_payments_name_their_id_in_one_of_two_ways(sandbox: RunningSandbox) -> None:
    rows = [caller(sandbox, turn).rows("v2/getpayments", **period("2026-03"))[0] for turn in (0, 2)]

    assert "PHId" in rows[0]
    assert "PIHId" in rows[1]
    assert {1, 2, 4} <= {
        row["Direction"] for row in caller(sandbox, 0).rows("v2/getpayments", **period("2026-03"))
    }


def test_without_lines_the_ledger_has_heads_alone(sandbox: RunningSandbox) -> None:
    rows = caller(sandbox, 0).rows("v1/GetGLBatchesFull", **period("2026-03"), WithLines=0, WithCostAlloc=0)

    assert rows
    assert all("Entries" not in row for row in rows)


def test_another_company_answers_with_its_own_books(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("merit-aktiva")[0]
    own = caller(sandbox, 0).rows("v2/getinvoices", **period("2026-03"))
    sandbox.fault(account, "wrong_company")

    other = caller(sandbox, 0).rows("v2/getinvoices", **period("2026-03"))

    assert {row["SIHId"] for row in own}.isdisjoint(row["SIHId"] for row in other)


@pytest.mark.parametrize("turn", [0, 3])
@pytest.mark.parametrize(("field", "spoiled"), [("amount", "TotalAmount"), ("date", "DocumentDate")])
def test_a_row_can_be_made_unreadable(sandbox: RunningSandbox, turn: int, field: str, spoiled: str) -> None:
    sandbox.fault(sandbox.accounts("merit-aktiva")[turn], "unreadable", field=field)

    rows = caller(sandbox, turn).rows("v2/getinvoices", **period("2026-03"))

    assert rows[0][spoiled] == "n/a"
    assert all(row[spoiled] != "n/a" for row in rows[1:])


def test_an_answer_cut_short_is_no_json(sandbox: RunningSandbox) -> None:
    sandbox.fault(sandbox.accounts("merit-aktiva")[0], "short_page")

    with pytest.raises(json.JSONDecodeError):
        caller(sandbox, 0).rows("v2/getinvoices", **period("2026-03"))


def test_a_changed_book_changes_the_answer(sandbox: RunningSandbox) -> None:
    account = sandbox.accounts("merit-aktiva")[5]
    before = caller(sandbox, 5).rows("v2/getinvoices", **period("2026-03"))

    sandbox.mutate(account, "void", "sales_invoice", "2026-03")

    assert len(caller(sandbox, 5).rows("v2/getinvoices", **period("2026-03"))) == len(before) - 1
