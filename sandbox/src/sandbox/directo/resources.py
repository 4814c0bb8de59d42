"""The resources of the newer interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.profile import FOUNDED
from sandbox.books.records import Document, Kind, State
from sandbox.directo import chart
from sandbox.directo.company import Company
from sandbox.directo.filters import Condition
from sandbox.directo.ledger import transactions
from sandbox.directo.rows import Row, invoice_row, transaction_row

_SALES = frozenset({Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE})
_LISTED = frozenset({State.BOOKED, State.DRAFT, State.SUBMITTED})


@dataclass(frozen=True, slots=True)
class Question:
    """One request: whose books, and its conditions."""

    company: Company
    books: Books
    conditions: tuple[Condition, ...]

    def months(self) -> Iterator[Month]:
        """The months that the conditions on dates leave."""
        first, last = FOUNDED, Month(2099, 12)
        for one in self.conditions:
            if one.field == "date":
                month = Month.parse(one.value[:7])
                first = month if one.sign != "<" and month > first else first
                last = month if one.sign != ">" and month < last else last
        return self.books.months(first.first, last.last)

    def holds(self, row: Row, names: Mapping[str, str]) -> bool:
        """Whether a row meets them all; `names` are those that fields have in it."""
        return all(one.holds(row.get(names.get(one.field, one.field))) for one in self.conditions)


@dataclass(frozen=True, slots=True)
class Resource:
    """What can be asked for: its filters, and its rows."""

    fields: frozenset[str]
    rows: Callable[[Question], list[Row]]


def _accounts(question: Question) -> list[Row]:
    rows = chart.account_rows(keeps_stock=question.company.habits.keeps_stock)
    return [row for row in rows if question.holds(row, {})]


def _transactions(question: Question) -> list[Row]:
    rows = (
        transaction_row(question.company, made)
        for month in question.months()
        for made in transactions(question.books, month)
    )
    return [row for row in rows if question.holds(row, {})]


def _invoices(question: Question) -> list[Row]:
    rows = (
        invoice_row(question.company, document)
        for month in question.months()
        for document in question.books.documents(month)
        if _is_listed(document)
    )
    return [row for row in rows if question.holds(row, {} if "date" in row else {"date": "invoicedate"})]


def _is_listed(document: Document) -> bool:
    return document.kind in _SALES and document.state in _LISTED


RESOURCES: Mapping[str, Resource] = {
    "accounts": Resource(frozenset({"code", "class"}), _accounts),
    "transactions": Resource(frozenset({"date", "type", "number", "ts"}), _transactions),
    "invoices": Resource(frozenset({"date", "number", "ts"}), _invoices),
}
