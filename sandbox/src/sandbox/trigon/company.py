"""The firms, the users who see them, and the habits of their replies."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sandbox.books.dice import digest
from sandbox.books.profile import Profile
from sandbox.world import Account, World

PROVIDER = "trigon"
ENVIRONMENTS = ("production", "test")
_FIRMS_OF_A_USER = 3


@dataclass(frozen=True, slots=True)
class Habits:
    """What nobody has described, so that replies differ in it; a firm always has the same habits."""

    no_totals: bool  # pages do not say how many rows there are
    positive_credits: bool
    silent_rates: bool  # no rate in the own currency
    numeric_ids: bool
    no_bank: bool  # bank transactions are not offered
    no_ledger: bool  # entries are not offered
    counts_only: bool  # nothing is offered but counts

    @classmethod
    def of(cls, number: int) -> Habits:
        """Habits of the firm with that number."""
        turn = number - 1
        return cls(
            no_totals=turn % 3 == 1,
            positive_credits=turn % 2 == 1,
            silent_rates=turn % 2 == 1,
            numeric_ids=turn % 4 == 3,
            no_bank=turn % 5 == 2,
            no_ledger=turn % 6 == 5,
            counts_only=turn % 7 == 6,
        )

    def offers(self, name: str) -> bool:
        """Whether the firm has a list of that name."""
        if self.counts_only:
            return name == "counts"
        if name == "bank-transactions":
            return not self.no_bank
        return name != "entries" or not self.no_ledger


@dataclass(frozen=True, slots=True, eq=False)
class Firm:
    """A client company of an accounting firm."""

    id: str
    reg_code: str
    account: Account
    habits: Habits


@dataclass(frozen=True, slots=True, eq=False)
class User:
    """Somebody at an accounting firm; one signs in with keys, another with a password."""

    name: str  # under which calls are counted that are about no firm
    environment: str
    email: str
    password: str
    has_keys: bool
    firms: dict[str, Firm] = field(default_factory=dict)  # by id


def open_users(world: World) -> list[User]:
    """Every firm, each three of them with one user."""
    firms = [_open(world, number) for number in range(1, world.clients + 1)]
    return [
        _user(world, number, firms[start : start + _FIRMS_OF_A_USER])
        for number, start in enumerate(range(0, len(firms), _FIRMS_OF_A_USER), start=1)
    ]


def firms_of(users: list[User]) -> Iterator[tuple[User, Firm]]:
    """All firms with their users."""
    return ((user, firm) for user in users for firm in user.firms.values())


def _open(world: World, number: int) -> Firm:
    name = world.account_id(PROVIDER, number)
    profile = Profile(
        seed=world.seed,
        account=name,
        country="EE",
        currency="EUR",
        documents=world.documents,
        posts_late=True,
        rounds_totals=True,
        rates_are_own=True,
    )
    return Firm(
        id=f"fr-{200 + number}",
        reg_code=str(10_000_000 + digest(world.seed, name, "registry") % 7_000_000),
        account=world.open(PROVIDER, number, profile),
        habits=Habits.of(number),
    )


def _user(world: World, number: int, firms: list[Firm]) -> User:
    name = f"{PROVIDER}-user-{number}"
    turn = number - 1
    return User(
        name=name,
        environment=ENVIRONMENTS[turn % 3 == 2],
        email=f"books-{number}@firm.example",
        password=f"pass {digest(world.seed, name, 'password'):032x}"[:21],
        has_keys=turn % 2 == 0,
        firms={firm.id: firm for firm in firms},
    )
