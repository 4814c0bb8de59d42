"""What a summary of a month has to say, from the neutral books."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from sandbox.books.chart import Nature, Role
from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.records import ZERO, Document
from sandbox.books.totals import Truth, Value, document_totals
from sandbox.fortnox.company import Company
from sandbox.fortnox.ledger import Row, vouchers

_CURRENCY = "SEK"


def truth_of(company: Company, books: Books, month: Month) -> Truth:
    """Documents by their date; vouchers by theirs, and rows by their own."""
    dated = list(vouchers(company, books, month))
    rows = [
        row
        for one in (*dated, *vouchers(company, books, month.shift(-1)))
        for row in one.rows
        if Month.of(row.day) == month
    ]
    lines = sum(len(one.rows) for one in dated)
    return (
        document_totals(books.documents(month), _CURRENCY)
        | _net_totals(company, books.documents(month))
        | {
            "income_total": Value(-_sum(rows, Nature.INCOME), _CURRENCY),
            "expense_total": Value(_sum(rows, Nature.EXPENSE), _CURRENCY),
            "entry_count": Value(len(dated), "entries"),
            "entry_line_count": Value(lines, "lines"),
            "bank_transaction_count": Value(sum(row.role is Role.BANK for row in rows), "transactions"),
        }
    )


def _net_totals(company: Company, documents: Iterable[Document]) -> Truth:
    """Net is what is left of the gross, converted at once; without a voucher it is converted by itself."""
    totals: Truth = {}
    counted = [one for one in documents if one.is_counted]
    for side, is_sales in (("sales", True), ("purchase", False)):
        chosen = [one for one in counted if one.kind.is_sales is is_sales]
        if all(one.rate_known for one in chosen):
            net = sum((one.sign * _net(company, one) for one in chosen), ZERO)
            totals[f"{side}_net"] = Value(net, _CURRENCY)
    return totals


def _net(company: Company, document: Document) -> Decimal:
    if company.habits.follows_payments:
        return document.net_base
    return document.in_base(document.gross) - document.vat_base - document.rounding_base


def _sum(rows: Iterable[Row], nature: Nature) -> Decimal:
    """The rounding of totals stands among the income in the Swedish chart."""
    return sum((row.amount for row in rows if row.role is not None and _nature(row.role) is nature), ZERO)


def _nature(role: Role) -> Nature:
    return Nature.INCOME if role is Role.ROUNDING else role.nature
