"""Accounting years: calendar years, years that begin in July, and one of 18 months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.books.month import Month

_CALENDAR, _FROM_JULY = 1, 2


@dataclass(frozen=True, slots=True)
class Year:
    """Whole months that follow each other, 18 at the most."""

    first: Month
    last: Month

    @property
    def name(self) -> str:
        """One calendar year or two."""
        if self.first.year == self.last.year:
            return str(self.first.year)
        return f"{self.first.year}/{self.last.year}"

    @property
    def code(self) -> str:
        """The name as it stands in a path."""
        return self.name.replace("/", "_6_")


def years_of(habit: int, founded: Month, last: Month) -> Sequence[Year]:
    """The years from the foundation to the one that holds the last month."""
    first_length = {_CALENDAR: 12, _FROM_JULY: 6}.get(habit, 18)
    years = [Year(founded, founded.shift(first_length - 1))]
    while years[-1].last < last:
        years.append(Year(years[-1].last.shift(1), years[-1].last.shift(12)))
    return years
