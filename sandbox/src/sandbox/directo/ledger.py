"""The ledger's documents, whose rows have days of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sandbox.books.chart import Nature
from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.posting import entries_of
from sandbox.books.records import CashMove, Document, Entry, Journal, JournalKind, Posting, Source

SALE, PURCHASE = "ARVE", "OST"
_PAYMENTS = {True: "LAEK", False: "TASU"}
_JOURNALS = {JournalKind.MANUAL: "FIN", JournalKind.PAYROLL: "PALK"}
_OTHER_JOURNAL, _CASH = "PEAKIRI", "PANK"
_FIRST_JOURNAL, _FIRST_MOVE = 60_000, 70_000


@dataclass(frozen=True, slots=True)
class Line:
    """One row and the day that it counts on."""

    posting: Posting
    day: date


@dataclass(frozen=True, slots=True)
class Transaction:
    """One document of the ledger; numbers repeat across types."""

    kind: str
    number: int
    dated_on: date
    entry: Entry
    lines: tuple[Line, ...]


def transactions(books: Books, month: Month) -> tuple[Transaction, ...]:
    """What is dated in the month; of a bill that is posted late, one row lies in the next month."""
    invoices = [entry for document in books.documents(month) for entry in entries_of(document)]
    entries = [entry for entry in invoices if entry.source in {Source.SALES, Source.PURCHASE}]
    entries += [
        entry for entry in books.entries(month) if entry.source not in {Source.SALES, Source.PURCHASE}
    ]
    made = (_transaction(entry) for entry in entries)
    return tuple(sorted(made, key=lambda one: (one.dated_on, one.kind, one.number)))


def _transaction(entry: Entry) -> Transaction:
    record, kind = entry.record, _kind(entry)
    number = record.serial
    if isinstance(record, Journal):
        number -= _FIRST_JOURNAL
    elif isinstance(record, CashMove):
        number -= _FIRST_MOVE
    is_invoice = isinstance(record, Document) and kind in {SALE, PURCHASE}
    dated_on = record.dated_on if is_invoice else entry.posted_on
    return Transaction(kind, number, dated_on, entry, _lines(entry, dated_on))


def _kind(entry: Entry) -> str:
    record = entry.record
    if entry.source in {Source.SALES, Source.PURCHASE}:
        return SALE if entry.source is Source.SALES else PURCHASE
    if isinstance(record, Journal):
        return _JOURNALS.get(record.kind, _OTHER_JOURNAL)
    if isinstance(record, CashMove):
        return _CASH
    return _PAYMENTS[record.kind.is_sales]


def _lines(entry: Entry, dated_on: date) -> tuple[Line, ...]:
    costs = [one for one in entry.postings if one.role.nature is Nature.EXPENSE]
    late = costs[-1] if costs and entry.posted_on != dated_on else None
    return tuple(Line(one, entry.posted_on if one is late else dated_on) for one in entry.postings)
