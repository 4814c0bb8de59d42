"""Companies, the app they are connected to, and the habits in which real companies differ."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sandbox.books.dice import digest, stable_uuid
from sandbox.books.profile import Profile
from sandbox.world import Account, World

PROVIDER = "quickbooks"
ENVIRONMENTS = ("production", "sandbox")
_PLACES = (("GB", "GBP"), ("US", "USD"), ("EE", "EUR"))


@dataclass(frozen=True, slots=True)
class Habits:
    """What companies differ in; the same account always has the same habits."""

    environment: str
    cash_basis: bool  # the company's own preference, which a report without a method follows
    months_backwards: bool  # columns of a report by month, newest first
    translated: bool  # titles of a report; its groups never are
    old_throttle: bool  # 403 instead of 429
    no_rows: bool  # an empty report has no Rows at all

    @classmethod
    def of(cls, number: int) -> Habits:
        """Habits of the account with that number."""
        turn = number - 1
        return cls(
            environment=ENVIRONMENTS[turn % 4 == 3],
            cash_basis=turn % 2 == 1,
            months_backwards=turn % 5 == 4,
            translated=turn % 3 == 2,
            old_throttle=turn % 3 == 1,
            no_rows=turn % 2 == 0,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Company:
    """A company whose books are here; `realm_id` is what Intuit calls it."""

    realm_id: str
    account: Account
    habits: Habits
    made_at: datetime

    @property
    def currency(self) -> str:
        """The home currency."""
        return self.account.profile.currency


@dataclass(frozen=True, slots=True)
class App:
    """The app of the developer portal."""

    client_id: str
    client_secret: str


def open_companies(world: World) -> list[Company]:
    """Every account's company."""
    return [_open(world, number) for number in range(1, world.clients + 1)]


def make_app(world: World) -> App:
    """The one app that all companies are connected to."""
    secret = hashlib.sha256(f"{world.seed}/quickbooks-secret".encode()).hexdigest()[:40]
    return App("AB" + stable_uuid(world.seed, PROVIDER, "client").replace("-", ""), secret)


def _open(world: World, number: int) -> Company:
    country, currency = _PLACES[(number - 1) % len(_PLACES)]
    profile = Profile(
        seed=world.seed,
        account=world.account_id(PROVIDER, number),
        country=country,
        currency=currency,
        documents=world.documents,
        rates_are_own=True,
    )
    minutes = digest(world.seed, profile.account, "made") % 500_000
    return Company(
        realm_id=str(9_130_350_000_000_000 + digest(world.seed, profile.account, "realm") % 10**12),
        account=world.open(PROVIDER, number, profile),
        habits=Habits.of(number),
        made_at=datetime(2019, 5, 2, 15, tzinfo=UTC) + timedelta(minutes=minutes),
    )
