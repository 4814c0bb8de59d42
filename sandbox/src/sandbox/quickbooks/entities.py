"""The rows of every entity that can be queried, month by month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial

from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.records import Document, State
from sandbox.memo import Memo
from sandbox.quickbooks.documents import ENTITIES, LISTED, Row, document_row
from sandbox.quickbooks.movements import (
    MOVEMENTS,
    RECEIPT,
    entity_of_move,
    entity_of_payment,
    is_listed,
    journal_row,
    move_row,
    payment_row,
)
from sandbox.quickbooks.query import Query

NAMES = (*ENTITIES, "JournalEntry", *MOVEMENTS, RECEIPT)
_UNASKED_MONTHS = 24


def rows_of(query: Query, books: Books, memo: Memo, today: date) -> Iterator[Row]:
    """What the query may find; without days the last two years."""
    first, last = query.period
    last = last or today
    first = first or Month.of(last).shift(-_UNASKED_MONTHS).first
    for month in books.months(first, last):
        key = ("quickbooks", query.entity, books.key, month, today)
        yield from memo.get(key, partial(_made, query.entity, books, month, today))


def _made(entity: str, books: Books, month: Month, today: date) -> list[Row]:
    return list(_rows(entity, books, month, today))


def _rows(entity: str, books: Books, month: Month, today: date) -> Iterator[Row]:
    home = books.profile.currency
    if entity in ENTITIES:
        for one in books.documents(month):
            if one.kind is ENTITIES[entity] and one.state in LISTED:
                yield document_row(one, home, today)
    elif entity == "JournalEntry":
        yield from (journal_row(one) for one in books.journals(month) if one.state is State.BOOKED)
    else:
        for move in books.cash_moves(month):
            if entity_of_move(move) == entity and is_listed(move):
                yield move_row(move, home)
        for payment in books.payments(month):
            if isinstance(payment.record, Document) and entity_of_payment(payment.record) == entity:
                yield payment_row(payment)
