"""Companies and their habits, and the financial years that their books are kept in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from sandbox.books.dice import digest
from sandbox.books.month import Month
from sandbox.books.profile import FOUNDED, Profile
from sandbox.world import Account, World

PROVIDER = "fortnox"


@dataclass(frozen=True, slots=True)
class Habits:
    """What companies differ in; the same account always has the same habits."""

    follows_payments: bool  # the cash method: no voucher before money moves
    broken_years: bool  # from July to June, after a first one of 18 months
    ignores_days: bool  # its supplier invoices are listed whatever days are asked for
    positive_credits: bool  # totals of suppliers' credit notes have no sign
    writes_utf8: bool  # SIE files in UTF-8, though they say PC8
    small_letters: bool  # keys of errors

    @classmethod
    def of(cls, number: int) -> Habits:
        """Habits of the account with that number."""
        return cls(
            follows_payments=number % 5 == 4,
            broken_years=number % 3 == 2,
            ignores_days=number % 7 == 6,
            positive_credits=number % 2 == 0,
            writes_utf8=number % 6 == 5,
            small_letters=number % 2 == 0,
        )


@dataclass(frozen=True, slots=True)
class FinancialYear:
    """A year of the books; its id is a running number."""

    id: int
    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True, eq=False)
class Company:
    """A company whose books are here; `tenant_id` is its database's number."""

    tenant_id: int
    account: Account
    habits: Habits

    @property
    def organisation_number(self) -> str:
        """Ten digits with a hyphen; test companies share their owner's."""
        digits = self.account.profile.registry_number
        return f"55{digits[1:5]}-{digits[5:]}"

    def years(self, today: date) -> list[FinancialYear]:
        """From the foundation to the year that today lies in."""
        return list(self._years(today))

    def year_of(self, day: date) -> FinancialYear:
        """The year that a day lies in."""
        return self.years(day)[-1]

    def _years(self, today: date) -> Iterator[FinancialYear]:
        first, number = FOUNDED.first, 1
        while first <= today:
            last = date(first.year, 12, 31)
            if self.habits.broken_years:
                last = date(first.year + 1, 6, 30)
            yield FinancialYear(number, first, last)
            first, number = last + timedelta(days=1), number + 1


def open_company(world: World, number: int) -> Company:
    """The company of the account with that number."""
    name = world.account_id(PROVIDER, number)
    profile = Profile(
        seed=world.seed,
        account=name,
        country="SE",
        currency="SEK",
        documents=world.documents,
        posts_late=number % 3 == 0,
        rounds_totals=number % 2 == 0,
        closes_year=True,
        rates_are_own=True,
    )
    tenant_id = 1_000_000 + digest(world.seed, name, "tenant") % 90_000 * 100 + number % 100
    return Company(tenant_id, world.open(PROVIDER, number, profile), Habits.of(number))


def next_month_is_open(profile: Profile, month: Month, year: FinancialYear) -> bool:
    """Whether something may still be dated into the month after, within the same year."""
    following = month.shift(1)
    return following.first in year and not profile.is_idle(following)
