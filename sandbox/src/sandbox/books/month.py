"""A calendar month."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """One calendar month; months order and count like numbers."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Month:
        """The month a day lies in."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Month:
        """Read `YYYY-MM`; ValueError when it is anything else."""
        if len(text) != 7:
            raise ValueError(f"not a month: {text!r}")
        return cls.of(date.fromisoformat(f"{text}-01"))

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.number, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return date(self.year, self.number, calendar.monthrange(self.year, self.number)[1])

    @property
    def index(self) -> int:
        """Months since January 2000."""
        return (self.year - 2000) * 12 + self.number - 1

    def shift(self, months: int) -> Month:
        """The month so many later (negative: earlier)."""
        years, rest = divmod(self.number - 1 + months, 12)
        return Month(self.year + years, rest + 1)

    def day(self, number: int) -> date:
        """Its day of that number, the last one where the month is too short."""
        return date(self.year, self.number, min(number, self.last.day))

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"
