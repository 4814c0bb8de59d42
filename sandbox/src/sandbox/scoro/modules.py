"""The modules: what each lists, the newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from sandbox.books.chart import Nature
from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.records import CashMove, Document, Kind, Record, State
from sandbox.scoro.company import Company
from sandbox.scoro.request import Asked
from sandbox.scoro.rows import (
    GONE,
    Row,
    bill_row,
    company_row,
    expense_row,
    invoice_row,
    modified_at,
    prepayment_row,
    receipt_row,
)

_DELETED_DAYS = 30
_EVER = (date(2000, 1, 1), date(2099, 12, 31))


@dataclass(frozen=True, slots=True)
class Question:
    """One request: whose lists, what is asked, and what day it is."""

    company: Company
    asked: Asked
    today: date

    @property
    def entities(self) -> tuple[Company, ...]:
        """All whose rows stand in the site's lists."""
        return (self.company, self.company.other) if self.company.other else (self.company,)

    def listed(self, record: Record) -> bool:
        """Whether a record is in its list: no drafts, and the deleted for a month only if asked for."""
        modified = modified_at(record).date()
        is_there = record.state is State.BOOKED or (
            record.state in GONE
            and self.asked.with_deleted
            and modified >= self.today - timedelta(days=_DELETED_DAYS)
        )
        return is_there and self._within("date", record.dated_on) and self._within("modified_date", modified)

    def months(self, books: Books) -> Iterator[Month]:
        """The months that may hold what is asked for, the newest first."""
        first, last = self.asked.days("date") or self.asked.days("modified_date") or _EVER
        if self.asked.days("date") is None:  # what is changed late is dated a month before
            first = Month.of(max(first, _EVER[0])).shift(-1).first
        return reversed(list(books.months(first, last)))

    def _within(self, name: str, day: date) -> bool:
        first, last = self.asked.days(name) or _EVER
        return first <= day <= last


def rows_of(module: str, question: Question, largest_page: int) -> list[Row]:
    """The page asked for of a module's list."""
    start, end = question.asked.page(largest_page)
    return list(islice(MODULES[module](question), start, end))


def is_expense(move: CashMove) -> bool:
    """Whether money without a document was spent on something that costs."""
    return not move.incoming and move.role.nature is Nature.EXPENSE


def _companies(question: Question) -> Iterator[Row]:
    yield company_row(question.company)


def _invoices(question: Question) -> Iterator[Row]:
    for company, one in _documents(question, Kind.SALES_INVOICE, Kind.SALES_CREDIT_NOTE):
        yield invoice_row(company, one, detailed=question.asked.is_detailed)


def _bills(question: Question) -> Iterator[Row]:
    for company, one in _documents(question, Kind.PURCHASE_INVOICE, Kind.PURCHASE_CREDIT_NOTE):
        yield bill_row(company, one, detailed=question.asked.is_detailed)


def _prepayments(question: Question) -> Iterator[Row]:
    for company, one in _documents(question, Kind.PREPAYMENT_INVOICE):
        yield prepayment_row(company, one, detailed=question.asked.is_detailed)


def _documents(question: Question, *kinds: Kind) -> Iterator[tuple[Company, Document]]:
    for company in question.entities:
        books = company.account.live.now
        for month in question.months(books):
            for document in reversed(books.documents(month)):
                if document.kind in kinds and question.listed(document):
                    yield company, document


def _expenses(question: Question) -> Iterator[Row]:
    for company in question.entities:
        books = company.account.live.now
        for month in question.months(books):
            for move in reversed(books.cash_moves(month)):
                if is_expense(move) and question.listed(move):
                    yield expense_row(company, move)


def _receipts(question: Question) -> Iterator[Row]:
    first, last = question.asked.days("date") or _EVER
    for company in question.entities:
        books = company.account.live.now
        for month in reversed(list(books.months(first, last))):
            for payment in reversed(books.payments(month)):
                if first <= payment.paid_on <= last:
                    yield receipt_row(company, payment)


MODULES: Mapping[str, Callable[[Question], Iterator[Row]]] = {
    "companyAccount": _companies,
    "invoices": _invoices,
    "bills": _bills,
    "expenses": _expenses,
    "receipts": _receipts,
    "prepayments": _prepayments,
}
