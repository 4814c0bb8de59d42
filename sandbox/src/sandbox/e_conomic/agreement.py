"""Agreements, the grants that open them, and the app that the grants were given to."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.books.dice import digest
from sandbox.books.month import Month
from sandbox.books.profile import FOUNDED, Profile
from sandbox.e_conomic.years import Year, years_of
from sandbox.world import Account, World

PROVIDER = "e-conomic"
DEMO = "demo"
_PLACES = (("DK", "DKK"), ("DK", "DKK"), ("NO", "NOK"), ("DK", "DKK"), ("SE", "SEK"))
_TYPES = {"DK": (1, "Denmark", "Danmark"), "SE": (2, "Sweden", "Sverige"), "NO": (3, "Norway", "Norge")}


@dataclass(frozen=True, slots=True)
class App:
    """What an integrator has registered."""

    secret: str
    public_token: str

    @classmethod
    def of(cls, seed: int) -> App:
        """The app of this sandbox."""
        return cls(token(seed, PROVIDER, "app secret"), token(seed, PROVIDER, "app public"))


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """One company's books at e-conomic."""

    account: Account
    grant: str

    @property
    def number(self) -> int:
        """The agreement number."""
        return 1_700_000 + 7 * self.account.number

    @property
    def type(self) -> tuple[int, str, str]:
        """Number and name of the agreement's type, and how it writes its country."""
        return _TYPES[self.account.profile.country]

    @property
    def reverses_charge(self) -> bool:
        """Whether foreign bills without VAT carry it twice, as due and as deductible."""
        return self.account.number % 2 == 1

    @property
    def numbers_as_text(self) -> bool:
        """Whether invoice numbers of entries come as texts."""
        return self.account.number % 2 == 0

    @property
    def cvr(self) -> str:
        """The company's number of eight digits."""
        return str(10_000_000 + digest(self.account.profile.seed, self.account.id, "cvr") % 90_000_000)

    def years(self, last: Month) -> Sequence[Year]:
        """The accounting years up to the one that holds this month."""
        return years_of(self.account.number % 3, FOUNDED, last)


def token(*parts: object) -> str:
    """An opaque token of 43 characters."""
    text = "/".join(str(part) for part in parts)
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def open_agreements(world: World) -> list[Agreement]:
    """Every account with the grant that opens it."""
    return [_open(world, number) for number in range(1, world.clients + 1)]


def _open(world: World, number: int) -> Agreement:
    country, currency = _PLACES[(number - 1) % len(_PLACES)]
    profile = Profile(
        seed=world.seed,
        account=world.account_id(PROVIDER, number),
        country=country,
        currency=currency,
        documents=world.documents,
        rounds_totals=number % 2 == 0,
        rounds_bills=False,
        rates_are_own=True,
    )
    return Agreement(world.open(PROVIDER, number, profile), token(world.seed, profile.account, "grant"))
