"""The companies: their country, keys and the habits of their books' replies."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from sandbox.books.dice import digest, stable_uuid
from sandbox.books.profile import Profile
from sandbox.books.records import Kind
from sandbox.world import Account, World

PROVIDER = "merit-aktiva"
COUNTRIES = ("EE", "FI", "PL")
_CURRENCIES = {"EE": "EUR", "FI": "EUR", "PL": "PLN"}


@dataclass(frozen=True, slots=True)
class Habits:
    """What real companies' replies differ in; the same account always has the same habits."""

    negative_expenses: bool  # in the profit and loss report
    extra_figure: bool  # one column more than was asked for
    empty_body: bool  # instead of []
    double_encoded: bool  # a JSON string that holds JSON
    positive_credits: bool  # amounts of credits of type 5
    no_home_rate: bool  # CurrencyRate 0 in the company's own currency
    table_ids: bool  # PIHId in payments, as the field table has it

    @classmethod
    def of(cls, number: int) -> Habits:
        """Habits of the account with that number."""
        turn = number - 1
        return cls(
            negative_expenses=turn % 2 == 0,
            extra_figure=turn % 3 != 0,
            empty_body=turn % 4 == 1,
            double_encoded=turn % 5 == 3,
            positive_credits=turn % 6 == 4,
            no_home_rate=turn % 3 == 2,
            table_ids=turn % 4 == 2,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Company:
    """One account with its keys."""

    account: Account
    country: str
    api_id: str
    api_key: str
    habits: Habits


def open_company(world: World, number: int) -> Company:
    """The company with that number; countries take turns."""
    country = COUNTRIES[(number - 1) % len(COUNTRIES)]
    name = world.account_id(PROVIDER, number)
    profile = Profile(
        seed=world.seed,
        account=name,
        country=country,
        currency=_CURRENCIES[country],
        documents=world.documents,
        left_out=(Kind.PREPAYMENT_INVOICE, Kind.DELIVERY_ORDER),
        posts_late=True,
        rounds_totals=True,
    )
    halves = (digest(world.seed, name, "key", part).to_bytes(16) for part in range(2))
    return Company(
        account=world.open(PROVIDER, number, profile),
        country=country,
        api_id=stable_uuid(world.seed, name, "api_id"),
        api_key=base64.b64encode(b"".join(halves)).decode(),
        habits=Habits.of(number),
    )
