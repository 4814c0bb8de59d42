from decimal import Decimal
from typing import Any

import pytest
from connectors.errors import UnreadableAnswerError
from connectors.xero.report import Totals, by_account, by_title, section_sign

Line = tuple[str, str]


def section(title: str, *lines: Line, total: bool = True) -> dict[str, Any]:
    rows = [
        {
            "RowType": "Row",
            "Cells": [
                {"Value": account, "Attributes": [{"Id": "account", "Value": account}]},
                {"Value": amount},
            ],
        }
        for account, amount in lines
    ]
    summed = str(sum(Decimal(amount) for _, amount in lines)) if total else ""
    summary = {"RowType": "SummaryRow", "Cells": [{"Value": "Total"}, {"Value": summed}]}
    return {"RowType": "Section", "Title": title, "Rows": [*rows, summary] if total else rows}


def result(name: str, amount: str) -> dict[str, Any]:
    return {
        "RowType": "Section",
        "Title": "",
        "Rows": [{"RowType": "Row", "Cells": [{"Value": name}, {"Value": amount}]}],
    }


def totals(income: str, expenses: str) -> Totals:
    return Totals(Decimal(income), Decimal(expenses))


@pytest.mark.parametrize(
    ("title", "sign"),
    [
        ("income", 1),
        ("trading income", 1),
        ("plus other income", 1),
        ("revenue", 1),
        ("turnover", 1),
        ("less cost of sales", -1),
        ("less operating expenses", -1),
        ("administrative costs", -1),
        ("income tax expense", -1),
        ("less other income", -1),
        ("finance", None),
    ],
)
def test_titles(title: str, sign: int | None) -> None:
    assert section_sign(title) == sign


def test_sections_are_added_and_checked_against_the_net_profit() -> None:
    rows = [
        section(" Income ", ("a", "100.00")),
        section("Less Cost of Sales", ("b", "20.00")),
        result("Gross Profit", "80.00"),
        section("Plus Other Income", ("c", "5.00"), total=False),
        section("Less Operating Expenses", ("d", "30.00"), ("e", "-2.00")),
        result("NET PROFIT", "57.00"),
    ]

    assert by_title(rows) == totals("105.00", "48.00")


def test_an_empty_month_is_zero() -> None:
    assert by_title([section("Income", total=False), section("Sundry", total=False)]) == totals("0", "0")


def test_an_unknown_title_is_not_guessed() -> None:
    assert by_title([section("Finance", ("a", "1.00"))]) is None


def test_a_report_that_does_not_add_up_by_its_titles_is_not_taken() -> None:
    assert by_title([section("Income", ("a", "100.00")), result("Net Profit", "99.97")]) is None


def test_two_cents_are_rounding() -> None:
    rows = [section("Income", ("a", "100.00")), result("Net Profit", "99.98")]

    assert by_title(rows) == totals("100.00", "0")


def test_accounts_decide_where_titles_do_not() -> None:
    rows = [
        section("Mixed", ("a", "100.00"), ("b", "7.00")),
        section("Finance", ("c", "30.00")),
        result("Net Profit", "77.00"),
    ]

    found = by_account(rows, {"a": "REVENUE", "b": "REVENUE", "c": "EXPENSE"})

    assert found == totals("107.00", "30.00")


@pytest.mark.parametrize(("profit", "expected"), [("96.00", ("96.00", "0")), ("104.00", ("100.00", "-4.00"))])
def test_the_grouped_currency_result_goes_where_its_section_or_the_profit_says(
    profit: str, expected: tuple[str, str]
) -> None:
    title = "Finance" if profit == "96.00" else "Less Operating Expenses"
    rows = [
        section("Income", ("a", "100.00")),
        section(title, ("FXGROUPID", "-4.00")),
        result("Net Profit", profit),
    ]

    assert by_account(rows, {"a": "REVENUE"}) == totals(*expected)


def test_a_currency_loss_in_an_untold_section_is_an_expense() -> None:
    rows = [
        section("Income", ("a", "100.00")),
        section("Finance", ("FXGROUPID", "4.00")),
        result("Net Profit", "96.00"),
    ]

    assert by_account(rows, {"a": "REVENUE"}) == totals("100.00", "4.00")


@pytest.mark.parametrize(
    "rows",
    [
        [section("Income", ("a", "100.00")), result("Net Profit", "50.00")],
        [section("Finance", ("unknown", "100.00"))],
        [section("Income", ("a", "a lot"), total=False)],
        [section("Income", ("a", "NaN"), total=False)],
        [{"RowType": "Section", "Title": "Income", "Rows": [{"RowType": "Row", "Cells": [{"Value": "x"}]}]}],
    ],
)
def test_what_cannot_be_told_is_unreadable(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(UnreadableAnswerError):
        by_account(rows, {"a": "REVENUE"})
