"""Rows of the lists, worded as Merit words them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.books.chart import Role
from sandbox.books.dice import stable_uuid
from sandbox.books.records import Document, Entry, Kind, Payment, Posting, Source
from sandbox.merit_aktiva import chart
from sandbox.merit_aktiva.company import Company

Row = dict[str, Any]

_NEVER_SENT = "1901-01-01T00:00:00"
_NEVER_RECEIVED = "0001-01-01T00:00:00"
_DOCUMENT_TYPES = {Kind.SALES_CREDIT_NOTE: 5, Kind.PREPAYMENT_INVOICE: 6, Kind.DELIVERY_ORDER: 8}
_INVOICE_TYPES = (1, 1, 1, 0, 2, 3, 4, 7, 9)
_BATCH_CODES = {Source.SALES: "MY", Source.PURCHASE: "OA", Source.PAYMENT: "TE", Source.CASH: "TE"}
_JOURNAL_CODE = "PR"


def number(amount: Decimal) -> float:
    """An amount as a JSON number."""
    return float(amount)


def midnight(day: date) -> str:
    """A local day as the replies have it."""
    return f"{day.isoformat()}T00:00:00"


def sales_row(company: Company, document: Document, version: str) -> Row:
    """A row of `getinvoices`; only version 2 tells the type of document."""
    row: Row = {"SIHId": document.id}
    if version == "v2":
        row["AccountingDoc"] = _accounting_doc(company, document)
    flipped = row.get("AccountingDoc") == 5 and company.habits.positive_credits
    return row | {
        "BatchInfo": f"MY-{document.serial}" if document.kind.is_posted else "",
        "InvoiceNo": document.number,
        "TransactionDate": midnight(document.posted_on),
        "CustomerName": document.partner,
        **_amounts(company, document, 1 if flipped else document.sign),
        "ProfitAmount": number(document.sign * document.net),
        "UserName": "",
        "EmailSent": _NEVER_SENT,
    }


def purchase_row(company: Company, document: Document) -> Row:
    """A row of `getpurchorders`."""
    return {
        "PIHId": document.id,
        "BatchInfo": f"OA-{document.serial}",
        "BillNo": document.number,
        "TransactionDate": midnight(document.posted_on),
        "VendorName": document.partner,
        **_amounts(company, document, document.sign),
        "FileExists": document.serial % 2 == 0,
        "InboundTime": _NEVER_RECEIVED,
    }


def batch_row(company: Company, entry: Entry) -> Row:
    """A row of `getglbatches`."""
    currency, rate = _currency_of(company, entry)
    return {
        "GLBId": entry.id,
        "BatchCode": _BATCH_CODES.get(entry.source, _JOURNAL_CODE),
        "No": entry.serial,
        "Document": entry.memo,
        "BatchDate": midnight(entry.posted_on),
        "CurrencyCode": currency,
        "CurrencyRate": number(rate),
        "TotalAmount": number(sum((one.amount for one in entry.postings if one.amount > 0), Decimal(0))),
        "PriceInclVat": 0,
        "FileExists": False,
    }


def full_batch_row(company: Company, entry: Entry, with_costs: bool) -> Row:
    """A row of `GetGLBatchesFull` with its entries."""
    _, rate = _currency_of(company, entry)
    row = batch_row(company, entry)
    del row["FileExists"]
    storno = isinstance(entry.record, Document) and entry.record.kind.is_credit
    row["Entries"] = [
        _posting_row(company, entry, posting, rate, storno) | {"EntryId": stable_uuid(entry.id, position)}
        for position, posting in enumerate(entry.postings)
    ]
    if with_costs:
        for posting_row in row["Entries"]:
            posting_row["CostAllocLines"] = []
    return row


def payment_row(company: Company, payment: Payment, version: str) -> Row:
    """A row of `getpayments`; only version 2 tells what was paid."""
    record = payment.record
    currency, rate = company.account.profile.currency, Decimal(1)
    direction, name = (3 if payment.incoming else 4), ""
    if isinstance(record, Document):
        currency, rate, name = record.currency, record.rate, record.partner
        direction = 1 if record.kind.is_sales else 2
    row: Row = {
        "PIHId" if company.habits.table_ids else "PHId": payment.id,
        "BankName": "" if payment.through is Role.CASH else "LHV",
        "CounterPartType": 2,
        "CounterPartName": name,
        "CurrencyCode": currency,
        "CurrencyRate": number(rate),
        "DocumentDate": midnight(payment.paid_on),
        "DocumentNo": str(payment.serial),
        "Direction": direction,
        "Amount": number(payment.amount),
    }
    if version == "v2":
        row["Details"] = _details(payment)
    return row


def _details(payment: Payment) -> list[Row]:
    record = payment.record
    if not isinstance(record, Document):
        return []
    return [
        {
            "PaymId": payment.id,
            "DocNo": record.number,
            "DocAmount": number(record.gross),
            "PaidAmount": number(record.gross),
            "CurrencyCode": record.currency,
            "CurrencyRate": number(record.rate),
        }
    ]


def _accounting_doc(company: Company, document: Document) -> int:
    # Some credits can be told by their sign alone.
    if (
        document.kind is Kind.SALES_CREDIT_NOTE
        and document.serial % 3 == 0
        and not company.habits.positive_credits
    ):
        return 1
    return _DOCUMENT_TYPES.get(document.kind) or _INVOICE_TYPES[document.serial % len(_INVOICE_TYPES)]


def _amounts(company: Company, document: Document, sign: int) -> Row:
    rate = document.rate if document.rate_known else Decimal(0)
    at_home = document.currency == company.account.profile.currency
    if at_home and company.habits.no_home_rate:
        rate = Decimal(0)
    paid = document.paid_on is not None
    return {
        "DocumentDate": midnight(document.dated_on),
        "DueDate": midnight(document.due_on),
        "CurrencyCode": document.currency,
        "CurrencyRate": number(rate),
        "TaxAmount": number(sign * document.vat),
        "RoundingAmount": number(sign * document.rounding),
        "TotalAmount": number(sign * document.net),
        "TotalSum": number(sign * document.gross),
        "PriceInclVat": document.serial % 2 == 1,
        "PaidAmount": number(sign * document.gross if paid else Decimal(0)),
        "Paid": paid,
    }


def _currency_of(company: Company, entry: Entry) -> tuple[str, Decimal]:
    record = entry.record
    if isinstance(record, Document):
        return record.currency, record.rate
    return company.account.profile.currency, Decimal(1)


def _posting_row(company: Company, entry: Entry, posting: Posting, rate: Decimal, storno: bool) -> Row:
    """One side is filled; a credit note is booked in red: negative, on the side that it takes back."""
    on_debit = (posting.amount > 0) is not storno
    amount = posting.amount if on_debit else -posting.amount
    foreign = (amount * rate).quantize(Decimal("0.01"))
    nothing = Decimal(0)
    return {
        "AccountCode": chart.code(posting.role),
        "AccountName": chart.name(posting.role, company.country),
        "Memo": entry.memo,
        "DebitAmount": number(amount if on_debit else nothing),
        "DebitCurrency": number(foreign if on_debit else nothing),
        "CreditAmount": number(nothing if on_debit else amount),
        "CreditCurrency": number(nothing if on_debit else foreign),
        "TypeId": chart.TYPE_IDS[posting.role.nature],
        "BatchId": entry.id,
    }
