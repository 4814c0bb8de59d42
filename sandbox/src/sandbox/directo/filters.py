"""Conditions on stored fields, as the vendor's programs have them: `field=value`, `>value`, `<value`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from sandbox.directo.errors import RefusedError

_SIGNS = (">", "<")
_MOMENTS = frozenset({"date", "ts"})
T = TypeVar("T", str, datetime)


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition; a sign is part of the value, and strict."""

    field: str
    sign: str
    value: str

    def holds(self, found: object) -> bool:
        """Whether a field's value meets it; a moment is compared to the second, all else as text."""
        if self.field in _MOMENTS:
            return _meets(_moment(str(found)), self.sign, _moment(self.value))
        return _meets(str(found), self.sign, self.value)


def conditions(
    pairs: Iterable[tuple[str, str]], fields: frozenset[str], *, one_date: bool
) -> list[Condition]:
    """The conditions of a query; where only one date is heeded, the second is as if it were not there."""
    found: list[Condition] = []
    for name, text in pairs:
        if name not in fields:
            raise RefusedError(400, f"Unknown filter: {name}")
        if one_date and name == "date" and any(one.field == "date" for one in found):
            continue
        sign = text[:1] if text[:1] in _SIGNS else ""
        found.append(Condition(name, sign, text.removeprefix(sign)))
        if name in _MOMENTS:
            _moment(found[-1].value)
    return found


def day_between(text: str) -> date:
    """A day of XML Direct: `dd.mm.yyyy` or ISO."""
    for form in ("%d.%m.%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 (a day, no instant)
        except ValueError:
            continue
    raise RefusedError(400, "Invalid date")


def _meets(found: T, sign: str, value: T) -> bool:
    if sign == ">":
        return found > value
    return found < value if sign == "<" else found == value


def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise RefusedError(400, "Invalid date") from None
