"""Rows of booked invoices and of entries, in the vendor's words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.books.chart import Role
from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.records import CENT, ZERO, Document, Entry, Journal, JournalKind, Posting, Source, State
from sandbox.e_conomic.agreement import Agreement
from sandbox.e_conomic.chart import NUMBERS, REVERSE_CHARGE, Row, account_reference
from sandbox.e_conomic.years import Year

Dated = tuple[date, Row]

_MOST_ROWS = 20  # of one entry
_VOUCHERS_OF_A_MONTH = 200_000
_REVERSE_RATE = Decimal("0.25")


def invoice_rows(agreement: Agreement, books: Books, month: Month, root: str) -> Iterator[Dated]:
    """Booked sales invoices and credit notes; nothing tells the one from the other but the sign."""
    for one in books.documents(month):
        if one.kind.is_sales and one.state is State.BOOKED:
            yield one.dated_on, _invoice(agreement, one, root)


def entry_rows(agreement: Agreement, books: Books, month: Month, root: str) -> Iterator[Dated]:
    """Every row of every entry, debit positive."""
    for entry in books.entries(month):
        for position, line in enumerate(_lines(agreement, entry)):
            number = entry.serial * _MOST_ROWS + position
            yield (
                entry.posted_on,
                {
                    "entryNumber": number,
                    **_entry(agreement, entry, line, root),
                    "self": f"{root}/entries/{number}",
                },
            )


def carried_rows(agreement: Agreement, year: Year, root: str) -> Iterator[Dated]:
    """The balances that were carried into a year, on its first day."""
    brought = Decimal(5_000 + year.first.index)
    for position, (role, amount) in enumerate(((Role.BANK, brought), (Role.EQUITY, -brought))):
        number = year.first.index * 10 + position
        yield (
            year.first.first,
            {
                **_money(amount, amount, agreement.account.profile.currency),
                "account": account_reference(root, NUMBERS[role][0]),
                "date": year.first.first.isoformat(),
                "entryNumber": number,
                "entryType": "transferredOpeningEntry",
                "text": "Primo",
                "self": f"{root}/entries/{number}",
            },
        )


def is_reversed(agreement: Agreement, entry: Entry) -> bool:
    """Whether a bill's VAT is due here and deductible at once."""
    document = entry.record
    return (
        agreement.reverses_charge
        and entry.source is Source.PURCHASE
        and isinstance(document, Document)
        and document.currency != agreement.account.profile.currency
        and not document.vat_base
    )


