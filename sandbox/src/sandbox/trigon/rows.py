"""Rows of the lists, as the contract words them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox.books.chart import Nature, Role
from sandbox.books.records import (
    CashMove,
    Document,
    Entry,
    Journal,
    JournalKind,
    Payment,
    Posting,
    Source,
    State,
)
from sandbox.trigon.company import Habits

Row = dict[str, Any]

STATUS = {
    State.BOOKED: "confirmed",
    State.DRAFT: "draft",
    State.SUBMITTED: "draft",
    State.VOIDED: "cancelled",
}
_ACCOUNTS = {
    Role.CASH: "1000",
    Role.BANK: "1010",
    Role.RECEIVABLE: "1200",
    Role.FIXED_ASSETS: "1810",
    Role.PAYABLE: "2100",
    Role.PAYROLL_DUE: "2200",
    Role.SALES_TAX: "2310",
    Role.PURCHASE_TAX: "2311",
    Role.EQUITY: "2900",
    Role.SERVICE_SALES: "3000",
    Role.GOODS_SALES: "3010",
    Role.OTHER_INCOME: "3500",
    Role.GOODS: "4000",
    Role.SERVICES: "4010",
    Role.RENT: "4100",
    Role.OFFICE: "4110",
    Role.WAGES: "5000",
    Role.SOCIAL_TAX: "5010",
    Role.DEPRECIATION: "5200",
    Role.ROUNDING: "5900",
    Role.INTEREST_INCOME: "8000",
    Role.INTEREST_COST: "8100",
}
_SOURCES = {Source.SALES: "sales_invoice", Source.PURCHASE: "purchase_invoice", Source.PAYMENT: "payment"}


def number(amount: Decimal) -> float:
    """An amount as a JSON number."""
    return float(amount)


def document_row(habits: Habits, document: Document) -> Row:
    """A row of the sales or purchase invoices; nothing is said of a rate that nobody knows."""
    is_credit = document.kind.is_credit
    sign = -1 if is_credit and not habits.positive_credits else 1
    row: Row = {
        "id": _id(habits, document.id, document.serial),
        "number": document.number,
        "date": document.dated_on.isoformat(),
        "type": "credit" if is_credit else "invoice",
        "status": STATUS[document.state],
        "currency": document.currency,
        "currencyRate": number(document.rate) if document.rate_known else None,
        "netAmount": number(sign * document.net),
        "vatAmount": number(sign * document.vat),
        "totalAmount": number(sign * document.gross),
    }
    if habits.silent_rates and document.currency == "EUR":
        del row["currencyRate"]
    return row


def entry_row(habits: Habits, entry: Entry) -> Row:
    """A row of the entries, with its own rows."""
    return {
        "id": _id(habits, entry.id, entry.serial),
        "number": str(entry.serial),
        "date": entry.posted_on.isoformat(),
        "source": source_of(entry),
        "rows": [_posting_row(one) for one in entry.postings],
    }


def source_of(entry: Entry) -> str:
    """What made the entry."""
    record = entry.record
    if isinstance(record, Journal):
        return "manual" if record.kind is JournalKind.MANUAL else record.kind.value
    if isinstance(record, CashMove):
        return "expense_line" if is_expense_line(record) else "payment"
    return _SOURCES[entry.source]


def is_expense_line(move: CashMove) -> bool:
    """Whether money was spent on a cost without an invoice."""
    return move.state is State.BOOKED and not move.incoming and move.role.nature is Nature.EXPENSE


def expense_line_row(habits: Habits, move: CashMove) -> Row:
    """A row of the expense lines."""
    return {
        "id": _id(habits, move.id, move.serial),
        "date": move.dated_on.isoformat(),
        "netAmount": number(move.amount),
        "vatAmount": 0.0,
    }


def depreciation_row(habits: Habits, journal: Journal) -> Row:
    """A row of the depreciation entries."""
    amount = sum((one.amount for one in journal.postings if one.amount > 0), Decimal(0))
    return {
        "id": _id(habits, journal.id, journal.serial),
        "date": journal.dated_on.isoformat(),
        "amount": number(amount),
    }


def payment_row(habits: Habits, payment: Payment) -> Row:
    """A row of the bank transactions; what is paid out is negative."""
    return {
        "id": _id(habits, payment.id, payment.serial),
        "date": payment.paid_on.isoformat(),
        "amount": number(payment.amount if payment.incoming else -payment.amount),
    }


def _posting_row(posting: Posting) -> Row:
    debit = max(posting.amount, Decimal(0))
    return {
        "account": _ACCOUNTS[posting.role],
        "accountType": posting.role.nature.value,
        "debit": number(debit),
        "credit": number(debit - posting.amount),
    }


def _id(habits: Habits, identifier: str, serial: int) -> str | int:
    """An id, which is a text or a number."""
    return serial if habits.numeric_ids else identifier
