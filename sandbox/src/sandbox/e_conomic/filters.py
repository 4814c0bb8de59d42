"""The filter language: `date$gte:2026-03-01$and:(currency$eq:DKK$or:currency$eq:EUR)`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from sandbox.e_conomic.errors import bad_filter

Row = Mapping[str, Any]

_TERM = re.compile(
    r"([A-Za-z0-9.]+)\$(eq|ne|gte|gt|lte|lt|like|in|nin):(\[[^\]]*\]|(?:(?!\$and:|\$or:|\)).)*)"
)
_MOST_VALUES = 200


@dataclass(frozen=True, slots=True)
class Comparison:
    """One property against one value."""

    name: str
    operator: str
    value: str

    def holds(self, row: Row) -> bool:
        """Whether a row passes; a property that is not there equals nothing."""
        told = find(row, self.name)
        if self.operator in {"in", "nin"}:
            return any(_same(told, one) for one in self.values) is (self.operator == "in")
        if self.operator in {"eq", "ne"}:
            return _same(told, self.value) is (self.operator == "eq")
        if told is None:
            return False
        if self.operator == "like":
            return self.value.strip("*").casefold() in str(told).casefold()
        return _ordered(_order(told, self.value), self.operator)

    @property
    def values(self) -> list[str]:
        """The members of a list of values."""
        return self.value.strip("[]").split(",")

    def days(self) -> tuple[date, date]:
        """The days that may pass."""
        if self.name != "date":
            return date.min, date.max
        day = date.fromisoformat(self.value) if self.operator not in {"in", "nin", "like"} else date.min
        first = day if self.operator in {"eq", "gt", "gte"} else date.min
        last = day if self.operator in {"eq", "lt", "lte"} else date.max
        return first, last


@dataclass(frozen=True, slots=True)
class Joined:
    """Two filters, of which both or one must hold."""

    left: Comparison | Joined
    right: Comparison | Joined
    both: bool

    def holds(self, row: Row) -> bool:
        """Whether a row passes."""
        if self.both:
            return self.left.holds(row) and self.right.holds(row)
        return self.left.holds(row) or self.right.holds(row)

    def days(self) -> tuple[date, date]:
        """The days that may pass."""
        (first, last), (other_first, other_last) = self.left.days(), self.right.days()
        if self.both:
            return max(first, other_first), min(last, other_last)
        return min(first, other_first), max(last, other_last)


Filter = Comparison | Joined


def parse_filter(text: str, allowed: frozenset[str]) -> Filter:
    """A filter; properties that are not allowed, and anything that is no filter, are refused."""
    found, rest = _any(text, allowed)
    if rest:
        raise bad_filter(rest, allowed)
    return found


def find(row: Row, path: str) -> Any:
    """A property by its dotted name."""
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _any(text: str, allowed: frozenset[str]) -> tuple[Filter, str]:
    left, text = _all(text, allowed)
    while text.startswith("$or:"):
        right, text = _all(text.removeprefix("$or:"), allowed)
        left = Joined(left, right, both=False)
    return left, text


def _all(text: str, allowed: frozenset[str]) -> tuple[Filter, str]:
    left, text = _term(text, allowed)
    while text.startswith("$and:"):
        right, text = _term(text.removeprefix("$and:"), allowed)
        left = Joined(left, right, both=True)
    return left, text


def _term(text: str, allowed: frozenset[str]) -> tuple[Filter, str]:
    if text.startswith("("):
        inner, text = _any(text[1:], allowed)
        if not text.startswith(")"):
            raise bad_filter(text, allowed)
        return inner, text[1:]
    found = _TERM.match(text)
    if found is None:
        raise bad_filter(text, allowed)
    comparison = Comparison(found[1], found[2], found[3])
    _check(comparison, allowed)
    return comparison, text[found.end() :]


def _check(comparison: Comparison, allowed: frozenset[str]) -> None:
    is_list = comparison.operator in {"in", "nin"}
    if comparison.name not in allowed or (is_list and len(comparison.values) > _MOST_VALUES):
        raise bad_filter(comparison.name, allowed)
    if comparison.name.lower().endswith("date") and not is_list:
        try:
            date.fromisoformat(comparison.value)
        except ValueError as error:
            raise bad_filter(comparison.name, allowed) from error


def _same(told: Any, value: str) -> bool:
    return told is not None and _order(told, value) == 0


def _order(told: Any, value: str) -> int:
    """Below zero, zero or above, as numbers where both are numbers."""
    if isinstance(told, int | float):
        with suppress(InvalidOperation):
            return int(Decimal(str(told)).compare(Decimal(value)))
    return (str(told) > value) - (str(told) < value)


def _ordered(order: int, operator: str) -> bool:
    return {"gt": order > 0, "gte": order >= 0, "lt": order < 0, "lte": order <= 0}[operator]
