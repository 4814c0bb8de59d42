"""Rows of the two lists, and a document's own page, with the vendor's types."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.books.records import Document, State
from sandbox.fortnox.company import Company
from sandbox.fortnox.ledger import is_reverse_charged, voucher_number

Json = dict[str, Any]

_UNBOOKED = (State.DRAFT, State.SUBMITTED)
_KINDS = ("INVOICE", "INVOICE", "AGREEMENTINVOICE", "CASHINVOICE", "SUMMARYINVOICE")
_UNITS = {"NOK": 100, "PLN": 100}  # rates are told for so many units


def is_listed(document: Document) -> bool:
    """Deleted ones are gone, and what is neither invoice nor credit note is kept elsewhere."""
    return document.kind.is_posted and document.state is not State.DELETED


def number_of(document: Document) -> str:
    """DocumentNumber and GivenNumber."""
    return str(document.serial)


def invoice(company: Company, document: Document, address: str) -> Json:
    """A row of /3/invoices: gross in the document's currency, no flag for credit notes."""
    year, series, number = _voucher(company, document) or (None, None, None)
    total = document.sign * document.gross
    return {
        "@url": f"{address}/3/invoices/{number_of(document)}",
        "Balance": _number(Decimal(0) if document.paid_on else total),
        "Booked": document.state not in _UNBOOKED,
        "Cancelled": document.state is State.VOIDED,
        "CostCenter": "",
        "Currency": document.currency,
        "CurrencyRate": _text(_rate(document)),
        "CurrencyUnit": _UNITS.get(document.currency, 1),
        "CustomerName": document.partner,
        "CustomerNumber": str(10 + len(document.partner)),
        "DocumentNumber": number_of(document),
        "DueDate": document.due_on.isoformat(),
        "ExternalInvoiceReference1": "",
        "ExternalInvoiceReference2": "",
        "FinalPayDate": _day(document.paid_on),
        "InvoiceDate": document.dated_on.isoformat(),
        "InvoiceType": _KINDS[document.serial % len(_KINDS)],
        "NoxFinans": False,
        "OCR": f"{number_of(document)}7",
        "Project": "",
        "Sent": document.serial % 3 > 0,
        "TermsOfPayment": "14",
        "Total": _number(total),
        "VoucherNumber": number,
        "VoucherSeries": series,
        "VoucherYear": year,
        "WayOfDelivery": "",
    }


def supplier_invoice(company: Company, document: Document, address: str) -> Json:
    """A row of /3/supplierinvoices: Cancel instead of Cancelled, amounts in quotes."""
    total = _supplier_sign(company, document) * document.gross
    return {
        "@url": f"{address}/3/supplierinvoices/{number_of(document)}",
        "AuthorizerName": "",
        "Balance": "0" if document.paid_on else _text(total),
        "Booked": document.state not in _UNBOOKED,
        "Cancel": document.state is State.VOIDED,
        "CostCenter": None,
        "Credit": document.kind.is_credit,
        "Currency": document.currency,
        "CurrencyRate": _text(_rate(document)),
        "CurrencyUnit": _UNITS.get(document.currency, 1),
        "DueDate": document.due_on.isoformat(),
        "ExternalInvoiceNumber": "",
        "ExternalInvoiceSeries": "",
        "FinalPayDate": _day(document.paid_on),
        "GivenNumber": number_of(document),
        "InvoiceDate": document.dated_on.isoformat(),
        "InvoiceNumber": document.number,
        "Project": "",
        "SupplierName": document.partner,
        "SupplierNumber": str(len(document.partner)),
        "Total": _text(total),
        "Vouchers": _supplier_vouchers(company, document),
    }


def invoice_page(company: Company, document: Document, address: str) -> Json:
    """/3/invoices/{DocumentNumber}: net, VAT and rounding, numbers as numbers, Credit in quotes."""
    sign, rate = document.sign, _rate(document)
    return invoice(company, document, address) | {
        "AccountingMethod": _method(company),
        "Credit": "true" if document.kind.is_credit else "false",
        "CreditInvoiceReference": "0",
        "CurrencyRate": None if rate is None else _number(rate),
        "Gross": _number(sign * (document.net + document.vat)),
        "InvoiceRows": [
            {"RowId": place, "Price": _number(amount), "TotalExcludingVAT": _number(sign * amount)}
            for place, (_, amount) in enumerate(document.lines, start=1)
        ],
        "Net": _number(sign * document.net),
        "RoundOff": _number(sign * document.rounding),
        "TotalToPay": _number(sign * document.gross),
        "TotalVAT": _number(sign * document.vat),
        "VATIncluded": False,
    }


def supplier_invoice_page(company: Company, document: Document, address: str) -> Json:
    """/3/supplierinvoices/{GivenNumber}: Cancelled here, and still numbers in quotes."""
    sign = _supplier_sign(company, document)
    row = supplier_invoice(company, document, address)
    return row | {
        "AccountingMethod": _method(company),
        "Cancelled": row.pop("Cancel"),
        "CreditReference": 0,
        "RoundOffValue": _text(sign * document.rounding),
        "VAT": _text(sign * document.vat),
        "VATType": "REVERSE" if is_reverse_charged(document) else "NORMAL",
    }


def _supplier_sign(company: Company, document: Document) -> int:
    return 1 if company.habits.positive_credits else document.sign


def _voucher(company: Company, document: Document) -> tuple[int, str, int] | None:
    if document.state is not State.BOOKED or company.habits.follows_payments:
        return None
    year = company.year_of(document.posted_on).id
    return year, "B" if document.kind.is_sales else "D", voucher_number(2 * document.serial)


def _supplier_vouchers(company: Company, document: Document) -> list[Json]:
    """The invoice's own voucher, and the one of its payment."""
    found = _voucher(company, document)
    if found is None:
        return []
    own = {"Number": found[2], "Year": found[0], "Series": found[1], "ReferenceType": "SUPPLIERINVOICE"}
    if document.paid_on is None:
        return [own]
    paid = {
        "Number": voucher_number(2 * document.serial + 1),
        "Year": company.year_of(document.paid_on).id,
        "Series": "E",
        "ReferenceType": "SUPPLIERPAYMENT",
    }
    return [paid, own]


def _rate(document: Document) -> Decimal | None:
    return document.rate * _UNITS.get(document.currency, 1) if document.rate_known else None


def _method(company: Company) -> str:
    return "CASH" if company.habits.follows_payments else "ACCRUAL"


def _number(amount: Decimal) -> float | int:
    return int(amount) if amount == int(amount) else float(amount)


def _text(amount: Decimal | None) -> str:
    return "" if amount is None else f"{amount.normalize():f}"


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
