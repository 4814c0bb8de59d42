"""The profit and loss report: sections with titles of many kinds, amounts as text."""

import calendar
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

FX_GROUP = "FXGROUPID"
TIMEFRAME_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}

Row = dict[str, Any]
Column = Mapping[str, Decimal]
ZERO = Decimal("0.00")


@dataclass(frozen=True)
class Line:
    """A line of the report: an account of the chart, or the grouped currency result."""

    account_id: str
    name: str


@dataclass(frozen=True)
class Section:
    """A titled block; `sign` is what it adds to the profit, `always` keeps it when it is empty."""

    title: str
    sign: int
    lines: tuple[Line, ...]
    always: bool = False
    then: str = ""


@dataclass(frozen=True)
class Period:
    """A column: both days belong to it."""

    first: date
    last: date

    @property
    def label(self) -> str:
        """What stands over the column."""
        return f"{self.last.day} {self.last:%b %y}"


def periods_of(first: date, last: date, earlier: int, months: int) -> list[Period]:
    """The asked period and the earlier ones, newest first.

    Trap: an earlier column repeats the asked last day, so an anchor of 30 days cuts months of 31.
    """
    return [Period(_back(first, n * months), _back(last, n * months)) for n in range(earlier + 1)]


def report(
    organisation: str,
    sections: Sequence[Section],
    periods: Sequence[Period],
    amounts: Callable[[Period], Column],
    today: date,
) -> Row:
    """One report as the vendor builds it."""
    columns = [amounts(period) for period in periods]
    first, last = periods[0].first, periods[0].last
    return {
        "ReportID": "ProfitAndLoss",
        "ReportName": "Profit and Loss",
        "ReportType": "ProfitAndLoss",
        "ReportTitles": ["Profit & Loss", organisation, f"{_long(first)} to {_long(last)}"],
        "ReportDate": _long(today),
        "Rows": [_header(periods), *_blocks(sections, columns)],
    }


def _blocks(sections: Sequence[Section], columns: Sequence[Column]) -> list[Row]:
    if not any(any(column.values()) for column in columns):
        return [_block(section.title, []) for section in sections if section.always] + [_block("", [])]
    made, profit = [], [ZERO] * len(columns)
    for section in sections:
        rows = [
            _row(line, columns) for line in section.lines if any(line.account_id in one for one in columns)
        ]
        totals = [_sum(one.get(line.account_id, ZERO) for line in section.lines) for one in columns]
        profit = [so_far + section.sign * total for so_far, total in zip(profit, totals, strict=True)]
        if rows or section.always:
            made.append(_block(section.title, [*rows, _cells("SummaryRow", _total(section.title), totals)]))
        if section.then:
            made.append(_block("", [_cells("Row", section.then, profit)]))
    return made


def _row(line: Line, columns: Sequence[Column]) -> Row:
    row = _cells("Row", line.name, [one.get(line.account_id, ZERO) for one in columns])
    for cell in row["Cells"]:
        cell["Attributes"] = [{"Value": line.account_id, "Id": "account"}]
    return row


def _cells(kind: str, name: str, amounts: Iterable[Decimal]) -> Row:
    return {"RowType": kind, "Cells": [{"Value": name}, *({"Value": f"{amount:.2f}"} for amount in amounts)]}


def _block(title: str, rows: list[Row]) -> Row:
    return {"RowType": "Section", "Title": title, "Rows": rows}


def _header(periods: Sequence[Period]) -> Row:
    return {"RowType": "Header", "Cells": [{"Value": ""}, *({"Value": one.label} for one in periods)]}


def _total(title: str) -> str:
    return f"Total {title.removeprefix('Less ').removeprefix('Plus ')}"


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)


def _long(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _back(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
