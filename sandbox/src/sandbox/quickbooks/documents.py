"""Invoices, bills and credits as the vendor lists them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

from sandbox.books.chart import Role
from sandbox.books.records import Document, Kind, State
from sandbox.quickbooks.chart import reference

Row = dict[str, Any]

ENTITIES = {
    "Invoice": Kind.SALES_INVOICE,
    "CreditMemo": Kind.SALES_CREDIT_NOTE,
    "Bill": Kind.PURCHASE_INVOICE,
    "VendorCredit": Kind.PURCHASE_CREDIT_NOTE,
}
# There are no drafts, and what was deleted is gone.
LISTED = frozenset({State.BOOKED, State.VOIDED})
_VOID_NOTES = ("Voided", "Sent twice - VOIDED", "voided by the owner on request")
_NOTES = (None, "Avoid weekends", None, "Thank you")
_PACIFIC = timezone(timedelta(hours=-8))


def document_row(document: Document, home: str, today: date) -> Row:
    """One document; what has no value is left out, and there is no field for its state."""
    voided = document.state is State.VOIDED
    paid = document.paid_on is not None and document.paid_on <= today
    row: Row = {
        "Id": str(2 * document.serial),
        "DocNumber": document.number,
        **stamps(document.dated_on, document.serial),
        "CurrencyRef": {"value": document.currency},
        **_rate(document, home),
        "PrivateNote": _note(document, voided=voided),
        "Line": [] if voided else [_line(document, *one) for one in enumerate(document.lines, start=1)],
        **({} if voided else _tax(document)),
        _partner_field(document): {"value": str(len(document.partner)), "name": document.partner},
        "TotalAmt": 0 if voided else money(document.gross),
        "Balance": 0 if voided or paid else money(document.gross),
    }
    if not voided and document.currency != home and document.rate_known:
        row["HomeTotalAmt"] = money(document.in_base(document.gross))
    return {name: value for name, value in row.items() if value is not None}


def stamps(day: date, serial: int) -> Row:
    """The accounting day, and when it was typed in: the evening before, or that night, on the west coast."""
    typed = datetime.combine(day, time(23, 50), _PACIFIC) - timedelta(hours=24 * (serial % 2))
    moment = typed.isoformat()
    return {
        "TxnDate": day.isoformat(),
        "SyncToken": "0",
        "domain": "QBO",
        "sparse": False,
        "MetaData": {"CreateTime": moment, "LastUpdatedTime": moment},
    }


def money(amount: Decimal) -> float:
    """A JSON number."""
    return float(amount)


def _note(document: Document, *, voided: bool) -> str | None:
    notes = _VOID_NOTES if voided else _NOTES
    return notes[document.serial % len(notes)]


def _rate(document: Document, home: str) -> Row:
    """Home units for one of the document's; at home it is 1 or left out."""
    if document.currency == home:
        return {"ExchangeRate": 1} if document.serial % 2 else {}
    return {"ExchangeRate": money(document.rate)} if document.rate_known else {}


def _tax(document: Document) -> Row:
    """The total of the tax, or its lines alone, or nothing; reverse charge comes as a pair."""
    turn = document.serial % 3
    if document.vat:
        lines = [_tax_line(document.vat)]
        return {
            "TxnTaxDetail": {"TaxLine": lines}
            if turn == 0
            else {"TotalTax": money(document.vat), "TaxLine": lines},
            "GlobalTaxCalculation": ("TaxExcluded", "TaxInclusive")[document.serial % 2],
        }
    pair = [_tax_line(Decimal("12.00")), _tax_line(Decimal("-12.00"))]
    detail = ({}, {"TxnTaxDetail": {"TotalTax": 0}}, {"TxnTaxDetail": {"TaxLine": pair}})[turn]
    return {**detail, "GlobalTaxCalculation": "NotApplicable"}


def _tax_line(amount: Decimal) -> Row:
    return {"Amount": money(amount), "DetailType": "TaxLineDetail"}


def _line(document: Document, number: int, line: tuple[Role, Decimal]) -> Row:
    role, net = line
    detail = "SalesItemLineDetail" if document.kind.is_sales else "AccountBasedExpenseLineDetail"
    return {
        "Id": str(number),
        "Amount": money(net),
        "DetailType": detail,
        detail: {"ItemAccountRef" if document.kind.is_sales else "AccountRef": reference(role)},
    }


def _partner_field(document: Document) -> str:
    return "CustomerRef" if document.kind.is_sales else "VendorRef"
