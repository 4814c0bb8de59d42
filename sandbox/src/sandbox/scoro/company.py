"""The companies: their sites, keys, and the habits of their replies."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from sandbox.books.dice import digest
from sandbox.books.profile import Profile
from sandbox.books.records import Kind
from sandbox.world import Account, World

PROVIDER = "scoro"
DOMAINS = ("com", "ee")
PAGE_SIZE = 100
_COUNTRIES = (("GB", "GBP"), ("EE", "EUR"), ("US", "USD"))
_CAPS = (PAGE_SIZE, PAGE_SIZE, 50, 25)
_OTHERS_FIRST_ID = 500_000_000


@dataclass(frozen=True, slots=True)
class Habits:
    """What nobody has documented, so that replies differ in it; an account always has the same habits."""

    amounts_in_quotes: bool  # of every other row
    credits: Literal["negative", "marked", "both"]  # by a sign, by what they credit, or by both
    largest_page: int
    status: Literal["OK", "ok", "missing"]  # with "ok", statusCode comes in quotes
    errors_as_200: bool
    messages: Literal["object", "list", "text", "errors"]
    silent_limits: bool  # no Retry-After
    no_account_ids: bool  # in rows

    @classmethod
    def of(cls, number: int) -> Habits:
        """Habits of the account with that number."""
        turn = number - 1
        return cls(
            amounts_in_quotes=turn % 2 == 1,
            credits=("both", "marked", "negative")[turn % 3],
            largest_page=_CAPS[turn % 4],
            status=("OK", "ok", "missing")[turn % 3],
            errors_as_200=turn % 2 == 1,
            messages=("object", "list", "text", "errors")[turn % 4],
            silent_limits=turn % 2 == 1,
            no_account_ids=turn % 5 == 1,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Company:
    """One account at its site; `other` is another entity of the site, whose rows stand in the same lists."""

    account: Account
    domain: str
    site: str
    company_account_id: str
    api_key: str
    habits: Habits
    first_id: int = 0
    other: Company | None = None


def open_company(world: World, number: int) -> Company:
    """The company with that number."""
    turn, name = number - 1, world.account_id(PROVIDER, number)
    account = world.open(PROVIDER, number, _profile(world, name, turn, world.documents))
    site = re.sub(r"[^a-z0-9]+", "-", account.profile.name.lower().rsplit(" ", 1)[0]).strip("-")
    has_own_id = turn % 3 == 2
    opened = Company(
        account=account,
        domain=DOMAINS[turn % 5 == 2],
        site=site,
        company_account_id=f"{site}-main" if has_own_id else site,
        api_key=f"ScoroAPI_{digest(world.seed, name, 'api_key'):032x}"[:24],
        habits=Habits.of(number),
    )
    return _with_other(world, opened, turn) if turn % 5 == 3 else opened


def _with_other(world: World, company: Company, turn: int) -> Company:
    name = f"{company.account.id}-holding"
    books = world.open(PROVIDER, turn + 1, _profile(world, name, turn, max(2, world.documents // 4)))
    other = replace(
        company,
        account=books,
        company_account_id=f"{company.site}-holding",
        first_id=_OTHERS_FIRST_ID,
    )
    return replace(company, other=other)


def _profile(world: World, name: str, turn: int, documents: int) -> Profile:
    country, currency = _COUNTRIES[turn % len(_COUNTRIES)]
    return Profile(
        seed=world.seed,
        account=name,
        country=country,
        currency=currency,
        documents=documents,
        left_out=(Kind.PREPAYMENT_INVOICE, Kind.DELIVERY_ORDER),
        posts_late=True,
        rates_are_own=True,
    )
