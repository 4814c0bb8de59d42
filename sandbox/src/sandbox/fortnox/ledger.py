"""The vouchers of a company: neutral entries with series, numbers and rows of the Swedish chart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sandbox.books.chart import Role
from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.posting import entries_of
from sandbox.books.records import CENT, Document, Journal, JournalKind, Kind, Posting, Record, Source
from sandbox.fortnox.company import Company, next_month_is_open

# The chart's accounts for VAT that a buyer owes and deducts at the same time.
REVERSE_IN, REVERSE_OUT = 2645, 2614
ACCOUNTS = {
    Role.FIXED_ASSETS: (1220, "Inventarier och verktyg"),
    Role.RECEIVABLE: (1510, "Kundfordringar"),
    Role.CASH: (1910, "Kassa"),
    Role.BANK: (1930, "Företagskonto"),
    Role.EQUITY: (2081, "Aktiekapital"),
    Role.PAYABLE: (2440, "Leverantörsskulder"),
    Role.INCOME_TAX_DUE: (2510, "Skatteskulder"),
    Role.SALES_TAX: (2611, "Utgående moms på försäljning inom Sverige, 25 %"),
    Role.PURCHASE_TAX: (2641, "Debiterad ingående moms"),
    Role.PAYROLL_DUE: (2821, "Löneskulder"),
    Role.GOODS_SALES: (3001, "Försäljning varor 25 % Sverige"),
    Role.SERVICE_SALES: (3041, "Försäljning tjänster 25 % Sverige"),
    Role.ROUNDING: (3740, "Öres- och kronutjämning"),
    Role.OTHER_INCOME: (3990, "Övriga ersättningar och intäkter"),
    Role.GOODS: (4010, "Inköp material och varor"),
    Role.SERVICES: (4600, "Legoarbeten, underentreprenader"),
    Role.RENT: (5010, "Lokalhyra"),
    Role.OFFICE: (6110, "Kontorsmateriel"),
    Role.WAGES: (7210, "Löner till tjänstemän"),
    Role.SOCIAL_TAX: (7510, "Arbetsgivaravgifter"),
    Role.DEPRECIATION: (7832, "Avskrivningar på inventarier"),
    Role.INTEREST_INCOME: (8310, "Ränteintäkter"),
    Role.INTEREST_COST: (8410, "Räntekostnader"),
    Role.TRANSFERS: (8811, "Avsättning till periodiseringsfond"),
    Role.INCOME_TAX: (8910, "Skatt på årets resultat"),
    Role.YEAR_RESULT: (8999, "Årets resultat"),
}
_SERIES = {Source.SALES: "B", Source.PURCHASE: "D", Source.JOURNAL: "A", Source.CASH: "A"}
_PAYMENTS = {True: "C", False: "E"}  # a customer's, to a supplier
_NUMBERS = 10_000_000
_REVERSE_RATE = Decimal("0.25")
_PARTNERS = frozenset({Role.RECEIVABLE, Role.PAYABLE})
_MONEY = _PARTNERS | {Role.BANK, Role.CASH}


@dataclass(frozen=True, slots=True)
class Row:
    """One row, debit positive; no role on what the neutral books do not have."""

    account: int
    amount: Decimal
    day: date
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Voucher:
    """A posted voucher; `has_own_days` when its rows tell their days themselves."""

    series: str
    number: int
    day: date
    text: str
    rows: tuple[Row, ...]
    has_own_days: bool


@dataclass(frozen=True, slots=True)
class _Named:
    series: str
    serial: int
    day: date


def vouchers(company: Company, books: Books, month: Month) -> Iterator[Voucher]:
    """The vouchers dated in the month."""
    follows_payments = company.habits.follows_payments
    for entry in books.entries(month):
        if not (follows_payments and isinstance(entry.record, Document)):
            named = _Named(_series(entry.source, entry.record), entry.serial, entry.posted_on)
            yield _voucher(company, named, entry.postings, entry.record)
    for payment in books.payments(month) if follows_payments else ():
        if isinstance(payment.record, Document):
            named = _Named(_series(Source.PAYMENT, payment.record), payment.serial, payment.paid_on)
            yield _voucher(company, named, _paid(payment.record), payment.record)


def voucher_number(serial: int) -> int:
    """Unique within a financial year."""
    return serial % _NUMBERS


def is_reverse_charged(document: Document) -> bool:
    """A foreign supplier charges no VAT: the buyer owes and deducts it."""
    return not document.kind.is_sales and document.currency != "SEK" and not document.vat


def _series(source: Source, record: Record) -> str:
    if source is Source.PAYMENT and isinstance(record, Document):
        return _PAYMENTS[record.kind.is_sales]
    return _SERIES[source]


def _voucher(company: Company, named: _Named, postings: tuple[Posting, ...], record: Record) -> Voucher:
    own_day = _own_day(company, record, named.serial)
    rows = [Row(ACCOUNTS[one.role][0], one.amount, own_day or named.day, one.role) for one in postings]
    has_costs = any(one.role not in _MONEY for one in postings)
    if has_costs and isinstance(record, Document) and is_reverse_charged(record):
        owed = (record.sign * record.net_base * _REVERSE_RATE).quantize(CENT)
        rows += [Row(REVERSE_IN, owed, named.day), Row(REVERSE_OUT, -owed, named.day)]
    number = voucher_number(named.serial)
    return Voucher(named.series, number, named.day, _text(record), tuple(rows), own_day is not None)


def _own_day(company: Company, record: Record, serial: int) -> date | None:
    """Some rows tell their own day; those of some manual journals lie in the month after."""
    if not isinstance(record, Journal) or record.kind is not JournalKind.MANUAL:
        return None
    month = Month.of(record.dated_on)
    year = company.year_of(record.dated_on)
    if serial // 2 % 3 == 0 and next_month_is_open(company.account.profile, month, year):
        return month.shift(1).first
    return record.dated_on if serial // 2 % 3 == 1 else None


def _paid(document: Document) -> tuple[Posting, ...]:
    """The document's own postings, with the money where the partner would stand."""
    (invoice, *_) = entries_of(document)
    return tuple(
        Posting(document.paid_through, one.amount) if one.role in _PARTNERS else one
        for one in invoice.postings
    )


_TEXTS = {
    Kind.SALES_INVOICE: "Kundfaktura",
    Kind.SALES_CREDIT_NOTE: "Kreditfaktura",
    Kind.PURCHASE_INVOICE: "Leverantörsfaktura",
    Kind.PURCHASE_CREDIT_NOTE: "Leverantörskredit",
}


def _text(record: Record) -> str:
    """A quotation mark now and then, which a file has to escape."""
    if isinstance(record, Document):
        return f'{_TEXTS[record.kind]} {record.number} "{record.partner}"'
    return record.memo
