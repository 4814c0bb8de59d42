"""Rows of the lists, worded as Scoro words them."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sandbox.books.dice import digest
from sandbox.books.records import ZERO, CashMove, Document, Payment, Record, State
from sandbox.scoro.company import Company

Row = dict[str, Any]

GONE = (State.VOIDED, State.DELETED)
_FIRST_MOMENT, _LAST_MOMENT, _NOON = time(0, 0, 15), time(23, 59, 45), time(12)


def modified_at(record: Record) -> datetime:
    """When it was last changed, in the site's time; at the ends of a month just beside midnight."""
    day = record.posted_on if isinstance(record, Document) else record.dated_on
    if day.day == 1:
        return datetime.combine(day, _FIRST_MOMENT)
    is_last = day.month != date.fromordinal(day.toordinal() + 1).month
    return datetime.combine(day, _LAST_MOMENT if is_last else _NOON)


def company_row(company: Company) -> Row:
    """The row of `companyAccount`."""
    profile = company.account.profile
    return {
        "company_name": profile.name,
        "alternative_name": None,
        "address": [],
        "email": f"info@{company.site}.example",
        "reg_no": profile.registry_number,
        "vat_no": f"{profile.country}{profile.registry_number}",
        "site_version": "25.1",
        "base_currency": profile.currency,
        "active_currencies": [profile.currency, "SEK"],
        "language": "eng",
    }


def invoice_row(company: Company, document: Document, *, detailed: bool) -> Row:
    """A row of `invoices`; a credit invoice is negative, or tells what it credits, or both."""
    is_credit, how = document.kind.is_credit, company.habits.credits
    sign = 1 if how == "marked" else document.sign
    is_paid = document.paid_on is not None
    gross = sign * document.gross
    row = _document_row(company, document, sign, detailed)
    return row | {
        "no": int("".join(one for one in document.number if one.isdigit())),
        "credited_invoices": [company.first_id + document.serial - 1]
        if is_credit and how != "negative"
        else [],
        "is_sent": document.serial % 5 != 0,
        "paid_sum": _number(company, document, gross if is_paid else ZERO),
        "receivable_sum": _number(company, document, ZERO if is_paid else gross),
        "generation_type": "automated" if document.serial % 7 == 0 else "manual",
        "reference_no": str(document.serial),
    }


def bill_row(company: Company, document: Document, *, detailed: bool) -> Row:
    """A row of `bills`, recognised in the month in which it is posted."""
    row = _document_row(company, document, document.sign, detailed)
    return row | {
        "no": document.number,
        "recognition_date": document.posted_on.isoformat(),
        "dateofpayment": document.paid_on.isoformat() if document.paid_on else None,
        "is_chargeable": document.serial % 2 == 0,
    }


def expense_row(company: Company, move: CashMove) -> Row:
    """A row of `expenses`."""
    day = move.dated_on.isoformat()
    tax = (move.amount * company.account.profile.vat_rate).quantize(Decimal("0.01"))
    return _shared(company, move) | {
        "no": move.serial % 100_000,
        "due_date": day,
        "recognition_date": day,
        "owner_name": "Mari Maasikas",
        "comment": move.memo,
        "currency": company.account.profile.currency,
        "currency_rate": 1,
        "sum": _number(company, move, move.amount),
        "tax_sum": _number(company, move, tax),
        "status": "paid" if move.serial % 2 else "unpaid",
        "is_chargeable": False,
        "is_reimbursable": True,
    }


def prepayment_row(company: Company, document: Document, *, detailed: bool) -> Row:
    """A row of `prepayments`."""
    row = _document_row(company, document, 1, detailed)
    return row | {"no": document.serial % 100_000, "prepayment_percent": 50, "is_sent": True}


def receipt_row(company: Company, payment: Payment) -> Row:
    """A row of `receipts`."""
    record = payment.record
    kind = "expenses"
    if isinstance(record, Document):
        kind = "invoices" if record.kind.is_sales else "bills"
    return {
        "id": company.first_id + payment.serial,
        "date": payment.paid_on.isoformat(),
        "sum": _number(company, record, payment.amount),
        "sales_doc_type": kind,
        "sales_doc_id": company.first_id + record.serial,
        "account_id": company.company_account_id,
        "is_deleted": False,
    }


def _document_row(company: Company, document: Document, sign: int, detailed: bool) -> Row:
    """What invoices, prepayments and bills have in common."""
    lines = [
        {"line_id": number, "comment": role.value, "price": float(net), "amount": 1, "sum": float(sign * net)}
        for number, (role, net) in enumerate(document.lines, start=1)
    ]
    return _shared(company, document) | {
        "deadline": document.due_on.isoformat(),
        "company_id": digest(document.partner) % 100_000,
        "company_name": document.partner,
        "payment_type": "banktransfer",
        "currency": document.currency,
        "currency_rate": _rate(company, document),
        "discount": 0,
        "sum": _number(company, document, sign * document.net),
        "vat_sum": _number(company, document, sign * document.vat),
        "vat": float(company.account.profile.vat_rate * 100) if document.vat else 0,
        "vat_code_id": 1 if document.vat else 2,
        "status": "paid" if document.paid_on else "unpaid",
        "lines": lines if detailed else None,
    }


def _shared(company: Company, record: Record) -> Row:
    """What all documents have in common."""
    changed, is_gone = f"{modified_at(record):%Y-%m-%d %H:%M:%S}", record.state in GONE
    row: Row = {
        "id": company.first_id + record.serial,
        "date": record.dated_on.isoformat(),
        "owner_id": 3,
        "owner_email": f"mari@{company.site}.example",
        "project_id": 0,
        "modified_date": changed,
        "created_date": changed,
        "is_deleted": is_gone,
    }
    if is_gone:
        row["deleted_date"] = changed
    if not company.habits.no_account_ids:
        row["account_id"] = company.company_account_id
    elif record.serial % 2:
        row["account_id"] = None
    return row


def _rate(company: Company, document: Document) -> float | str | None:
    """The base currency's units for one of the document's; at home anything, for it means nothing there."""
    if document.currency == company.account.profile.currency:
        return (1, "1.000000", None, 0)[document.serial % 4]
    if not document.rate_known:
        return None
    return str(document.rate) if company.habits.amounts_in_quotes else float(document.rate)


def _number(company: Company, record: Record, amount: Decimal) -> float | str:
    """An amount as a JSON number or, in some rows, in quotes."""
    in_quotes = company.habits.amounts_in_quotes and record.serial % 2 == 0
    return str(amount) if in_quotes else float(amount)
