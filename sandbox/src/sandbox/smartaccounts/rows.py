"""Rows of the lists, worded as SmartAccounts words them."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sandbox.books.chart import Role
from sandbox.books.dice import digest
from sandbox.books.records import (
    CashMove,
    Document,
    Entry,
    Journal,
    JournalKind,
    Kind,
    Payment,
    Posting,
    Source,
)
from sandbox.smartaccounts import chart
from sandbox.smartaccounts.company import Company

Row = dict[str, Any]

_FIRST_MOMENT, _LAST_MOMENT, _NOON = time(0, 0, 15), time(23, 59, 45), time(12)
_INVOICES = {Source.SALES: "CLIENT_INVOICE", Source.PURCHASE: "VENDOR_INVOICE"}
_JOURNALS = {
    JournalKind.PAYROLL: "PERIOD_SALARY",
    JournalKind.DEPRECIATION: "PERIOD_DEPRECIATION",
    JournalKind.OPENING: "LEDGER_ENTRY",
}
_MANUAL = ("LEDGER_ENTRY", "VAT_RETURN", "WAREHOUSE_MOVEMENT")


def number(amount: Decimal) -> float:
    """An amount as a JSON number."""
    return float(amount)


def written(day: date) -> str:
    """A day as the vendor writes it."""
    return day.strftime("%d.%m.%Y")


def updated_at(document: Document) -> datetime:
    """When it was last changed, in Estonian time; at the ends of a month just beside midnight."""
    day = document.posted_on
    if day.day == 1:
        return datetime.combine(day, _FIRST_MOMENT)
    is_last = day.month != date.fromordinal(day.toordinal() + 1).month
    return datetime.combine(day, _LAST_MOMENT if is_last else _NOON)


def record_id(company: Company, identifier: str, serial: int) -> str | int:
    """An id, which is a text or a number."""
    return serial if company.habits.numeric_ids else identifier


def sales_row(company: Company, document: Document, with_rows: bool) -> Row:
    """A row of `clientinvoices`."""
    is_credit = document.kind is Kind.SALES_CREDIT_NOTE
    sign = 1 if company.habits.positive_credits else document.sign
    partner = _partner("cl", document)
    row: Row = {"clientId": partner["id"], "client": partner, "type": "CRE" if is_credit else None}
    if is_credit:
        row["baseForCreditInvoiceId"] = f"{digest(document.id, 'base'):032x}"
    return row | _invoice(company, document, sign) | _lines(document, "accountSales", with_rows)


def purchase_row(company: Company, document: Document, with_rows: bool) -> Row:
    """A row of `vendorinvoices`: nothing but its sign tells a credit."""
    partner = _partner("ve", document)
    row: Row = {"vendorId": partner["id"], "vendor": partner, "isCalculateVat": bool(document.vat)}
    if not document.vat and document.serial % 2:
        row["reverseVatChargeType"] = "UNION"
    return row | _invoice(company, document, document.sign) | _lines(document, "accountPurchase", with_rows)


def entry_row(company: Company, entry: Entry, with_rows: bool) -> Row:
    """A row of `entries`."""
    currency, rate = _currency_of(entry)
    row: Row = {
        "id": record_id(company, entry.id, entry.serial),
        "docType": doc_type(entry),
        "date": written(entry.posted_on),
        "document": entry.memo,
        "currency": currency,
        "number": _number(entry.serial),
        "amount": number(sum((one.amount for one in entry.postings if one.amount > 0), Decimal(0))),
    }
    if with_rows:
        storno = (
            company.habits.red_storno and isinstance(entry.record, Document) and entry.record.kind.is_credit
        )
        row["rows"] = [_posting_row(one, rate, storno) for one in entry.postings]
    return row


def doc_type(entry: Entry) -> str:
    """What made the entry."""
    record = entry.record
    if entry.source in _INVOICES:
        return _INVOICES[entry.source]
    if isinstance(record, Journal):
        is_manual = record.kind is JournalKind.MANUAL
        return _MANUAL[record.serial % len(_MANUAL)] if is_manual else _JOURNALS[record.kind]
    through = record.paid_through if isinstance(record, Document) else record.through
    return "CASH_PAYMENT" if through is Role.CASH else "BANK_PAYMENT"


def payment_row(company: Company, payment: Payment) -> Row:
    """A row of `payments`; what is paid out is negative."""
    record, is_bank = payment.record, payment.through is Role.BANK
    currency, rate = ("EUR", Decimal(1)) if isinstance(record, CashMove) else (record.currency, record.rate)
    amount = payment.amount if payment.incoming else -payment.amount
    row: Row = {
        "id": record_id(company, payment.id, payment.serial),
        "date": written(payment.paid_on),
        "number": _number(payment.serial),
        "accountType": "BANK" if is_bank else "CASH",
        "accountName": "LHV" if is_bank else "Kassa",
        "currency": currency,
        "exchangeRate": None if currency == "EUR" else number(rate),
        "amount": number(amount),
        "eurAmount": number((amount / rate).quantize(Decimal("0.01"))),
        "comment": None,
    }
    if isinstance(record, Document):
        row["partnerType"] = "CLIENT" if record.kind.is_sales else "VENDOR"
    return row


def _invoice(company: Company, document: Document, sign: int) -> Row:
    changed = updated_at(document).strftime("%d.%m.%Y %H:%M:%S")
    total = number(sign * document.gross)
    return {
        "id": record_id(company, document.id, document.serial),
        "date": written(document.dated_on),
        "dueDate": written(document.due_on),
        "entryDate": written(document.posted_on),
        "number": _number(document.serial),
        "invoiceNumber": document.number,
        "referenceNumber": document.serial if document.serial % 3 else str(document.serial),
        "currency": document.currency,
        "exchangeRate": _exchange_rate(company, document),
        "amount": number(sign * document.net),
        "roundAmount": number(sign * document.rounding),
        "vatAmount": number(sign * document.vat),
        "totalAmount": total,
        "outstandingAmount": 0.0 if document.paid_on else total,
        "dateCreated": changed,
        "dateUpdated": changed,
    }


def _exchange_rate(company: Company, document: Document) -> float | None:
    """Units for one euro; at home 1 or nothing."""
    if document.currency == company.account.profile.currency:
        return 1.0 if document.serial % 2 else None
    return number(document.rate) if document.rate_known else None


def _lines(document: Document, account: str, with_rows: bool) -> Row:
    if not with_rows:
        return {}
    lines = enumerate(document.lines, start=1)
    return {
        "rows": [
            {
                "description": role.value,
                "price": number(net),
                "quantity": 1.0,
                "sum": number(document.sign * net),
                "order": order,
                account: chart.code(role),
            }
            for order, (role, net) in lines
        ]
    }


def _posting_row(posting: Posting, rate: Decimal, storno: bool) -> Row:
    """One side is filled; red storno is negative, on the side that it takes back."""
    on_debit = (posting.amount > 0) is not storno
    amount = posting.amount if on_debit else -posting.amount
    sides = (amount, Decimal(0)) if on_debit else (Decimal(0), amount)
    row: Row = {"account": chart.code(posting.role)}
    for name, value in zip(("debitAmount", "creditAmount"), sides, strict=True):
        row[name] = number(value)
        row[f"{name}OriginalCurrency"] = number((value * rate).quantize(Decimal("0.01")))
    return row


def _currency_of(entry: Entry) -> tuple[str, Decimal]:
    record = entry.record
    return (record.currency, record.rate) if isinstance(record, Document) else ("EUR", Decimal(1))


def _number(serial: int) -> str | int:
    """A posting number comes as a text or as a number."""
    return serial if serial % 2 else str(serial)


def _partner(prefix: str, document: Document) -> Row:
    return {"id": f"{prefix}-{digest(document.partner) % 100_000}", "name": document.partner}
