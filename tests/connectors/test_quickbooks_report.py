"""QuickBooks' profit and loss, over recorded answers."""

from typing import Any

import pytest
from connectors.protocol import MonthCounts
from support.quickbooks_answers import Answering, reading
from support.quickbooks_readings import MARCH, failure, group, only, report, value
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric
from sync_contracts.month import Month, Months


async def test_columns_of_a_year_are_known_by_their_own_days() -> None:
    months = Months(Month(2026, 1), MARCH)
    columns = [MARCH, Month(2026, 1), Month(2026, 2)]
    answers = Answering(
        report=report(
            group("Income", "300.00", "100.00", "", "400.00"),
            group("Expenses", "30.00", "10.00", "", "40.00"),
            group("NetIncome", "270.00", "90.00", "", "360.00"),
            months=months,
            columns=columns,
        )
    )

    read = await reading(answers, *months)

    incomes = [
        value(result, Metric.INCOME_TOTAL)
        for result in read.months.values()
        if isinstance(result, MonthCounts)
    ]
    assert incomes == ["100.00", "0.00", "300.00"]


async def test_a_month_without_a_column_fails_alone() -> None:
    months = Months(Month(2026, 2), MARCH)
    rows = group("Income", "300.00", "300.00")

    read = await reading(Answering(report=report(rows, months=months, columns=[MARCH])), *months)

    assert failure(read, Month(2026, 2)) is ProblemCode.UNREADABLE_ANSWER
    assert isinstance(read.months[MARCH], MonthCounts)


async def test_money_posted_to_a_parent_account_is_in_the_group_s_total_alone() -> None:
    inner = {
        "Header": {"ColData": [{"value": "Consulting", "id": "21"}, {"value": "300.00"}]},
        "Rows": {"Row": [{"ColData": [{"value": "Workshops"}, {"value": "520.03"}], "type": "Data"}]},
        "Summary": {"ColData": [{"value": "Total Consulting"}, {"value": "820.03"}]},
        "type": "Section",
    }
    income = group("Income", "820.03") | {"Rows": {"Row": [inner]}}

    counts = await only(Answering(report=report(income, months=Months(MARCH, MARCH))))

    assert value(counts, Metric.INCOME_TOTAL) == "820.03"


async def test_a_report_that_does_not_add_up_is_told() -> None:
    rows = (group("Income", "100.00"), group("NetIncome", "60.00"))

    counts = await only(Answering(report=report(*rows, months=Months(MARCH, MARCH))))

    assert "PROFIT_AND_LOSS_DIFFERS" in counts.notes


def broken(kind: str) -> dict[str, Any]:
    month = Months(MARCH, MARCH)
    good = report(group("Income", "1.00"), months=month)
    match kind:
        case "another period":
            return report(group("Income", "1.00"), months=Months(Month(2026, 2), MARCH))
        case "another basis":
            return good | {"Header": good["Header"] | {"ReportBasis": "Cash"}}
        case "no rows though there is data":
            return good | {"Rows": {}}
        case "a cell that is text":
            return report(group("Income", "about ten"), months=month)
        case "a cell that is missing":
            return report(group("Income"), months=month)
        case "a group without its total":
            rows = {"Row": [{"ColData": [{"value": "Sales"}, {"value": "9.00"}], "type": "Data"}]}
            return report({"group": "Income", "Rows": rows}, months=month)
    raise AssertionError(kind)


@pytest.mark.parametrize(
    "kind",
    [
        "another period",
        "another basis",
        "no rows though there is data",
        "a cell that is text",
        "a cell that is missing",
        "a group without its total",
    ],
)
async def test_a_report_that_is_not_what_was_asked_for_fails_the_month(kind: str) -> None:
    assert failure(await reading(Answering(report=broken(kind)), MARCH)) is ProblemCode.UNREADABLE_ANSWER


async def test_an_empty_report_needs_no_columns_and_no_rows() -> None:
    counts = await only(Answering(report=None))

    assert value(counts, Metric.INCOME_TOTAL) == value(counts, Metric.EXPENSE_TOTAL) == "0.00"
