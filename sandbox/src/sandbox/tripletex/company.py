"""Companies, the firms that keep books for others, and the tokens of both."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field

from sandbox.books.dice import digest, stable_uuid
from sandbox.books.profile import Profile
from sandbox.world import Account, World

PROVIDER = "tripletex"
ENVIRONMENTS = ("production", "test")
_CLIENTS_OF_A_FIRM = 20


@dataclass(frozen=True, slots=True)
class Habits:
    """What companies differ in; the same account always has the same habits."""

    untyped_chart: bool  # account.type is missing
    extraordinary: bool  # other income is booked as extraordinary income
    lists_uncharged: bool  # rows that should not occur, with isCharged false

    @classmethod
    def of(cls, number: int) -> Habits:
        """Habits of the account with that number."""
        turn = number - 1
        return cls(
            untyped_chart=turn % 5 == 4,
            extraordinary=turn % 3 == 1 and turn % 5 != 4,
            lists_uncharged=turn % 4 == 1,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Company:
    """A company whose books are here."""

    id: int
    account: Account
    habits: Habits


@dataclass(frozen=True, slots=True, eq=False)
class Employee:
    """The owner of a token: of one company, or of a firm with many client companies."""

    id: int
    name: str  # under which its sign-ins are counted
    environment: str
    token_id: int
    token: str
    home_id: int
    home_name: str
    home_number: str
    own: Company | None  # None: an accountant, whose own books are not here
    clients: dict[int, Company] = field(default_factory=dict)

    def company(self, company_id: int) -> Company | None:
        """The company that a user name means, if this employee may see it."""
        if company_id in {0, self.home_id}:
            return self.own
        return self.clients.get(company_id)


def token_text(token_id: int, *parts: object) -> str:
    """A token as the vendor shows it: base64 of a small JSON object."""
    shown = {"tokenId": token_id, "token": stable_uuid(*parts)}
    return base64.b64encode(json.dumps(shown, separators=(",", ":")).encode()).decode()


def consumer_token(world: World, environment: str) -> str:
    """The integrator's token in one environment."""
    token_id = 70 + ENVIRONMENTS.index(environment)
    return token_text(token_id, world.seed, PROVIDER, "consumer", environment)


def open_companies(world: World) -> list[tuple[Company, Employee]]:
    """Every account with the employee whose token reads it; each third is a client of an accounting firm."""
    firms: dict[str, Employee] = {}
    return [_open(world, number, firms) for number in range(1, world.clients + 1)]


def _open(world: World, number: int, firms: dict[str, Employee]) -> tuple[Company, Employee]:
    turn = number - 1
    environment = "test" if turn % 4 == 3 else "production"
    name = world.account_id(PROVIDER, number)
    profile = Profile(
        seed=world.seed,
        account=name,
        country="NO",
        currency="NOK",
        documents=world.documents,
        posts_late=True,
        rounds_totals=True,
        rounds_bills=False,
        closes_year=True,
    )
    company = Company(3_300_000 + number, world.open(PROVIDER, number, profile), Habits.of(number))
    if turn % 3 != 2:
        return company, _owner(world, company, environment)
    firm_name = f"{PROVIDER}-firm-{environment}-{turn // (3 * _CLIENTS_OF_A_FIRM) + 1}"
    firm = firms.setdefault(firm_name, _firm(world, firm_name, environment))
    firm.clients[company.id] = company
    return company, firm


def _owner(world: World, company: Company, environment: str) -> Employee:
    profile = company.account.profile
    token_id = 40_000 + company.account.number
    return Employee(
        id=600_000 + company.account.number,
        name=profile.account,
        environment=environment,
        token_id=token_id,
        token=token_text(token_id, world.seed, profile.account, "employee"),
        home_id=company.id,
        home_name=profile.name,
        home_number=profile.registry_number,
        own=company,
    )


def _firm(world: World, name: str, environment: str) -> Employee:
    number = digest(world.seed, name) % 90_000
    return Employee(
        id=700_000 + number,
        name=name,
        environment=environment,
        token_id=50_000 + number,
        token=token_text(50_000 + number, world.seed, name, "employee"),
        home_id=5_000_000 + number,
        home_name="Regnskapshuset AS",
        home_number=str(800_000_000 + number),
        own=None,
    )
