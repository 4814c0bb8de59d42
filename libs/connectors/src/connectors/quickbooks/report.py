"""Reads the profit and loss: its groups' totals, in one column for each month."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from sync_contracts.month import Month, Months

from connectors.errors import UnreadableAnswerError
from connectors.rows import Row, listed, mapping

INCOME = ("Income", "OtherIncome")
EXPENSES = ("COGS", "Expenses", "OtherExpenses")
RESULT = "NetIncome"
BASIS = "Accrual"
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Totals:
    """A month's income and expenses, and the report's own result where it tells one."""

    income: Decimal
    expenses: Decimal
    result: Decimal | None


def parameters(period: Months) -> dict[str, str]:
    """Both days belong to the period; without a method the company's preference would decide."""
    return {
        "start_date": period.first_day.isoformat(),
        "end_date": period.last_day.isoformat(),
        "accounting_method": BASIS,
        "summarize_column_by": "Total" if len(period) == 1 else "Month",
    }


class Report:
    """One answer, checked to be the report that was asked for."""

    def __init__(self, answer: Any, period: Months) -> None:
        report = mapping(answer, "the report")
        header = mapping(report.get("Header"), "Header")
        _check_asked(header, period)
        self._period = period
        self._is_empty = _has_no_data(header)
        self._columns = [_meta(one) for one in _members(report.get("Columns"), "Column")]
        self._groups: dict[str, Row] = {}
        for row in _members(report.get("Rows"), "Row"):
            if row.get("group"):
                self._groups[str(row["group"])] = row
        if not self._groups and not self._is_empty:
            raise UnreadableAnswerError("the report has neither groups nor the remark that it is empty")

    def totals(self, month: Month) -> Totals:
        """UnreadableAnswerError when the month has no column, or a cell is not a number."""
        if self._is_empty:
            return Totals(ZERO, ZERO, ZERO)
        column = self._column(month)
        income = sum((self._amount(group, column) for group in INCOME), ZERO)
        expenses = sum((self._amount(group, column) for group in EXPENSES), ZERO)
        result = self._amount(RESULT, column) if RESULT in self._groups else None
        return Totals(income, expenses, result)

    def _column(self, month: Month) -> int:
        """The months' order is not promised: each column says which it is."""
        for index, meta in enumerate(self._columns):
            if len(self._period) == 1 and meta.get("ColKey") == "total":
                return index
            days = (meta.get("StartDate"), meta.get("EndDate", month.last_day.isoformat()))
            if days == (month.first_day.isoformat(), month.last_day.isoformat()):
                return index
        raise UnreadableAnswerError("the report has no column for a month")

    def _amount(self, group: str, column: int) -> Decimal:
        """A group's own total; its rows leave out what is posted to a parent account."""
        row = self._groups.get(group)
        if row is None:
            return ZERO
        if row.get("Summary") is None:
            if _members(row.get("Rows"), "Row"):
                raise UnreadableAnswerError("a group of the report has rows but no total")
            return ZERO
        cells = listed(mapping(row["Summary"], "Summary").get("ColData"), "ColData")
        if column >= len(cells):
            raise UnreadableAnswerError("a row of the report has too few cells")
        return _number(cells[column].get("value"))


def _check_asked(header: Row, period: Months) -> None:
    told = (header.get("StartPeriod"), header.get("EndPeriod"))
    if told != (period.first_day.isoformat(), period.last_day.isoformat()):
        raise UnreadableAnswerError("the report is of another period than asked")
    if header.get("ReportBasis", BASIS) != BASIS:
        raise UnreadableAnswerError("the report is on another basis than asked")


def _has_no_data(header: Row) -> bool:
    options = listed(header.get("Option") or [], "Option")
    return any(one.get("Name") == "NoReportData" and one.get("Value") == "true" for one in options)


def _meta(column: Row) -> dict[str, str]:
    return {
        str(one.get("Name")): str(one.get("Value"))
        for one in listed(column.get("MetaData") or [], "MetaData")
    }


def _members(holder: Any, name: str) -> list[Row]:
    """What `Rows` or `Columns` hold; they may be empty or absent."""
    return listed(mapping(holder, name).get(name) or [], name) if holder else []


def _number(told: Any) -> Decimal:
    """A cell; an empty one is nothing."""
    try:
        value = Decimal(told or "0")
    except (InvalidOperation, TypeError, ValueError):
        raise UnreadableAnswerError("a cell of the report is not a number") from None
    if not value.is_finite():
        raise UnreadableAnswerError("a cell of the report is not a number")
    return value
