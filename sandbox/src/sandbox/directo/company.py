"""The companies: their keys and the habits of their databases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sandbox.books.chart import Role
from sandbox.books.dice import digest
from sandbox.books.profile import Profile
from sandbox.directo import chart
from sandbox.world import Account, World

PROVIDER = "directo"
REST, XML_DIRECT = "rest", "xml_direct"
_KEY_LIFE = timedelta(days=200)


@dataclass(frozen=True, slots=True)
class Habits:
    """In what databases and keys differ; an account always has the same habits."""

    has_xml: bool  # the key is a token of XML Direct
    reads_query: bool  # XML Direct looks for its parameters in the address, not in the form
    takes_invoices: bool  # the key opens invoices, and whoever has it wants them read
    names_banks: bool  # whoever has the key names the ledger's bank accounts
    has_end: bool  # the key ends on a day
    red_storno: bool  # credits are negative on the usual side
    keeps_stock: bool  # goods bought are no expense
    heeds_one_date: bool  # of two conditions on a date the second is ignored
    has_times: bool  # documents have a time of the day
    numbers_are_texts: bool
    field_names: int  # which names the fields of an invoice have

    @classmethod
    def of(cls, number: int) -> Habits:
        """Habits of the account with that number."""
        turn = number - 1
        has_xml = turn % 6 == 3
        return cls(
            has_xml=has_xml,
            reads_query=turn % 4 == 3,
            takes_invoices=turn % 3 == 2,
            names_banks=turn % 2 == 1,
            has_end=turn % 4 == 2,
            red_storno=turn % 3 != 2,
            keeps_stock=turn % 4 == 1,
            heeds_one_date=turn % 4 == 2,
            has_times=turn % 2 == 0,
            numbers_are_texts=turn % 4 == 3,
            field_names=turn // 3 % 3,
        )


# What an invoice's fields are called: day, net, VAT and gross. Without net it is gross less VAT.
FIELD_NAMES: tuple[tuple[str, str | None, str, str], ...] = (
    ("date", "netamount", "vat", "totalamount"),
    ("invoicedate", "total_wo_vat", "total_tax", "total"),
    ("date", None, "vatamount", "totalamount"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Company:
    """One account with its key."""

    account: Account
    api_key: str
    expires_on: date | None
    habits: Habits

    def code(self, role: Role) -> str:
        """The ledger account's code in this company."""
        return chart.code(role, keeps_stock=self.habits.keeps_stock)

    def class_of(self, role: Role) -> int:
        """The ledger account's class in this company."""
        return chart.class_of(role, keeps_stock=self.habits.keeps_stock)

    def credentials(self) -> Mapping[str, str]:
        """The fields of a credentials file."""
        habits = self.habits
        fields = {
            "interface": XML_DIRECT if habits.has_xml else REST,
            "api_key": self.api_key,
            "sales_from": "invoices" if habits.takes_invoices else "ledger",
            "label": f"ocra_{self.account.id.replace('-', '_')}",
        }
        if habits.names_banks:
            fields["bank_accounts"] = self.code(Role.BANK)
        if self.expires_on:
            fields["expires_on"] = self.expires_on.isoformat()
        return fields


def open_company(world: World, number: int) -> Company:
    """The company with that number."""
    name, habits = world.account_id(PROVIDER, number), Habits.of(number)
    profile = Profile(
        seed=world.seed,
        account=name,
        country="EE",
        currency="EUR",
        documents=world.documents,
        posts_late=True,
        rounds_totals=FIELD_NAMES[habits.field_names][1] is not None or not habits.takes_invoices,
    )
    return Company(
        account=world.open(PROVIDER, number, profile),
        api_key=f"k-{digest(world.seed, name, 'api_key'):032x}",
        expires_on=world.clock.now().date() + _KEY_LIFE if habits.has_end else None,
        habits=habits,
    )
