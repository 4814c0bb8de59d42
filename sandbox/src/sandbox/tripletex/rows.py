"""Rows of the lists in the vendor's words, with all their fields."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from sandbox.books.chart import Nature, Role
from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.records import CENT, Document, Entry, Kind, Posting, Source, State
from sandbox.tripletex.chart import account_of
from sandbox.tripletex.company import Company
from sandbox.tripletex.shapes import Row

Dated = tuple[date, Row]

_CURRENCY_IDS = {"NOK": 1, "SEK": 2, "EUR": 5, "USD": 4, "GBP": 6, "PLN": 12}
_VOUCHER_TYPES = {
    Source.SALES: "Utgående faktura",
    Source.PURCHASE: "Leverandørfaktura",
    Source.PAYMENT: "Betaling",
    Source.CASH: "Bankbilag",
    Source.JOURNAL: "Memorialnota",
}
_NOT_BOOKED = (State.DRAFT, State.SUBMITTED)


def number(amount: Decimal) -> float:
    """An amount as a JSON number."""
    return float(amount)


def url(path: str, identifier: int) -> str:
    """An address as replies have it: without a scheme."""
    return f"tripletex.no/v2/{path}/{identifier}"


def named(path: str, identifier: int, **fields: Any) -> Row:
    """An object with its id and address."""
    return {"id": identifier, "version": 1, "url": url(path, identifier), **fields}


def invoice_rows(company: Company, books: Books, month: Month) -> Iterator[Dated]:
    """Charged sales invoices and credit notes; on some accounts also what is not charged yet."""
    for one in books.documents(month):
        uncharged = one.state is State.DRAFT and company.habits.lists_uncharged
        if one.kind.is_sales and (one.state is State.BOOKED or uncharged):
            yield one.dated_on, _invoice(one, is_charged=not uncharged)


def supplier_invoice_rows(_: Company, books: Books, month: Month) -> Iterator[Dated]:
    """Bills and their credit notes: positive for us is negative here; not booked ones have no amount yet."""
    for one in books.documents(month):
        if not one.kind.is_sales and one.state in {State.BOOKED, *_NOT_BOOKED}:
            yield one.dated_on, _supplier_invoice(one)


def posting_rows(company: Company, books: Books, month: Month) -> Iterator[Dated]:
    """Every row of every posted voucher."""
    for entry in books.entries(month):
        voucher = _voucher(entry)
        for position, posting in enumerate(entry.postings):
            yield entry.posted_on, _posting(company, entry, voucher, position, posting)


def voucher_rows(_: Company, books: Books, month: Month) -> Iterator[Dated]:
    """Posted vouchers."""
    for entry in books.entries(month):
        yield entry.posted_on, _voucher(entry)


def unposted_rows(_: Company, books: Books, month: Month) -> Iterator[Dated]:
    """Vouchers without a number yet."""
    for one in books.documents(month):
        if not one.kind.is_sales and one.state in _NOT_BOOKED:
            yield one.dated_on, _unposted_voucher(one)


def currency_of(code: str) -> Row:
    """A currency."""
    return named("currency", _CURRENCY_IDS[code], code=code, displayName=code, factor=1, isDisabled=False)


def _invoice(document: Document, *, is_charged: bool) -> Row:
    sign, zero = document.sign, Decimal(0)
    left = zero if document.paid_on else sign * document.gross_base
    left_currency = zero if document.paid_on else sign * document.gross
    return named(
        "invoice",
        document.serial,
        invoiceNumber=document.serial % 100_000_000 if is_charged else 0,
        invoiceDate=document.dated_on.isoformat(),
        invoiceDueDate=document.due_on.isoformat(),
        customer=named("customer", 100 + len(document.partner), name=document.partner),
        isCreditNote=document.kind is Kind.SALES_CREDIT_NOTE,
        creditedInvoice=document.serial - 1 if document.kind.is_credit else None,
        isCredited=document.kind is Kind.SALES_INVOICE and document.serial % 9 == 0,
        isCharged=is_charged,
        isApproved=is_charged,
        voucher=_voucher_reference(document, is_booked=is_charged),
        currency=currency_of(document.currency),
        amount=number(sign * document.gross_base),
        amountExcludingVat=number(sign * document.net_base),
        amountRoundoff=number(sign * document.rounding_base),
        amountCurrency=number(sign * document.gross),
        amountExcludingVatCurrency=number(sign * document.net),
        amountRoundoffCurrency=number(sign * document.rounding),
        amountOutstanding=number(left),
        amountCurrencyOutstanding=number(left_currency),
    )


def _supplier_invoice(document: Document) -> Row:
    booked = document.state is State.BOOKED
    sign = -document.sign
    net, gross = (document.net_base, document.gross_base) if booked else (Decimal(0), Decimal(0))
    voucher = _voucher_reference(document, is_booked=True) if booked else _unposted_voucher(document)
    return named(
        "supplierInvoice",
        document.serial,
        invoiceNumber=document.number,
        invoiceDate=document.dated_on.isoformat(),
        invoiceDueDate=document.due_on.isoformat(),
        supplier=named("supplier", 500 + len(document.partner), name=document.partner),
        isCreditNote=document.kind is Kind.PURCHASE_CREDIT_NOTE,
        currency=currency_of(document.currency),
        amount=number(sign * gross),
        amountExcludingVat=number(sign * net),
        amountCurrency=number(sign * document.gross),
        amountExcludingVatCurrency=number(sign * document.net if booked else Decimal(0)),
        outstandingAmount=number(Decimal(0) if document.paid_on else document.gross_base),
        voucher=voucher,
    )


def _posting(company: Company, entry: Entry, voucher: Row, position: int, posting: Posting) -> Row:
    document = entry.record if isinstance(entry.record, Document) else None
    currency, rate = (document.currency, document.rate) if document else ("NOK", Decimal(1))
    gross = posting.amount + posting.vat
    return named(
        "ledger/posting",
        entry.serial * 100 + position,
        date=entry.posted_on.isoformat(),
        description=entry.memo,
        row=position + 1,
        account=account_of(company, posting.role),
        voucher=voucher,
        currency=currency_of(currency),
        amount=number(posting.amount),
        amountGross=number(gross),
        amountCurrency=number((posting.amount * rate).quantize(CENT)),
        amountGrossCurrency=number((gross * rate).quantize(CENT)),
        invoiceNumber=document.number if document else "",
        type=_posting_type(entry, posting),
        systemGenerated=posting.role.nature is Nature.LIABILITY,
        matched=False,
    )


def _posting_type(entry: Entry, posting: Posting) -> str | None:
    match entry.source, posting.role:
        case Source.SALES, Role.RECEIVABLE:
            return "OUTGOING_INVOICE_CUSTOMER_POSTING"
        case Source.PAYMENT, Role.BANK | Role.CASH:
            return "INCOMING_PAYMENT"
        case Source.JOURNAL, Role.WAGES:
            return "WAGE"
    return None


def _voucher(entry: Entry) -> Row:
    kind = named(
        "ledger/voucherType", 1 + list(Source).index(entry.source), name=_VOUCHER_TYPES[entry.source]
    )
    return _numbered_voucher(entry.serial, entry.posted_on) | {"description": entry.memo, "voucherType": kind}


def _numbered_voucher(serial: int, day: date) -> Row:
    shown = serial % 200_000 + 1
    return named(
        "ledger/voucher",
        serial,
        date=day.isoformat(),
        number=shown,
        tempNumber=0,
        year=day.year,
        numberAsString=str(shown),
    )


def _voucher_reference(document: Document, *, is_booked: bool) -> Row | None:
    return _numbered_voucher(2 * document.serial, document.posted_on) if is_booked else None


def _unposted_voucher(document: Document) -> Row:
    return _numbered_voucher(2 * document.serial, document.dated_on) | {
        "number": 0,
        "tempNumber": document.serial % 100_000,
        "numberAsString": "",
        "vendorInvoiceNumber": document.number,
    }