def is_opening(entry: Entry) -> bool:
    """Whether it was typed in as an opening balance."""
    return isinstance(entry.record, Journal) and entry.record.kind is JournalKind.OPENING


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of an entry; without a posting where only VAT that cancels itself is booked."""

    account: int
    amount: Decimal
    posting: Posting | None = None


def _lines(agreement: Agreement, entry: Entry) -> Iterator[_Line]:
    for posting in entry.postings:
        yield _Line(NUMBERS[posting.role][0], posting.amount, posting)
    if is_reversed(agreement, entry):
        assert isinstance(entry.record, Document)  # noqa: S101 (only documents are)
        vat = (entry.record.sign * entry.record.net_base * _REVERSE_RATE).quantize(CENT, ROUND_HALF_UP)
        yield _Line(NUMBERS[Role.PURCHASE_TAX][0], vat)
        yield _Line(REVERSE_CHARGE, -vat)


def _invoice(agreement: Agreement, one: Document, root: str) -> Row:
    sign, customer = one.sign, 10 + len(one.partner)
    left, left_base = (ZERO, ZERO) if one.paid_on else (sign * one.gross, sign * one.gross_base)
    return {
        "bookedInvoiceNumber": one.serial,
        "date": one.dated_on.isoformat(),
        "currency": one.currency,
        "exchangeRate": float(one.rate * 100) if one.rate_known else None,
        "netAmount": float(sign * one.net),
        "netAmountInBaseCurrency": float(sign * one.net_base),
        "grossAmount": float(sign * one.gross),
        "grossAmountInBaseCurrency": float(sign * one.gross_base),
        "vatAmount": float(sign * one.vat),
        "roundingAmount": float(sign * one.rounding_base),
        "remainder": float(left),
        "remainderInBaseCurrency": float(left_base),
        "dueDate": one.due_on.isoformat(),
        "paymentTerms": {"paymentTermsNumber": 1, "daysOfCredit": 14, "name": "Netto 14 dage"},
        "customer": {"customerNumber": customer, "self": f"{root}/customers/{customer}"},
        "recipient": {"name": one.partner, "nemHandelType": None},
        "sent": f"{root}/invoices/booked/{one.serial}/sent",
        "self": f"{root}/invoices/booked/{one.serial}",
        "project": None if agreement.numbers_as_text else {"projectNumber": 1},
    }


def _entry(agreement: Agreement, entry: Entry, line: _Line, root: str) -> Row:
    document = entry.record if isinstance(entry.record, Document) else None
    base_currency = agreement.account.profile.currency
    currency, rate = (document.currency, document.rate) if document else (base_currency, Decimal(1))
    return {
        **_money((line.amount / rate).quantize(CENT), line.amount, currency),
        "account": account_reference(root, line.account),
        "date": entry.posted_on.isoformat(),
        "entryType": _type(entry),
        "text": entry.memo,
        "voucherNumber": _voucher(entry),
        **_party(entry, line.posting, root),
        **_invoice_reference(agreement, entry, root),
        "vatAccount": _vat(document, line.posting, root),
    }


def _money(amount: Decimal, amount_base: Decimal, currency: str) -> Row:
    return {"amount": float(amount), "amountInBaseCurrency": float(amount_base), "currency": currency}


def _type(entry: Entry) -> str:
    match entry.source, entry.record:
        case Source.SALES, _:
            return "customerInvoice"
        case Source.PURCHASE, _:
            return "supplierInvoice"
        case Source.PAYMENT, Document() as document:
            return "customerPayment" if document.kind.is_sales else "supplierPayment"
        case _, Journal(kind=JournalKind.OPENING):
            return "openingEntry"
        case _, Journal(kind=JournalKind.DEPRECIATION):
            return "systemEntry"
    return "manualDebtorInvoice" if _is_manual_invoice(entry) else "financeVoucher"


def _is_manual_invoice(entry: Entry) -> bool:
    return isinstance(entry.record, Journal) and entry.postings[0].role is Role.RECEIVABLE


def _voucher(entry: Entry) -> int:
    """Unique in an accounting year; the next year begins again."""
    month, number = divmod(entry.serial, _VOUCHERS_OF_A_MONTH)
    return month % 12 * _VOUCHERS_OF_A_MONTH + number


def _party(entry: Entry, posting: Posting | None, root: str) -> dict[str, Any]:
    """Customer or supplier, on the row of the debtor or creditor account alone."""
    has_customer = isinstance(entry.record, Document) or _is_manual_invoice(entry)
    if posting is None or not has_customer:
        return {}
    number = 10 + len(entry.memo) % 7
    left = {"remainder": float(posting.amount), "remainderInBaseCurrency": float(posting.amount)}
    if posting.role is Role.RECEIVABLE:
        return left | {"customer": {"customerNumber": number, "self": f"{root}/customers/{number}"}}
    if posting.role is Role.PAYABLE:
        supplier = {"supplierNumber": number, "self": f"{root}/suppliers/{number}"}
        return left | {"supplier": supplier, "supplierInvoiceNumber": entry.memo}
    return {}


def _invoice_reference(agreement: Agreement, entry: Entry, root: str) -> dict[str, Any]:
    document = entry.record
    if not isinstance(document, Document) or not document.kind.is_sales:
        return {}
    serial = document.serial
    return {
        "bookedInvoice": {"bookedInvoiceNumber": serial, "self": f"{root}/invoices/booked/{serial}"},
        "invoiceNumber": str(serial) if agreement.numbers_as_text else serial,
    }


def _vat(document: Document | None, posting: Posting | None, root: str) -> Row | None:
    if document is None or posting is None or not posting.vat:
        return None
    code = "U25" if document.kind.is_sales else "I25"
    return {"vatCode": code, "self": f"{root}/vat-accounts/{code}"}
