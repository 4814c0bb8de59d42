"""Who keeps the books: everything the generator needs to know about one account."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sandbox.books.dice import Dice, digest
from sandbox.books.month import Month
from sandbox.books.records import Kind

# One euro in each currency: only the proportions matter.
EURO_RATES = {
    "EUR": Decimal(1),
    "USD": Decimal("1.0842"),
    "GBP": Decimal("0.8531"),
    "SEK": Decimal("11.243"),
    "NOK": Decimal("11.672"),
    "PLN": Decimal("4.2718"),
}
# A base currency may be one that nobody else's documents are in.
BASE_RATES = {**EURO_RATES, "DKK": Decimal("7.4604")}
VAT_RATES = {
    "EE": "0.24",
    "FI": "0.255",
    "PL": "0.23",
    "NO": "0.25",
    "GB": "0.20",
    "US": "0.0825",
    "NZ": "0.15",
    "SE": "0.25",
    "DK": "0.25",
}
FOUNDED = Month(2010, 1)

_FIRST = (
    "Kivi",
    "Harbour",
    "Nord",
    "Lahe",
    "Birch",
    "Fjell",
    "Amber",
    "Silver",
    "Polar",
    "Meadow",
    "Lipa",
    "Saare",
)
_SECOND = (
    "works",
    "trade",
    "tools",
    "design",
    "foods",
    "books",
    "timber",
    "marine",
    "garden",
    "media",
    "supply",
)
_FORMS = {
    "EE": "OÜ",
    "FI": "Oy",
    "PL": "sp. z o.o.",
    "NO": "AS",
    "GB": "Ltd",
    "US": "Inc",
    "NZ": "Ltd",
    "SE": "AB",
    "DK": "ApS",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """One company's books; the same profile always brings about the same books."""

    seed: int
    account: str
    country: str
    currency: str
    documents: int  # about so many in a month
    left_out: tuple[Kind, ...] = ()  # kinds beside the four that are counted
    posts_late: bool = False  # some bills reach the ledger a month after their date
    rounds_totals: bool = False
    rounds_bills: bool = True  # only where totals are rounded at all
    closes_year: bool = False
    rates_are_own: bool = False  # rates are units of the base currency for one of a document's

    @property
    def name(self) -> str:
        """The company's name; the number keeps two accounts apart."""
        dice = Dice(self.seed, self.account, "name")
        number = self.account.rpartition("-")[2].lstrip("0")
        return f"{dice.pick(_FIRST)}{dice.pick(_SECOND)} {number} {_FORMS[self.country]}"

    @property
    def registry_number(self) -> str:
        """The company's nine-digit number in the register of its country."""
        return str(900_000_000 + digest(self.seed, self.account, "registry") % 99_999_999)

    @property
    def vat_rate(self) -> Decimal:
        """The usual rate of its country."""
        return Decimal(VAT_RATES[self.country])

    def is_idle(self, month: Month) -> bool:
        """Whether nothing at all happened: about one month in twelve, and all before the foundation."""
        return month < FOUNDED or digest(self.seed, self.account, "idle", month) % 12 == 0
