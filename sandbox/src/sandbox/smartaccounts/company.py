"""The companies: their keys and the habits of their books' replies."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.books.dice import digest
from sandbox.books.profile import Profile
from sandbox.world import Account, World

PROVIDER = "smartaccounts"
PAGE_SIZE = 100
_SMALL_PAGE_SIZE = 40


@dataclass(frozen=True, slots=True)
class Habits:
    """What the vendor does not print, so that replies differ in it; an account always has the same habits."""

    positive_credits: bool  # amounts of credits of type CRE
    small_pages: bool  # fewer rows than today's hundred
    odd_keys: bool  # lists stand under `templates`
    bare_chart: bool  # the chart of accounts is an array without an object around it
    numeric_ids: bool  # ids are JSON numbers
    red_storno: bool  # the ledger books credits as negative amounts
    silent_limits: bool  # no Retry-After

    @classmethod
    def of(cls, number: int) -> Habits:
        """Habits of the account with that number."""
        turn = number - 1
        return cls(
            positive_credits=turn % 2 == 1,
            small_pages=turn % 3 == 2,
            odd_keys=turn % 4 == 1,
            bare_chart=turn % 5 == 2,
            numeric_ids=turn % 4 == 3,
            red_storno=turn % 3 == 1,
            silent_limits=turn % 2 == 1,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Company:
    """One account with its keys."""

    account: Account
    api_key: str
    api_secret: str
    habits: Habits

    @property
    def page_size(self) -> int:
        """How many rows a page holds."""
        return _SMALL_PAGE_SIZE if self.habits.small_pages else PAGE_SIZE


def open_company(world: World, number: int) -> Company:
    """The company with that number."""
    name = world.account_id(PROVIDER, number)
    profile = Profile(
        seed=world.seed,
        account=name,
        country="EE",
        currency="EUR",
        documents=world.documents,
        posts_late=True,
        rounds_totals=True,
    )
    return Company(
        account=world.open(PROVIDER, number, profile),
        api_key=f"{digest(world.seed, name, 'api_key'):032x}"[:20],
        api_secret=f"{digest(world.seed, name, 'api_secret'):032x}",
        habits=Habits.of(number),
    )
