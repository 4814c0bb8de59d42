"""The profit and loss report: sections of accounts, amounts as text, titles that may be translated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.books.chart import Nature, Role
from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.posting import entries_of
from sandbox.books.records import Document, Entry, Source
from sandbox.quickbooks.chart import SECTIONS, Line, Section, reference
from sandbox.quickbooks.company import Company

Row = dict[str, Any]
Column = Mapping[Role, Decimal]
ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the report is to be about; both days belong to it."""

    first: date
    last: date
    cash_basis: bool
    by_month: bool

    @property
    def periods(self) -> list[tuple[date, date]]:
        """The days of each column."""
        if not self.by_month:
            return [(self.first, self.last)]
        month, periods = Month.of(self.first), []
        while month.first <= self.last:
            periods.append((max(self.first, month.first), min(self.last, month.last)))
            month = month.shift(1)
        return periods


def report(company: Company, books: Books, asked: Asked, now: str) -> Row:
    """One report as the vendor builds it."""
    periods = asked.periods
    if company.habits.months_backwards:
        periods = periods[::-1]
    columns = [_amounts(books, *period, cash_basis=asked.cash_basis) for period in periods]
    if asked.by_month:
        columns.append({role: sum((one.get(role, ZERO) for one in columns), ZERO) for role in Role})
    has_data = any(amount for column in columns for amount in column.values())
    header = {
        "Time": now,
        "ReportName": "ProfitAndLoss",
        "ReportBasis": "Cash" if asked.cash_basis else "Accrual",
        "StartPeriod": asked.first.isoformat(),
        "EndPeriod": asked.last.isoformat(),
        "SummarizeColumnsBy": "Month" if asked.by_month else "Total",
        "Currency": books.profile.currency,
        "Option": [
            {"Name": "AccountingStandard", "Value": "GAAP"},
            {"Name": "NoReportData", "Value": str(not has_data).lower()},
        ],
    }
    made: Row = {"Header": header, "Columns": {"Column": _heads(periods, by_month=asked.by_month)}}
    if has_data:
        return made | {"Rows": {"Row": list(_sections(company, columns))}}
    return made if company.habits.no_rows else made | {"Rows": {}}


def _heads(periods: Sequence[tuple[date, date]], *, by_month: bool) -> list[Row]:
    heads = [_head("", "Account", ColKey="account")]
    if by_month:
        heads += [
            _head(
                f"{first:%b %Y}",
                "Money",
                StartDate=first.isoformat(),
                EndDate=last.isoformat(),
                ColKey=f"{first:%b %Y}",
            )
            for first, last in periods
        ]
    return [*heads, _head("Total", "Money", ColKey="total")]


def _head(title: str, kind: str, **meta: str) -> Row:
    pairs = [{"Name": name, "Value": value} for name, value in meta.items()]
    return {"ColTitle": title, "ColType": kind, "MetaData": pairs}


def _sections(company: Company, columns: Sequence[Column]) -> Iterator[Row]:
    totals: dict[str, list[Decimal]] = {}
    for section in SECTIONS:
        title = section.translated if company.habits.translated else section.title
        if section.adds:
            totals[section.group] = [_result(section, totals, index) for index in range(len(columns))]
        else:
            roles = [role for line in section.lines for role in line.roles]
            totals[section.group] = [_sum(column, roles) for column in columns]
        if section.always or any(totals[section.group]):
            yield _section(section, title, columns, totals[section.group])


def _section(section: Section, title: str, columns: Sequence[Column], totals: Sequence[Decimal]) -> Row:
    if section.adds:
        return {"Summary": _cells(title, totals), "type": "Section", "group": section.group}
    rows = [row for line in section.lines for row in _line(line, columns)]
    return {
        "Header": _cells(title, [None] * len(columns)),
        "Rows": {"Row": rows} if rows else {},
        "Summary": _cells(f"Total {title}", totals),
        "type": "Section",
        "group": section.group,
    }


def _line(line: Line, columns: Sequence[Column]) -> Iterator[Row]:
    """An account without movement is left out; one with others below is a section, its own money on top."""
    if not any(column.get(role) for column in columns for role in line.roles):
        return
    own = [column.get(line.role) for column in columns]
    if not line.below:
        yield {**_cells(line.name, own, line.role), "type": "Data"}
        return
    yield {
        "Header": _cells(line.name, own, line.role),
        "Rows": {"Row": [row for one in line.below for row in _line(one, columns)]},
        "Summary": _cells(f"Total {line.name}", [_sum(column, line.roles) for column in columns]),
        "type": "Section",
    }


def _cells(title: str, amounts: Sequence[Decimal | None], role: Role | None = None) -> Row:
    """A cell without money is empty."""
    first = {"value": title} | ({"id": reference(role)["value"]} if role else {})
    return {"ColData": [first, *({"value": f"{amount:.2f}" if amount else ""} for amount in amounts)]}


def _result(section: Section, totals: Mapping[str, Sequence[Decimal]], index: int) -> Decimal:
    return sum((sign * totals[group][index] for group, sign in section.adds), ZERO)


def _sum(column: Column, roles: Sequence[Role]) -> Decimal:
    return sum((column.get(role, ZERO) for role in roles), ZERO)


def _amounts(books: Books, first: date, last: date, *, cash_basis: bool) -> Column:
    """Amounts by account, income and costs both positive."""
    found: dict[Role, Decimal] = {}
    for month in books.months(first, last):
        for day, entry in _paid(books, month) if cash_basis else _posted(books, month):
            if first <= day <= last:
                for posting in entry.postings:
                    sign = {Nature.INCOME: -1, Nature.EXPENSE: 1}.get(posting.role.nature)
                    if sign:
                        found[posting.role] = found.get(posting.role, ZERO) + sign * posting.amount
    return found


def _posted(books: Books, month: Month) -> Iterator[tuple[date, Entry]]:
    return ((entry.posted_on, entry) for entry in books.entries(month))


def _paid(books: Books, month: Month) -> Iterator[tuple[date, Entry]]:
    """Documents on the day they were paid, everything else as it is."""
    for entry in books.entries(month):
        if entry.source in {Source.JOURNAL, Source.CASH}:
            yield entry.posted_on, entry
    for payment in books.payments(month):
        if isinstance(payment.record, Document):
            yield payment.paid_on, next(entries_of(payment.record))
