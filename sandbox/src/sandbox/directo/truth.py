"""What a summary of a month has to say, by the types of documents, their accounts and the days of rows."""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.books.chart import Role
from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.records import ZERO, Posting
from sandbox.books.totals import Truth, Value
from sandbox.directo import chart
from sandbox.directo.company import Company
from sandbox.directo.ledger import PURCHASE, SALE, Transaction, transactions

_DOCUMENTS, _CURRENCY = "documents", "EUR"


def truth(company: Company, books: Books, month: Month) -> Truth:
    """Documents by their own date, all else by the date of each row."""
    dated = transactions(books, month)
    touching = [
        (one, rows)
        for one in (*transactions(books, month.shift(-1)), *dated)
        if (rows := [line.posting for line in one.lines if Month.of(line.day) == month])
    ]
    sales, bills = ([one for one in dated if one.kind == kind] for kind in (SALE, PURCHASE))
    told: Truth = {
        "entry_count": Value(len(touching), "entries"),
        "entry_line_count": Value(sum(len(rows) for _, rows in touching), "lines"),
        "document_count": Value(len(sales) + len(bills), _DOCUMENTS),
    }
    if company.habits.names_banks:
        through_bank = sum(any(row.role is Role.BANK for row in rows) for _, rows in touching)
        told["bank_transaction_count"] = Value(through_bank, "transactions")
    if company.habits.has_xml:
        return told
    rows = [row for _, found in touching for row in found]
    return (
        told
        | _side(company, sales, "sales", chart.INCOME, -1)
        | _side(company, bills, "purchase", chart.EXPENSES, 1)
        | {
            "sales_vat": _money(company, _postings(sales), chart.LIABILITIES, -1),
            "income_total": _money(company, rows, chart.INCOME, -1),
            "expense_total": _money(company, rows, chart.EXPENSES, 1),
        }
    )


def _side(company: Company, chosen: list[Transaction], name: str, kind: int, sign: int) -> Truth:
    nets = [_money(company, _postings([one]), kind, sign).value for one in chosen]
    credit_notes = sum(net < 0 for net in nets)
    return {
        f"{name}_invoice_count": Value(len(nets) - credit_notes, _DOCUMENTS),
        f"{name}_credit_note_count": Value(credit_notes, _DOCUMENTS),
        f"{name}_net": Value(sum(nets, ZERO), _CURRENCY),
    }


def _money(company: Company, postings: Iterable[Posting], kind: int, sign: int) -> Value:

    amounts = [sign * one.amount for one in postings if company.class_of(one.role) == kind]
    return Value(sum(amounts, ZERO), _CURRENCY)


def _postings(chosen: Iterable[Transaction]) -> list[Posting]:
    return [line.posting for one in chosen for line in one.lines]
