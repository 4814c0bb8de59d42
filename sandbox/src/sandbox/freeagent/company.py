"""One company of the imitation: its books, and the habits in which real companies' replies differ."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sandbox.books.chart import Role
from sandbox.books.ledger import Books
from sandbox.books.month import Month
from sandbox.books.profile import FOUNDED, Profile
from sandbox.books.records import CashMove, Journal, JournalKind, Payment, State
from sandbox.world import Account, World

PROVIDER = "freeagent"
VENDOR = "https://api.freeagent.com/v2"
Row = dict[str, Any]

_KINDS = (
    ("GB", "GBP", "UkLimitedCompany"),
    ("GB", "GBP", "UkSoleTrader"),
    ("US", "USD", "UsLimitedLiabilityCompany"),
    ("GB", "GBP", "UkUnincorporatedLandlord"),
    ("EE", "EUR", "UniversalCompany"),
)
_LATE_START = Month(2026, 3)
_ACCOUNT_IDS = {Role.BANK: 11, Role.CASH: 12}


@dataclass(frozen=True, slots=True)
class Company:
    """Numbers decide which habits a company has."""

    account: Account

    @property
    def number(self) -> int:
        return self.account.number

    @property
    def profile(self) -> Profile:
        return self.account.profile

    @property
    def books(self) -> Books:
        return self.account.live.now

    @property
    def subdomain(self) -> str:
        """The first part of its own address."""
        return re.sub(r"[^a-z0-9]", "", self.profile.name.lower())

    @property
    def starts_in(self) -> Month:
        """The first month that FreeAgent keeps its books for."""
        return _LATE_START if self.number % 7 == 0 else FOUNDED

    @property
    def gives_back_positive(self) -> bool:
        """Whether credit notes come with positive amounts."""
        return self.number % 3 == 0

    @property
    def bills_have_positive_net(self) -> bool:
        return self.number % 4 == 2

    @property
    def has_two_taxes(self) -> bool:
        return self.profile.country != "GB"

    @property
    def reports_whole_units(self) -> bool:
        return self.number % 4 == 0

    @property
    def revalues(self) -> bool:
        """Whether it holds a foreign currency, whose value changes each day."""
        return self.number % 3 == 2

    @property
    def rotates(self) -> bool:
        """Whether each refresh replaces the refresh token; else the same one is given again."""
        return self.number % 2 == 0

    def described(self) -> Row:
        """GET /company."""
        country, _, kind = _kind(self.number)
        starts_on = self.starts_in.first.isoformat()
        return {
            "url": f"{VENDOR}/company",
            "id": 700_000 + self.number,
            "name": self.profile.name,
            "subdomain": self.subdomain,
            "type": kind,
            "currency": self.profile.currency,
            "mileage_units": "miles" if country == "GB" else "kilometers",
            "company_start_date": FOUNDED.first.isoformat(),
            "freeagent_start_date": starts_on,
            "first_accounting_year_end": FOUNDED.shift(11).last.isoformat(),
            "company_registration_number": self.profile.registry_number,
            "sales_tax_registration_status": "Registered",
            "cis_enabled": False,
        }

    def months(self, first: date, last: date) -> Iterator[Month]:
        """The months of a range that its books have."""
        return (month for month in self.books.months(first, last) if month >= self.starts_in)

    def bank_account_of(self, role: Role) -> int:
        """Where money moves; cash goes through the same account where there is no second one."""
        return _ACCOUNT_IDS[role] if self.number % 2 == 0 else _ACCOUNT_IDS[Role.BANK]

    def bank_account_ids(self) -> list[int]:
        return sorted({self.bank_account_of(role) for role in _ACCOUNT_IDS})


def open_companies(world: World) -> list[Company]:
    """All companies, by number."""
    return [Company(_open(world, number)) for number in range(1, world.clients + 1)]


def is_claim(move: CashMove) -> bool:
    """Small interest that somebody paid from their own pocket: an expense, no bank transaction."""
    return not move.incoming and move.role is Role.INTEREST_COST


def is_bank_transaction(payment: Payment) -> bool:
    return not (isinstance(payment.record, CashMove) and is_claim(payment.record))


def is_journal_set(journal: Journal) -> bool:
    """Opening balances stand apart."""
    return journal.state is State.BOOKED and journal.kind is not JournalKind.OPENING


def revaluations(company: Company, month: Month) -> list[date]:
    """Days on which the ledger has two more rows; what one day gains the next day loses."""
    if not company.revalues or company.profile.is_idle(month):
        return []
    return [month.day(number) for number in range(1, month.last.day // 2 * 2 + 1)]


def _open(world: World, number: int) -> Account:
    country, currency, _ = _kind(number)
    profile = Profile(
        seed=world.seed,
        account=world.account_id(PROVIDER, number),
        country=country,
        currency=currency,
        documents=world.documents,
        closes_year=True,
        rates_are_own=True,
    )
    return world.open(PROVIDER, number, profile)


def _kind(number: int) -> tuple[str, str, str]:
    return _KINDS[(number - 1) % len(_KINDS)]
