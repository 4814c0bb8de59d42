"""What stands below one firm: its lists, its counts, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from sandbox.books.chart import Role
from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.records import CashMove, JournalKind, Payment, State
from sandbox.books.totals import Truth, Value, document_totals, entry_totals, result_totals
from sandbox.trigon.company import Habits
from sandbox.trigon.rows import (
    STATUS,
    Row,
    depreciation_row,
    document_row,
    entry_row,
    expense_line_row,
    is_expense_line,
    payment_row,
)

_COUNTS = {
    "sales_invoice_count": "salesInvoices",
    "sales_credit_note_count": "salesCredits",
    "purchase_invoice_count": "purchaseInvoices",
    "purchase_credit_note_count": "purchaseCredits",
}


def _documents(habits: Habits, books: Books, month: Month, *, is_sales: bool) -> list[Row]:
    return [
        document_row(habits, one)
        for one in books.documents(month)
        if one.state in STATUS and one.kind.is_posted and one.kind.is_sales is is_sales
    ]


def _sales(habits: Habits, books: Books, month: Month) -> list[Row]:
    return _documents(habits, books, month, is_sales=True)


def _purchases(habits: Habits, books: Books, month: Month) -> list[Row]:
    return _documents(habits, books, month, is_sales=False)


def _entries(habits: Habits, books: Books, month: Month) -> list[Row]:
    return [entry_row(habits, one) for one in books.entries(month)]


def _expense_lines(habits: Habits, books: Books, month: Month) -> list[Row]:
    return [expense_line_row(habits, one) for one in _expenses(books, month)]


def _depreciations(habits: Habits, books: Books, month: Month) -> list[Row]:
    return [
        depreciation_row(habits, one)
        for one in books.journals(month)
        if one.kind is JournalKind.DEPRECIATION and one.state is State.BOOKED
    ]


def _bank(habits: Habits, books: Books, month: Month) -> list[Row]:
    return [payment_row(habits, one) for one in _through_bank(books, month)]


LISTS: Mapping[str, Callable[[Habits, Books, Month], list[Row]]] = {
    "sales-invoices": _sales,
    "purchase-invoices": _purchases,
    "entries": _entries,
    "expense-lines": _expense_lines,
    "depreciations": _depreciations,
    "bank-transactions": _bank,
}


def rows_between(name: str, habits: Habits, books: Books, first: date, last: date) -> list[Row]:
    """The list's rows of these days, both included."""
    start, end = first.isoformat(), last.isoformat()
    return [
        row
        for month in books.months(first, last)
        for row in LISTS[name](habits, books, month)
        if start <= row["date"] <= end
    ]


def counts_row(books: Books, month: Month) -> Row:
    """A month's counts."""
    documents = document_totals(books.documents(month), books.profile.currency)
    return {
        "month": str(month),
        **{name: documents[metric].value for metric, name in _COUNTS.items()},
        "entries": len(books.entries(month)),
        "expenseLines": len(_expenses(books, month)),
    }


def truth(habits: Habits, books: Books, month: Month) -> Truth:
    """Documents by their date, all else by posting date, as far as the firm's lists tell."""
    currency, entries = books.profile.currency, books.entries(month)
    documents = document_totals(books.documents(month), currency)
    if habits.counts_only:
        counts = {metric: one for metric, one in documents.items() if metric.endswith("_count")}
        return counts | {"entry_count": entry_totals(entries)["entry_count"]}
    bank = Value(len(_through_bank(books, month)), "transactions")
    told = documents | ({} if habits.no_bank else {"bank_transaction_count": bank})
    if habits.no_ledger:
        return told | _from_documents(documents, _expenses(books, month), currency)
    return told | result_totals(entries, currency) | entry_totals(entries)


def _from_documents(documents: Truth, expenses: list[CashMove], currency: str) -> Truth:
    told: Truth = {}
    if "sales_net" in documents:
        told["income_total"] = documents["sales_net"]
    if "purchase_net" in documents:
        spent = sum((one.amount for one in expenses), Decimal(documents["purchase_net"].value))
        told["expense_total"] = Value(spent, currency)
    return told


def _expenses(books: Books, month: Month) -> list[CashMove]:
    return [one for one in books.cash_moves(month) if is_expense_line(one)]


def _through_bank(books: Books, month: Month) -> list[Payment]:
    return [one for one in books.payments(month) if one.through is Role.BANK]
