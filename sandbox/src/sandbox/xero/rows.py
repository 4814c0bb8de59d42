"""Neutral records as rows of the vendor's lists."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from sandbox.books.dice import stable_uuid
from sandbox.books.records import CashMove, Document, Journal, Kind, State
from sandbox.xero.chart import CHART
from sandbox.xero.listing import Resource, Row

_DOCUMENT_STATUS = {
    State.DRAFT: "DRAFT",
    State.SUBMITTED: "SUBMITTED",
    State.VOIDED: "VOIDED",
    State.DELETED: "DELETED",
}
_JOURNAL_STATUS = {
    State.BOOKED: "POSTED",
    State.DRAFT: "DRAFT",
    State.SUBMITTED: "ARCHIVED",
    State.VOIDED: "VOIDED",
    State.DELETED: "DELETED",
}
_BANK_STATUS = {State.BOOKED: "AUTHORISED", State.VOIDED: "VOIDED"}
_TYPES = {
    Kind.SALES_INVOICE: "ACCREC",
    Kind.PURCHASE_INVOICE: "ACCPAY",
    Kind.SALES_CREDIT_NOTE: "ACCRECCREDIT",
    Kind.PURCHASE_CREDIT_NOTE: "ACCPAYCREDIT",
}
_LISTED: Mapping[str, type] = {"Date": datetime, "Status": str, "Type": str, "UpdatedDateUTC": datetime}
_MONEY: Mapping[str, type] = {"SubTotal": Decimal, "TotalTax": Decimal, "Total": Decimal, "CurrencyCode": str}
INVOICES = Resource(
    "Invoices",
    {
        **_LISTED,
        **_MONEY,
        "InvoiceID": str,
        "InvoiceNumber": str,
        "DueDate": datetime,
        "AmountDue": Decimal,
        "AmountPaid": Decimal,
        "Reference": str,
    },
    takes_statuses=True,
    takes_summary_only=True,
)
CREDIT_NOTES = Resource("CreditNotes", {**_LISTED, **_MONEY, "CreditNoteID": str, "CreditNoteNumber": str})
BANK_TRANSACTIONS = Resource("BankTransactions", {**_LISTED, **_MONEY, "BankTransactionID": str})
MANUAL_JOURNALS = Resource(
    "ManualJournals",
    {"Date": datetime, "Status": str, "UpdatedDateUTC": datetime, "ManualJournalID": str, "Narration": str},
    order_breaks_pages=True,
)
_RATE_DIGITS = Decimal("1.0000000000")
_OWN_RATES: tuple[Row, ...] = ({"CurrencyRate": _RATE_DIGITS}, {"CurrencyRate": Decimal("0.0")}, {})
OPTIMISED = frozenset({"Status", "Reference", "Date", "Type", "AmountDue", "AmountPaid", "DueDate"})


def invoice_row(document: Document, base_currency: str, today: date) -> Row:
    """An invoice or a bill."""
    paid = document.state is State.BOOKED and document.paid_on is not None and document.paid_on <= today
    total = document.net + document.vat
    return {
        "Type": _TYPES[document.kind],
        "InvoiceID": document.id,
        "InvoiceNumber": document.number,
        "Reference": "",
        **_shared(document, base_currency, "PAID" if paid else "AUTHORISED"),
        "DueDateString": f"{document.due_on}T00:00:00",
        "DueDate": document.due_on,
        "AmountDue": Decimal("0.00") if paid else total,
        "AmountPaid": total if paid else Decimal("0.00"),
        "AmountCredited": Decimal("0.00"),
        "Payments": [],
    }


def credit_note_row(document: Document, base_currency: str, today: date) -> Row:
    """A credit note of either side; its amounts are positive."""
    settled = document.state is State.BOOKED and document.paid_on is not None and document.paid_on <= today
    return {
        "Type": _TYPES[document.kind],
        "CreditNoteID": document.id,
        "CreditNoteNumber": document.number,
        **_shared(document, base_currency, "PAID" if settled else "AUTHORISED"),
        "RemainingCredit": Decimal("0.00") if settled else document.net + document.vat,
        "Allocations": [],
    }


def bank_transaction_row(move: CashMove, organisation: str, base_currency: str) -> Row:
    """Money spent or received."""
    account = CHART[move.through]
    return {
        "BankTransactionID": move.id,
        "Type": "RECEIVE" if move.incoming else "SPEND",
        "Status": _BANK_STATUS.get(move.state, "DELETED"),
        "BankAccount": {
            "AccountID": stable_uuid("xero", organisation, move.through),
            "Code": account.code,
            "Name": account.name,
        },
        "Contact": {"ContactID": stable_uuid("contact", move.memo), "Name": move.memo},
        "DateString": f"{move.dated_on}T00:00:00",
        "Date": move.dated_on,
        "IsReconciled": True,
        "LineAmountTypes": "NoTax",
        "SubTotal": move.amount,
        "TotalTax": Decimal("0.00"),
        "Total": move.amount,
        "CurrencyCode": base_currency,
        "UpdatedDateUTC": _evening(move.dated_on),
    }


def manual_journal_row(journal: Journal) -> Row:
    """A manual journal: no DateString here."""
    lines = [
        {"LineAmount": one.amount, "AccountCode": CHART[one.role].code if one.role in CHART else "860"}
        for one in journal.postings
    ]
    return {
        "ManualJournalID": journal.id,
        "Date": journal.dated_on,
        "Status": _JOURNAL_STATUS[journal.state],
        "LineAmountTypes": "NoTax",
        "Narration": journal.memo,
        "UpdatedDateUTC": _evening(journal.dated_on),
        "JournalLines": lines,
    }


def _shared(document: Document, base_currency: str, booked_status: str) -> Row:
    kind = _amounts_kind(document)
    return {
        "Status": _DOCUMENT_STATUS.get(document.state, booked_status),
        "DateString": f"{document.dated_on}T00:00:00",
        "Date": document.dated_on,
        "Contact": {"ContactID": stable_uuid("contact", document.partner), "Name": document.partner},
        "LineAmountTypes": kind,
        "LineItems": [_line(document, role, net, kind) for role, net in document.lines],
        "SubTotal": document.net,
        "TotalTax": document.vat,
        "Total": document.net + document.vat,
        "CurrencyCode": document.currency,
        **_rate(document, base_currency),
        "UpdatedDateUTC": _evening(document.dated_on),
    }


def _amounts_kind(document: Document) -> str:
    if not document.vat:
        return "NoTax"
    return "Inclusive" if document.serial % 3 == 0 else "Exclusive"


def _line(document: Document, role: Any, net: Decimal, kind: str) -> Row:
    tax = (document.vat * net / document.net).quantize(Decimal("0.01")) if document.net else Decimal("0.00")
    return {
        "Description": CHART[role].name,
        "Quantity": Decimal("1.0000"),
        "UnitAmount": net + tax if kind == "Inclusive" else net,
        "TaxAmount": tax,
        "LineAmount": net + tax if kind == "Inclusive" else net,
        "AccountCode": CHART[role].code,
    }


def _rate(document: Document, base_currency: str) -> Row:
    """The rate; in the base currency it may be 1, 0 or missing, abroad it is missing when unknown."""
    if document.currency == base_currency:
        return _OWN_RATES[document.serial % len(_OWN_RATES)]
    return {"CurrencyRate": document.rate.quantize(_RATE_DIGITS)} if document.rate_known else {}


def _evening(day: date) -> datetime:
    return datetime.combine(day, time(17, 30), UTC)
