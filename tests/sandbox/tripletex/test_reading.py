"""A reader that does what the vendor's rules say, row by row, finds the truth."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sandbox.books.month import Month
from sandbox.clock import Clock
from support.sandbox_server import RunningSandbox, running_sandbox
from support.tripletex_caller import TripletexCaller

TURNS = range(6)
MONTHS = [Month(2026, 11).shift(back) for back in range(-12, 1)]
SALES_FIELDS = (
    "id,invoiceNumber,invoiceDate,isCreditNote,isCharged,amount,amountExcludingVat,amountRoundoff,"
    "amountCurrency,amountExcludingVatCurrency,currency(code)"
)
BILL_FIELDS = (
    "id,invoiceNumber,invoiceDate,isCreditNote,amount,amountExcludingVat,amountCurrency,currency(code),"
    "voucher(id,number,date)"
)
BALANCE_FIELDS = "account(number,name,type),balanceIn,balanceChange,balanceOut"
POSTING_FIELDS = "id,date,amount,account(number,type,isBankAccount),voucher(id)"
INCOME = {"OPERATING_REVENUES", "INVESTMENT_INCOME", "EXTRAORDINARY_INCOME"}
EXPENSES = {"OPERATING_EXPENSES", "COST_OF_CAPITAL", "EXTRAORDINARY_COST"}


def caller(sandbox: RunningSandbox, turn: int = 0) -> TripletexCaller:
    account = sandbox.accounts("tripletex")[turn]
    return TripletexCaller(account, sandbox.http, sandbox.world.clock.now()).sign_in()


def dates(month: Month, prefix: str = "date") -> dict[str, str]:
    names = ("invoiceDateFrom", "invoiceDateTo") if prefix == "invoiceDate" else ("dateFrom", "dateTo")
    return dict(zip(names, (month.first.isoformat(), month.shift(1).first.isoformat()), strict=True))


def total(rows: list[dict[str, Any]], field: str) -> Decimal:
    return sum((Decimal(str(row[field])) for row in rows), Decimal("0.00"))


def read_documents(rows: list[dict[str, Any]], side: str, sign: int) -> dict[str, str]:
    credit_notes = sum(row["isCreditNote"] for row in rows)
    net = total(rows, "amountExcludingVat")
    roundoff = total(rows, "amountRoundoff") if side == "sales" else Decimal(0)
    return {
        f"{side}_invoice_count": str(len(rows) - credit_notes),
        f"{side}_credit_note_count": str(credit_notes),
        f"{side}_net": str(sign * net + Decimal("0.00")),
        f"{side}_vat": str(sign * (total(rows, "amount") - net - roundoff) + Decimal("0.00")),
    }


def account_type(account: dict[str, Any]) -> str:
    if account["type"]:
        return str(account["type"])
    number = account["number"]
    if number >= 8300 or number < 3000:
        return "OTHER"
    if number >= 8100:
        return "COST_OF_CAPITAL"
    if number >= 8000:
        return "INVESTMENT_INCOME"
    return "OPERATING_EXPENSES" if number >= 4000 else "OPERATING_REVENUES"


def read_result(rows: list[dict[str, Any]], field: str) -> dict[str, str]:
    income = [row for row in rows if account_type(row["account"]) in INCOME]
    expenses = [row for row in rows if account_type(row["account"]) in EXPENSES]
    return {
        "income_total": str(Decimal("0.00") - total(income, field)),
        "expense_total": str(total(expenses, field)),
    }


@pytest.mark.parametrize("turn", TURNS)
def test_reading_by_the_rules_finds_the_truth(sandbox: RunningSandbox, turn: int) -> None:
    account, reader = sandbox.accounts("tripletex")[turn], caller(sandbox, turn)
    for month in MONTHS:
        sales = reader.rows("invoice", **dates(month, "invoiceDate"), fields=SALES_FIELDS)
        bills = reader.rows("supplierInvoice", **dates(month, "invoiceDate"), fields=BILL_FIELDS)
        postings = reader.rows("ledger/posting", **dates(month), fields=POSTING_FIELDS)
        balances = reader.rows(
            "balanceSheet",
            **dates(month),
            accountNumberFrom=3000,
            accountNumberTo=9000,
            fields=BALANCE_FIELDS,
        )

        found = read_documents([row for row in sales if row["isCharged"]], "sales", 1)
        found |= read_documents([row for row in bills if row["voucher"]["number"] > 0], "purchase", -1)
        found["document_count"] = str(sum(int(one) for name, one in found.items() if name.endswith("count")))
        found |= read_result(postings, "amount")
        found["entry_count"] = str(len({row["voucher"]["id"] for row in postings}))
        found["entry_line_count"] = str(len(postings))
        found["bank_transaction_count"] = str(sum(row["account"]["isBankAccount"] for row in postings))

        truth = {metric: one["value"] for metric, one in sandbox.truth(account, str(month)).items()}
        assert found == truth
        assert read_result(balances, "balanceChange").items() <= truth.items()


def everything(sandbox: RunningSandbox, turn: int, path: str, fields: str) -> list[dict[str, Any]]:
    prefix = "invoiceDate" if path.endswith("nvoice") else "date"
    period = dates(MONTHS[0], prefix) | dict([list(dates(MONTHS[-1], prefix).items())[1]])
    return caller(sandbox, turn).rows(path, **period, fields=fields)


def test_sales_credits_are_negative_and_bills_have_the_other_sign(sandbox: RunningSandbox) -> None:
    sales = everything(sandbox, 0, "invoice", SALES_FIELDS)
    bills = everything(sandbox, 0, "supplierInvoice", BILL_FIELDS)

    assert all((row["amount"] < 0) is row["isCreditNote"] for row in sales)
    assert all((row["amountCurrency"] > 0) is row["isCreditNote"] for row in bills)


def test_bills_that_are_not_booked_show_no_amount_but_in_their_currency(sandbox: RunningSandbox) -> None:
    bills = everything(sandbox, 0, "supplierInvoice", BILL_FIELDS)

    waiting = [row for row in bills if row["voucher"]["number"] == 0]

    assert waiting
    assert all(row["amount"] == row["amountExcludingVat"] == 0 for row in waiting)
    assert all(row["amountCurrency"] for row in waiting)


def test_bills_may_be_posted_in_a_later_month(sandbox: RunningSandbox) -> None:
    bills = everything(sandbox, 0, "supplierInvoice", BILL_FIELDS)

    assert any(row["voucher"]["date"][:7] > row["invoiceDate"][:7] for row in bills)


def test_sales_have_roundoffs_and_foreign_currencies(sandbox: RunningSandbox) -> None:
    sales = everything(sandbox, 0, "invoice", SALES_FIELDS)

    assert any(row["amountRoundoff"] for row in sales)
    assert any(row["currency"]["code"] != "NOK" and row["amount"] != row["amountCurrency"] for row in sales)


def test_some_accounts_list_what_is_not_charged(sandbox: RunningSandbox) -> None:
    assert all(row["isCharged"] for row in everything(sandbox, 0, "invoice", SALES_FIELDS))
    assert not all(row["isCharged"] for row in everything(sandbox, 1, "invoice", SALES_FIELDS))


def test_some_charts_have_no_types_and_some_extraordinary_income(sandbox: RunningSandbox) -> None:
    types = [
        {row["account"]["type"] for row in everything(sandbox, turn, "ledger/posting", POSTING_FIELDS)}
        for turn in (0, 1, 4)
    ]

    assert {"OPERATING_REVENUES", "ANNUAL_RESULT", "TAX_ON_ORDINARY_ACTIVITIES"} <= types[0]
    assert "EXTRAORDINARY_INCOME" in types[1]
    assert types[2] == {None}


def test_cash_is_no_bank_account(sandbox: RunningSandbox) -> None:
    rows = everything(sandbox, 0, "ledger/posting", POSTING_FIELDS)

    numbers = {row["account"]["number"]: row["account"]["isBankAccount"] for row in rows}

    assert (numbers[1900], numbers[1920]) == (False, True)


def test_gross_amounts_of_postings_hold_vat(sandbox: RunningSandbox) -> None:
    rows = everything(sandbox, 0, "ledger/posting", "amount,amountGross,account(number)")

    taxed = [row for row in rows if row["amount"] != row["amountGross"]]

    assert taxed
    assert {row["account"]["number"] // 1000 for row in taxed} <= {3, 4, 6}


def test_the_last_day_of_a_range_is_left_out(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)

    without = reader.rows("invoice", invoiceDateFrom="2026-03-01", invoiceDateTo="2026-03-31")
    whole = reader.rows("invoice", invoiceDateFrom="2026-03-01", invoiceDateTo="2026-04-01")

    assert {row["invoiceDate"] for row in whole} - {row["invoiceDate"] for row in without} == {"2026-03-31"}


def test_the_total_of_a_page_is_only_one_more_than_its_rows(sandbox: RunningSandbox) -> None:
    reader, period = caller(sandbox), dates(Month(2026, 3))

    first = reader.get("ledger/posting", **period, count=1).json()
    page = reader.get("ledger/posting", **period | {"from": "10", "count": "50"}).json()
    rows = reader.rows("ledger/posting", **period)
    last = reader.get("ledger/posting", **period | {"from": str(len(rows) - 3), "count": "50"}).json()

    assert (first["fullResultSize"], first["count"]) == (2, 1)
    assert (page["fullResultSize"], page["from"], page["count"]) == (61, 10, 50)
    assert (last["fullResultSize"], last["count"], len(last["values"])) == (len(rows), 3, 3)


def test_pages_hold_every_row_once(sandbox: RunningSandbox) -> None:
    reader, period = caller(sandbox), dates(Month(2026, 3))

    in_pages = reader.rows("ledger/posting", **period, count=7, fields="id")

    assert in_pages == reader.rows("ledger/posting", **period, fields="id")
    assert len({row["id"] for row in in_pages}) == len(in_pages)


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"invoiceDateFrom": ""}, 422, 15000),
        ({"invoiceDateTo": ""}, 422, 15000),
        ({"invoiceDateTo": "2026-03-01"}, 422, 18000),
        ({"invoiceDateTo": "2026-02-01"}, 422, 18000),
        ({"invoiceDateFrom": "01.03.2026"}, 422, 16000),
        ({"count": "many"}, 422, 16000),
        ({"count": "-1"}, 422, 15000),
        ({"sorting": "colour"}, 422, 17000),
        ({"fields": "amountOutstandingCurrency"}, 400, 11000),
        ({"fields": "currency(colour)"}, 400, 11000),
        ({"fields": "amount(code)"}, 400, 11000),
        ({"fields": "currency(code"}, 400, 11000),
        ({"fields": "id)"}, 400, 11000),
    ],
)
def test_a_bad_parameter_is_refused_with_its_code(
    sandbox: RunningSandbox, params: dict[str, str], status: int, code: int
) -> None:
    answer = caller(sandbox).get("invoice", **(dates(Month(2026, 3), "invoiceDate") | params))

    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("path", ["supplierInvoice", "ledger/posting", "ledger/voucher", "balanceSheet"])
def test_dates_are_mandatory_everywhere(sandbox: RunningSandbox, path: str) -> None:
    assert caller(sandbox).get(path).json()["code"] == 15000


@pytest.mark.parametrize(
    ("path", "code"), [("nothing/here", 6000), ("company/77", 6000), ("company/abc", 12000)]
)
def test_an_unknown_path_or_object_is_not_found(sandbox: RunningSandbox, path: str, code: int) -> None:
    assert caller(sandbox).get(path).json()["code"] == code


def test_fields_choose_and_expand(sandbox: RunningSandbox) -> None:
    reader, period = caller(sandbox), dates(Month(2026, 3), "invoiceDate")

    plain = reader.get("invoice", **period).json()["values"][0]
    chosen = reader.get("invoice", **period, fields="id, currency(code), voucher").json()["values"][0]
    starred = reader.get("invoice", **period, fields="*,customer(name)").json()["values"][0]

    assert plain["currency"].keys() == {"id", "url"}
    assert chosen.keys() == {"id", "currency", "voucher"}
    assert chosen["currency"].keys() == {"code"}
    assert starred["customer"].keys() == {"name"}
    assert starred.keys() == plain.keys()


def test_rows_can_be_sorted_backwards(sandbox: RunningSandbox) -> None:
    rows = caller(sandbox).rows("invoice", **dates(Month(2026, 3), "invoiceDate"), sorting="-invoiceDate,id")

    assert [row["invoiceDate"] for row in rows] == sorted((row["invoiceDate"] for row in rows), reverse=True)


def test_more_than_ten_thousand_rows_are_refused() -> None:
    with running_sandbox(clients=1, documents=3600, clock=Clock()) as sandbox:
        reader = caller(sandbox)
        month = next(
            one
            for one in (Month(2025, 3), Month(2025, 4))
            if reader.rows("invoice", **dates(one, "invoiceDate"))
        )

        whole = reader.get("ledger/posting", **dates(month), count=1)
        half = reader.get(
            "ledger/posting", dateFrom=month.first.isoformat(), dateTo=month.day(16).isoformat(), count=10000
        )

    assert (whole.status_code, whole.json()["code"]) == (422, 23000)
    assert half.status_code == 200
    assert half.json()["count"] > 1000


def test_postings_by_date_know_an_account_by_its_id_alone(sandbox: RunningSandbox) -> None:
    reader, period = caller(sandbox), dates(Month(2026, 3))

    rows = reader.rows("ledger/postingByDate", **period)

    assert {row["id"] for row in rows} == {row["id"] for row in reader.rows("ledger/posting", **period)}
    assert rows[0]["account"].keys() == {"id"}


def test_vouchers_are_listed_and_unposted_ones_apart(sandbox: RunningSandbox) -> None:
    reader, month = caller(sandbox), Month(2026, 3)
    bills = reader.rows("supplierInvoice", **dates(month, "invoiceDate"), fields="voucher(id,number)")

    posted = reader.rows("ledger/voucher", **dates(month))
    waiting = reader.rows("ledger/voucher/>nonPosted", **dates(month), includeNonApproved="true")

    truth = sandbox.truth(sandbox.accounts("tripletex")[0], str(month))
    assert len(posted) == int(truth["entry_count"]["value"])
    assert all(row["number"] > 0 for row in posted)
    assert {row["id"] for row in waiting} == {
        row["voucher"]["id"] for row in bills if not row["voucher"]["number"]
    }
    assert all(row["tempNumber"] for row in waiting)


def test_balances_add_up_from_the_start_of_the_year(sandbox: RunningSandbox) -> None:
    reader = caller(sandbox)
    march = reader.rows("balanceSheet", **dates(Month(2026, 3)), fields=BALANCE_FIELDS)
    april = reader.rows(
        "balanceSheet",
        **dates(Month(2026, 4)),
        fields=BALANCE_FIELDS,
        includeActiveAccountsWithoutMovements="true",
    )

    opening = {row["account"]["number"]: row["balanceIn"] for row in april}

    assert all(row["balanceOut"] == pytest.approx(row["balanceIn"] + row["balanceChange"]) for row in march)
    assert all(opening[row["account"]["number"]] == row["balanceOut"] for row in march)


@pytest.mark.parametrize(("field", "spoiled"), [("amount", "amount"), ("date", "invoiceDate")])
def test_a_row_can_be_made_unreadable(sandbox: RunningSandbox, field: str, spoiled: str) -> None:
    reader = caller(sandbox)
    sandbox.fault(sandbox.accounts("tripletex")[0], "unreadable", field=field)

    rows = reader.rows("invoice", **dates(Month(2026, 3), "invoiceDate"))

    assert [row[spoiled] for row in rows].count("n/a") == 1


def test_a_page_cut_short_still_says_that_there_is_more(sandbox: RunningSandbox) -> None:
    reader, period = caller(sandbox), dates(Month(2026, 3), "invoiceDate")
    whole = reader.get("invoice", **period).json()
    sandbox.fault(sandbox.accounts("tripletex")[0], "short_page")

    cut = reader.get("invoice", **period).json()

    assert cut["count"] == len(cut["values"]) == whole["count"] // 2
    assert cut["fullResultSize"] == cut["count"] + 1
