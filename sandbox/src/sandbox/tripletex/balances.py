"""The trial balance: what each account moved in a period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from sandbox.books.chart import Role
from sandbox.books.ledger import Books
from sandbox.books.records import ZERO
from sandbox.tripletex.chart import ROLES, account_of
from sandbox.tripletex.company import Company
from sandbox.tripletex.query import Period
from sandbox.tripletex.rows import number
from sandbox.tripletex.shapes import Row


def balance_rows(company: Company, books: Books, period: Period, *, idle_too: bool) -> Iterator[Row]:
    """One row for each account that moved, or for all; balances count from the start of the year."""
    year = Period(date(period.start.year, 1, 1), period.start)
    before, change = _movements(books, year), _movements(books, period)
    for role in ROLES:
        if idle_too or role in change:
            opening, moved = before.get(role, ZERO), change.get(role, ZERO)
            yield {
                "account": account_of(company, role),
                "balanceIn": number(opening),
                "balanceChange": number(moved),
                "balanceOut": number(opening + moved),
                "startDate": period.start.isoformat(),
                "endDate": period.end.isoformat(),
            }


def _movements(books: Books, period: Period) -> dict[Role, Decimal]:
    moved: defaultdict[Role, Decimal] = defaultdict(lambda: ZERO)
    if period.start < period.end:
        for month in books.months(period.start, period.last):
            for entry in books.entries(month):
                if entry.posted_on in period:
                    for posting in entry.postings:
                        moved[posting.role] += posting.amount
    return moved
