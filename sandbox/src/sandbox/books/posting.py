"""From records to the ledger: the entries and payments that a booked record brings about."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from sandbox.books.chart import Role
from sandbox.books.records import CashMove, Document, Entry, Journal, Payment, Posting, Record, Source, State


def entries_of(record: Record) -> Iterator[Entry]:
    """The entries of one record; none while it is not booked."""
    if record.state is not State.BOOKED:
        return
    match record:
        case Journal():
            yield _entry(record, Source.JOURNAL, record.postings)
        case CashMove():
            yield _entry(record, Source.CASH, _cash_postings(record))
        case Document() if record.kind.is_posted:
            yield _document_entry(record)
            if record.paid_on:
                yield _payment_entry(record)


def payments_of(record: Record) -> Iterator[Payment]:
    """The payments of one record; none while it is not booked."""
    if record.state is not State.BOOKED:
        return
    if isinstance(record, CashMove):
        yield Payment(
            id=record.id,
            serial=2 * record.serial,
            record=record,
            paid_on=record.dated_on,
            incoming=record.incoming,
            amount=record.amount,
            through=record.through,
        )
    elif isinstance(record, Document) and record.kind.is_posted and record.paid_on:
        yield Payment(
            id=_sibling(record.id),
            serial=2 * record.serial + 1,
            record=record,
            paid_on=record.paid_on,
            incoming=_is_incoming(record),
            amount=record.gross,
            through=record.paid_through,
        )


def _entry(record: Journal | CashMove, source: Source, postings: tuple[Posting, ...]) -> Entry:
    return Entry(
        id=record.id,
        serial=2 * record.serial,
        record=record,
        source=source,
        posted_on=record.dated_on,
        memo=record.memo,
        postings=postings,
    )


def _cash_postings(move: CashMove) -> tuple[Posting, ...]:
    amount = move.amount if move.incoming else -move.amount
    return (Posting(move.through, amount), Posting(move.role, -amount))


def _document_entry(document: Document) -> Entry:
    return Entry(
        id=document.id,
        serial=2 * document.serial,
        record=document,
        source=Source.SALES if document.kind.is_sales else Source.PURCHASE,
        posted_on=document.posted_on,
        memo=document.number,
        postings=_document_postings(document),
    )


def _payment_entry(document: Document) -> Entry:
    assert document.paid_on is not None  # noqa: S101 (the caller has looked)
    partner = Role.RECEIVABLE if document.kind.is_sales else Role.PAYABLE
    amount = document.gross_base if _is_incoming(document) else -document.gross_base
    return Entry(
        id=_sibling(document.id),
        serial=2 * document.serial + 1,
        record=document,
        source=Source.PAYMENT,
        posted_on=document.paid_on,
        memo=document.number,
        postings=(Posting(document.paid_through, amount), Posting(partner, -amount)),
    )


def _document_postings(document: Document) -> tuple[Posting, ...]:
    sales = document.kind.is_sales
    side = document.sign if sales else -document.sign  # 1: the partner is debited
    postings = [Posting(Role.RECEIVABLE if sales else Role.PAYABLE, side * document.gross_base)]
    postings += [Posting(role, -side * net, -side * vat) for role, net, vat in _base_lines(document)]
    if document.vat_base:
        postings.append(Posting(Role.SALES_TAX if sales else Role.PURCHASE_TAX, -side * document.vat_base))
    if document.rounding_base:
        postings.append(Posting(Role.ROUNDING, -side * document.rounding_base))
    return tuple(postings)


def _base_lines(document: Document) -> Iterator[tuple[Role, Decimal, Decimal]]:
    """Lines in the base currency; the last takes what is left, so that they add up to the totals."""
    left, vat_left = document.net_base, document.vat_base
    for role, net in document.lines[:-1]:
        share, vat = document.in_base(net), document.in_base(document.vat * net / document.net)
        left, vat_left = left - share, vat_left - vat
        yield role, share, vat
    yield document.lines[-1][0], left, vat_left


def _is_incoming(document: Document) -> bool:
    return document.kind.is_sales is not document.kind.is_credit


def _sibling(identifier: str) -> str:
    """The id of the second thing that one record makes: the same UUID with its last digit turned over."""
    return f"{identifier[:-1]}{15 - int(identifier[-1], 16):x}"
