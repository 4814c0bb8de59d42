"""The services: what each takes and answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.records import Document, State
from sandbox.smartaccounts import chart
from sandbox.smartaccounts.company import Company
from sandbox.smartaccounts.query import Period, Query
from sandbox.smartaccounts.rows import (
    Row,
    entry_row,
    payment_row,
    purchase_row,
    record_id,
    sales_row,
    updated_at,
)

_INVOICE_DATES = ("date", "entrydate", "duedate", "modifydate")
_ENTRY_DATES = ("date", "modifydate")
_GONE = (State.VOIDED, State.DELETED)


@dataclass(frozen=True, slots=True)
class Question:
    """One request: whose books, and its parameters."""

    company: Company
    books: Books
    query: Query


@dataclass(frozen=True, slots=True)
class Listed:
    """A list: its key, its rows, and the ids that have been deleted since its first day."""

    key: str
    rows: list[Row]
    deleted: tuple[str | int, ...] = ()
    is_paged: bool = True


def _sales(question: Question) -> Listed:
    with_rows = question.query.flag("fetchRows")
    asked = _Documents(question, is_sales=True)
    rows = [sales_row(question.company, one, with_rows) for one in asked.booked()]
    return Listed(
        "clientInvoices", question.query.matching(rows, "clientId", "invoiceNumber"), asked.deleted()
    )


def _purchases(question: Question) -> Listed:
    with_rows = question.query.flag("fetchRows")
    asked = _Documents(question, is_sales=False)
    rows = [purchase_row(question.company, one, with_rows) for one in asked.booked()]
    return Listed(
        "vendorInvoices", question.query.matching(rows, "vendorId", "invoiceNumber"), asked.deleted()
    )


class _Documents:
    """The invoices of one side in the period asked for."""

    def __init__(self, question: Question, *, is_sales: bool) -> None:
        self._company = question.company
        self._period = question.query.period(_INVOICE_DATES)
        # What was posted late or is due falls into a later month than it is dated in.
        first = Month.of(self._period.start.date()).shift(-1).first
        self._found = [
            document
            for month in question.books.months(first, self._period.end.date())
            for document in question.books.documents(month)
            if document.kind.is_posted
            and document.kind.is_sales is is_sales
            and self._period.holds(_date_of(document, self._period.by))
        ]

    def booked(self) -> Iterator[Document]:
        return (one for one in self._found if one.state is State.BOOKED)

    def deleted(self) -> tuple[str | int, ...]:
        gone = (one for one in self._found if one.state in _GONE)
        return tuple(record_id(self._company, one.id, one.serial) for one in gone)


def _date_of(document: Document, by: str) -> date | datetime:
    match by:
        case "entrydate":
            return document.posted_on
        case "duedate":
            return document.due_on
        case "modifydate":
            return updated_at(document)
    return document.dated_on


def _entries(question: Question) -> Listed:
    period, with_rows = question.query.period(_ENTRY_DATES), question.query.flag("fetchRows")
    rows = [
        entry_row(question.company, entry, with_rows)
        for month in _months(question, period)
        for entry in question.books.entries(month)
        if period.holds(entry.posted_on)
    ]
    return Listed("entries", question.query.matching(rows, "docType"))


def _payments(question: Question) -> Listed:
    period = question.query.period(_ENTRY_DATES)
    rows = [
        payment_row(question.company, payment)
        for month in _months(question, period)
        for payment in question.books.payments(month)
        if period.holds(payment.paid_on)
    ]
    return Listed("payments", question.query.matching(rows, "accountType", "partnerType"))


def _months(question: Question, period: Period) -> Iterator[Month]:
    return question.books.months(period.start.date(), period.end.date())


def _accounts(_: Question) -> Listed:
    return Listed("accounts", chart.account_rows(), is_paged=False)


def _vat_rates(_: Question) -> Listed:
    rows = [{"vatPc": f"KM{rate}", "pc": float(rate), "descriptionEt": f"{rate}%"} for rate in (24, 0)]
    return Listed("vatPcs", rows, is_paged=False)


# By the path's end.
SERVICES: Mapping[str, Callable[[Question], Listed]] = {
    "purchasesales/clientinvoices:get": _sales,
    "purchasesales/vendorinvoices:get": _purchases,
    "purchasesales/payments:get": _payments,
    "general/entries:get": _entries,
    "settings/accounts:get": _accounts,
    "settings/vatpcs:get": _vat_rates,
}
