"""What stands in the books: documents, journals and cash moves, and the entries and payments that follow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from sandbox.books.chart import Role

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


class Kind(StrEnum):
    """Kinds of document; the last two are never counted and never posted."""

    SALES_INVOICE = "sales_invoice"
    SALES_CREDIT_NOTE = "sales_credit_note"
    PURCHASE_INVOICE = "purchase_invoice"
    PURCHASE_CREDIT_NOTE = "purchase_credit_note"
    PREPAYMENT_INVOICE = "prepayment_invoice"
    DELIVERY_ORDER = "delivery_order"

    @property
    def is_sales(self) -> bool:
        """Whether it goes to a customer."""
        return self is not Kind.PURCHASE_INVOICE and self is not Kind.PURCHASE_CREDIT_NOTE

    @property
    def is_credit(self) -> bool:
        """Whether it takes back."""
        return self is Kind.SALES_CREDIT_NOTE or self is Kind.PURCHASE_CREDIT_NOTE

    @property
    def is_posted(self) -> bool:
        """Whether it reaches the ledger and the count."""
        return self is not Kind.PREPAYMENT_INVOICE and self is not Kind.DELIVERY_ORDER


class State(StrEnum):
    """Only what is booked counts."""

    BOOKED = "booked"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    VOIDED = "voided"
    DELETED = "deleted"


def in_base(amount: Decimal, rate: Decimal, *, rate_is_own: bool) -> Decimal:
    """An amount in the base currency, rounded half up to the cent."""
    return (amount * rate if rate_is_own else amount / rate).quantize(CENT, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An invoice, a bill or a credit note; its amounts are positive and in its own currency."""

    id: str
    serial: int
    kind: Kind
    state: State
    number: str
    partner: str
    dated_on: date
    posted_on: date
    due_on: date
    paid_on: date | None
    paid_through: Role
    currency: str
    rate: Decimal  # units of `currency` for one of the base currency; the other way round if `rate_is_own`
    lines: tuple[tuple[Role, Decimal], ...]  # net by ledger account
    net: Decimal
    vat: Decimal
    rounding: Decimal
    rate_known: bool = True
    rate_is_own: bool = False

    @property
    def sign(self) -> int:
        """1, or -1 for a credit note."""
        return -1 if self.kind.is_credit else 1

    @property
    def gross(self) -> Decimal:
        """What the partner owes, in the document's currency."""
        return self.net + self.vat + self.rounding

    @property
    def is_counted(self) -> bool:
        """Whether a summary counts it."""
        return self.state is State.BOOKED and self.kind.is_posted

    def in_base(self, amount: Decimal) -> Decimal:
        """An amount of this document in the base currency, rounded half up to the cent."""
        return in_base(amount, self.rate, rate_is_own=self.rate_is_own)

    @property
    def net_base(self) -> Decimal:
        """Net in the base currency."""
        return self.in_base(self.net)

    @property
    def vat_base(self) -> Decimal:
        """VAT in the base currency."""
        return self.in_base(self.vat)

    @property
    def rounding_base(self) -> Decimal:
        """Rounding in the base currency."""
        return self.in_base(self.rounding)

    @property
    def gross_base(self) -> Decimal:
        """The three parts added, each converted by itself."""
        return self.net_base + self.vat_base + self.rounding_base


@dataclass(frozen=True, slots=True)
class Posting:
    """One row of an entry in the base currency, debit positive; `vat` is what its gross has more."""

    role: Role
    amount: Decimal
    vat: Decimal = ZERO


class JournalKind(StrEnum):
    """Where a journal comes from."""

    MANUAL = "manual"
    PAYROLL = "payroll"
    DEPRECIATION = "depreciation"
    OPENING = "opening"
    YEAR_END = "year_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """A ledger entry without a document."""

    id: str
    serial: int
    kind: JournalKind
    state: State
    dated_on: date
    memo: str
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CashMove:
    """Money spent or received without a document, in the base currency."""

    id: str
    serial: int
    state: State
    dated_on: date
    incoming: bool
    amount: Decimal
    role: Role
    through: Role
    memo: str


Record = Document | Journal | CashMove


class Source(StrEnum):
    """What made an entry."""

    SALES = "sales"
    PURCHASE = "purchase"
    PAYMENT = "payment"
    CASH = "cash"
    JOURNAL = "journal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A posted ledger entry; its postings add up to zero."""

    id: str
    serial: int
    record: Record
    source: Source
    posted_on: date
    memo: str
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that has moved, for a document or by itself; `amount` is in the record's currency."""

    id: str
    serial: int
    record: Document | CashMove
    paid_on: date
    incoming: bool
    amount: Decimal
    through: Role
