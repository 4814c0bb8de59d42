"""Directo's ledger documents, the same from both interfaces."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sync_contracts.month import Month

from connectors.errors import UnreadableAnswerError
from connectors.rows import Row, amount_or_text, day, identifier, listed, month_of, text

# *unconfirmed*: which other types there are
SALE, PURCHASE = "ARVE", "OST"
LIABILITIES, INCOME, EXPENSES = "1", "3", "4"
CLASSES = frozenset("012345")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Document:
    """A document with its rows by the months of their own dates."""

    row: Row
    dated_on: date
    lines: Mapping[Month, list[Row]]

    @classmethod
    def of(cls, row: Row) -> "Document":
        """A row without a date has its document's; one that cannot be read may belong to any month."""
        dated_on = day(row, "date")
        lines: dict[Month, list[Row]] = {}
        for line in listed(row.get("rows"), "rows"):
            own = day(line, "date") if is_given(line.get("date")) else dated_on
            lines.setdefault(month_of(own), []).append(line)
        return cls(row, dated_on, lines)

    @property
    def month(self) -> Month:
        return month_of(self.dated_on)

    @property
    def kind(self) -> str:
        return text(self.row, "type").strip().upper()

    @property
    def number(self) -> str:
        return identifier(self.row, "number").strip()

    @property
    def name(self) -> str:
        """A number repeats across types, and may across years."""
        return f"{self.kind}/{self.number}/{self.dated_on}"

    def all_lines(self) -> list[Row]:
        return [line for lines in self.lines.values() for line in lines]


def account_of(line: Row) -> str:
    return identifier(line, "account").strip()


def by_class(lines: Iterable[Row], classes: Mapping[str, str] | None) -> dict[str, Decimal]:
    """Credits less debits on each class of accounts; without classes all amounts are one heap."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        kind = "" if classes is None else classes.get(account_of(line))
        if kind is None or (classes is not None and kind not in CLASSES):
            raise UnreadableAnswerError("a row's account is not in the chart, or its class is unknown")
        sums[kind] = sums.get(kind, ZERO) + _side(line, "creditamount") - _side(line, "debitamount")
    return sums


def is_given(value: Any) -> bool:
    """False for what is absent, null or empty."""
    return value is not None and value != ""


def _side(line: Row, name: str) -> Decimal:
    """Negative on either side where something is taken back."""
    return amount_or_text(line, name) if is_given(line.get(name)) else ZERO
