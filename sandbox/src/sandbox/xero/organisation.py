"""One organisation: its books as the lists and the report of the vendor."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property

from sandbox.books.chart import Nature
from sandbox.books.dice import stable_uuid
from sandbox.books.ledger import Books
from sandbox.books.live import LiveBooks
from sandbox.books.month import Month
from sandbox.books.posting import entries_of
from sandbox.books.records import Document, Entry, Kind, Posting, Source
from sandbox.world import Account
from sandbox.xero import rows
from sandbox.xero.chart import account_id
from sandbox.xero.listing import Row
from sandbox.xero.profit_and_loss import Period

_INVOICES = frozenset({Kind.SALES_INVOICE, Kind.PURCHASE_INVOICE})
_CREDIT_NOTES = frozenset({Kind.SALES_CREDIT_NOTE, Kind.PURCHASE_CREDIT_NOTE})
_TIME_ZONES = {"EE": "FLESTANDARDTIME", "GB": "GMTSTANDARDTIME", "US": "EASTERNSTANDARDTIME"}
_VERSIONS = {"GB": "UK", "US": "US"}
_USUAL_SPAN_DAYS = 365


@dataclass(frozen=True)
class Organisation:
    """A tenant with books; `number` tells which habits of wording it has."""

    account: str
    number: int
    live: LiveBooks

    @classmethod
    def of(cls, account: Account) -> "Organisation":
        """The organisation that an account of the sandbox is."""
        return cls(account.id, account.number, account.live)

    @cached_property
    def tenant_id(self) -> str:
        """The id that the tenant header carries."""
        return stable_uuid(self.live.profile.seed, "xero-tenant", self.account)

    @property
    def name(self) -> str:
        """The company's name."""
        return self.live.profile.name

    @property
    def currency(self) -> str:
        """The base currency."""
        return self.live.profile.currency

    def described(self) -> Row:
        """The one row of GET /Organisation."""
        country = self.live.profile.country
        return {
            "Name": self.name,
            "LegalName": self.name,
            "PaysTax": True,
            "Version": _VERSIONS.get(country, "GLOBAL"),
            "OrganisationType": "COMPANY",
            "BaseCurrency": self.currency,
            "CountryCode": country,
            "IsDemoCompany": False,
            "OrganisationStatus": "ACTIVE",
            "RegistrationNumber": self.live.profile.registry_number,
            "FinancialYearEndDay": 31,
            "FinancialYearEndMonth": 12,
            "CreatedDateUTC": datetime.combine(date(2019, 5, 6), time(9), UTC),
            "Timezone": _TIME_ZONES[country],
            "OrganisationID": self.tenant_id,
            "Class": "STANDARD",
        }

    def invoices(self, first: date, last: date, today: date) -> list[Row]:
        """Sales invoices and bills of whole months, in every state."""
        return [
            rows.invoice_row(one, self.currency, today)
            for one in self._documents(first, last)
            if one.kind in _INVOICES
        ]

    def credit_notes(self, first: date, last: date, today: date) -> list[Row]:
        """Credit notes of both sides of whole months, in every state."""
        return [
            rows.credit_note_row(one, self.currency, today)
            for one in self._documents(first, last)
            if one.kind in _CREDIT_NOTES
        ]

    def manual_journals(self, first: date, last: date, today: date) -> list[Row]:  # noqa: ARG002 (all lists alike)
        """Manual journals of whole months, in every state."""
        books = self.live.now
        return [
            rows.manual_journal_row(one)
            for month in books.months(first, last)
            for one in books.journals(month)
        ]

    def bank_transactions(self, first: date, last: date, today: date) -> list[Row]:  # noqa: ARG002 (all lists alike)
        """Money spent and received of whole months, in every state."""
        books = self.live.now
        return [
            rows.bank_transaction_row(one, self.account, self.currency)
            for month in books.months(first, last)
            for one in books.cash_moves(month)
        ]

    def result(self, period: Period, *, payments_only: bool) -> dict[str, Decimal]:
        """Amounts by account id, income and costs both positive; accounts without a movement are absent."""
        totals: dict[str, Decimal] = {}
        for posting in self._postings(period, payments_only=payments_only):
            nature = posting.role.nature
            if nature in {Nature.INCOME, Nature.EXPENSE}:
                key = account_id(self.account, posting.role)
                sign = -1 if nature is Nature.INCOME else 1
                totals[key] = totals.get(key, Decimal("0.00")) + sign * posting.amount
        return totals

    def _documents(self, first: date, last: date) -> Iterator[Document]:
        books = self.live.now
        return (one for month in books.months(first, last) for one in books.documents(month))

    def _postings(self, period: Period, *, payments_only: bool) -> Iterator[Posting]:
        books = self.live.now
        for month in books.months(period.first, period.last):
            entries = _cash_basis(books, month) if payments_only else _accrual(books, month)
            for day, entry in entries:
                if period.first <= day <= period.last:
                    yield from entry.postings


def _accrual(books: Books, month: Month) -> Iterator[tuple[date, Entry]]:
    return ((entry.posted_on, entry) for entry in books.entries(month))


def _cash_basis(books: Books, month: Month) -> Iterator[tuple[date, Entry]]:
    """Documents on the day they were paid, everything else as it is."""
    for entry in books.entries(month):
        if entry.source in {Source.JOURNAL, Source.CASH}:
            yield entry.posted_on, entry
    for payment in books.payments(month):
        if isinstance(payment.record, Document):
            yield payment.paid_on, next(entries_of(payment.record))


def months_span(since: date | None, before: date | None, today: date) -> tuple[date, date]:
    """First and last day of what a list has to look at; the last year when it was not told."""
    last = before - timedelta(days=1) if before else Month.of(today).last
    first = since or last - timedelta(days=_USUAL_SPAN_DAYS)
    return first, last
