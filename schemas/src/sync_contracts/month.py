"""Calendar months, the only periods that are read and billed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, GetCoreSchemaHandler
from pydantic_core import core_schema

_PATTERN = re.compile(r"^(20\d{2})-(0[1-9]|1[0-2])$")


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month of the years 2000 to 2099, written `YYYY-MM`."""

    year: int
    number: int

    def __post_init__(self) -> None:
        if not (2000 <= self.year <= 2099 and 1 <= self.number <= 12):
            raise ValueError("a month is written YYYY-MM, between 2000-01 and 2099-12")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The month that `YYYY-MM` names; ValueError otherwise."""
        found = _PATTERN.match(text)
        if found is None:
            raise ValueError("a month is written YYYY-MM, between 2000-01 and 2099-12")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> Self:
        """The month a day lies in."""
        return cls(day.year, day.month)

    @classmethod
    def current(cls, now: datetime, time_zone: str) -> Self:
        """The month it is at an aware instant in an IANA time zone."""
        return cls.of(now.astimezone(ZoneInfo(time_zone)).date())

    @property
    def first_day(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        return self.plus(1).first_day - timedelta(days=1)

    def plus(self, months: int) -> Self:
        """The month so many months later, or earlier."""
        years, number = divmod(self.number - 1 + months, 12)
        return type(self)(self.year + years, number + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        text = core_schema.no_info_after_validator_function(
            cls.parse, core_schema.str_schema(pattern=_PATTERN.pattern)
        )
        return core_schema.json_or_python_schema(
            json_schema=text,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), text]),
            serialization=core_schema.to_string_ser_schema(),
        )


@dataclass(frozen=True, slots=True)
class Months:
    """A gapless range of months, both ends included."""

    first: Month
    last: Month

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("the last month lies before the first")

    @classmethod
    def ending(cls, last: Month, count: int) -> Self:
        """The `count` months up to and including `last`."""
        return cls(last.plus(1 - count), last)

    @classmethod
    def spanning(cls, months: "set[Month] | list[Month] | tuple[Month, ...]") -> Self:
        """The shortest range that holds all of them."""
        return cls(min(months), max(months))

    @property
    def first_day(self) -> date:
        return self.first.first_day

    @property
    def last_day(self) -> date:
        return self.last.last_day

    @property
    def day_after(self) -> date:
        """The first day that no longer belongs to the range."""
        return self.last.plus(1).first_day

    def split(self, size: int) -> list[Self]:
        """Consecutive ranges of at most `size` months that together are this one."""
        months = list(self)
        chunks = [months[i : i + size] for i in range(0, len(months), size)]
        return [type(self)(chunk[0], chunk[-1]) for chunk in chunks]

    def runs_of(self, wanted: "set[Month]") -> list[Self]:
        """The gapless ranges of the wanted months inside this range, in order."""
        runs: list[Self] = []
        for month in (month for month in self if month in wanted):
            if runs and runs[-1].last.plus(1) == month:
                runs[-1] = type(self)(runs[-1].first, month)
            else:
                runs.append(type(self)(month, month))
        return runs

    def __iter__(self) -> Iterator[Month]:
        month = self.first
        while month <= self.last:
            yield month
            month = month.plus(1)

    def __len__(self) -> int:
        return (self.last.year - self.first.year) * 12 + self.last.number - self.first.number + 1

    def __contains__(self, month: object) -> bool:
        return isinstance(month, Month) and self.first <= month <= self.last


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("not an IANA time zone") from error
    return name


TimeZone = Annotated[
    str,
    Field(max_length=64, description="IANA time zone.", examples=["Europe/Tallinn"]),
    AfterValidator(_known_zone),
]
