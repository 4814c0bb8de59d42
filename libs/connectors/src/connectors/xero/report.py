"""Reads Xero's profit and loss of one month: by its sections' titles, or by its rows' accounts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from connectors.errors import UnreadableAnswerError
from connectors.rows import Row, listed

TOLERANCE = Decimal("0.02")
ZERO = Decimal(0)
_RESULTS = frozenset({"", "gross profit", "net profit"})


@dataclass(frozen=True, slots=True)
class Totals:
    """A month's income and expenses."""

    income: Decimal
    expenses: Decimal

    def fits(self, net_profit: Decimal | None) -> bool:
        return net_profit is None or abs(self.income - self.expenses - net_profit) <= TOLERANCE


def by_title(rows: Sequence[Row]) -> Totals | None:
    """The sections' totals; None when a title is unknown or they do not add up to the net profit."""
    sums = {1: ZERO, -1: ZERO}
    for section in _sections(rows):
        total = _total(section)
        sign = section_sign(_title(section))
        if total and sign is None:
            return None
        sums[sign or 1] += total
    totals = Totals(sums[1], sums[-1])
    return totals if totals.fits(_net_profit(rows)) else None


def by_account(rows: Sequence[Row], classes: Mapping[str, str]) -> Totals:
    """The amounts by their account's class; those without one by their section, or by the result."""
    sums, loose = {1: ZERO, -1: ZERO}, ZERO
    for section in _sections(rows):
        for row in _lines(section, "Row"):
            sign = {"REVENUE": 1, "EXPENSE": -1}.get(classes.get(_account(row), ""))
            sign = sign or section_sign(_title(section))
            if sign is None:
                loose += _amount(row)
            else:
                sums[sign] += _amount(row)
    net_profit = _net_profit(rows)
    choices = [Totals(sums[1] + loose, sums[-1]), Totals(sums[1], sums[-1] + loose)]
    fitting = [totals for totals in choices if totals.fits(net_profit)]
    if not fitting or (loose and net_profit is None):
        raise UnreadableAnswerError("the profit and loss does not add up")
    return fitting[0]


def section_sign(title: str) -> int | None:
    """1 for income, -1 for expenses, None for a title that tells neither."""
    if title.startswith("less") or "expense" in title or "cost" in title:
        return -1
    if title.startswith("plus") or any(word in title for word in ("income", "revenue", "turnover")):
        return 1
    return None


def _sections(rows: Sequence[Row]) -> Iterator[Row]:
    """The sections that hold accounts; those without a title hold results."""
    return (row for row in rows if row.get("RowType") == "Section" and _title(row) not in _RESULTS)


def _title(section: Row) -> str:
    return str(section.get("Title") or "").strip().lower()


def _lines(section: Row, kind: str) -> list[Row]:
    return [row for row in listed(section.get("Rows") or [], "Rows") if row.get("RowType") == kind]


def _total(section: Row) -> Decimal:
    """The section's own total; its rows' sum where it has none."""
    lines = _lines(section, "SummaryRow") or _lines(section, "Row")
    return sum((_amount(line) for line in lines), ZERO)


def _net_profit(rows: Sequence[Row]) -> Decimal | None:
    for section in rows:
        for line in listed(section.get("Rows") or [], "Rows"):
            if _cell(line, 0).strip().lower() == "net profit":
                return _amount(line)
    return None


def _account(row: Row) -> str:
    for cell in listed(row.get("Cells"), "Cells"):
        for attribute in listed(cell.get("Attributes") or [], "Attributes"):
            if attribute.get("Id") == "account":
                return str(attribute.get("Value"))
    return ""


def _amount(line: Row) -> Decimal:
    told = _cell(line, 1).strip()
    try:
        value = Decimal(told or "0")
    except InvalidOperation:
        raise UnreadableAnswerError("a cell of the report is not a number") from None
    if not value.is_finite():
        raise UnreadableAnswerError("a cell of the report is not a number")
    return value


def _cell(line: Row, index: int) -> str:
    cells = listed(line.get("Cells"), "Cells")
    if index >= len(cells):
        raise UnreadableAnswerError("a row of the report has too few cells")
    return str(cells[index].get("Value") or "")
