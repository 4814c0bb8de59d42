"""The parameters of a request, read as strictly as the vendor reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sandbox.tripletex.errors import RefusedError, invalid, missing, too_many_rows, unmapped
from sandbox.tripletex.shapes import Row, parse_fields, project, require_field

MOST_ROWS = 10_000
_DEFAULT_COUNT = 1000


@dataclass(frozen=True, slots=True)
class Period:
    """From a day, up to but without another."""

    start: date
    end: date

    @property
    def last(self) -> date:
        """Its last day."""
        return self.end - timedelta(days=1)

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end


@dataclass(frozen=True, slots=True)
class Query:
    """One request's parameters."""

    params: Mapping[str, str]

    def day(self, name: str) -> date:
        """A mandatory day."""
        text = self.params.get(name)
        if not text:
            raise missing(name)
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise unmapped(name) from error

    def period(self, start: str, end: str) -> Period:
        """A mandatory period whose end comes after its start."""
        period = Period(self.day(start), self.day(end))
        if period.start >= period.end:
            raise invalid(start, f"{start} må være før {end}.")
        return period

    def number(self, name: str, default: int) -> int:
        """A whole number, not negative."""
        text = self.params.get(name)
        if not text:
            return default
        try:
            value = int(text)
        except ValueError as error:
            raise unmapped(name) from error
        if value < 0:
            raise RefusedError(422, 15000, "Validering feilet.", {name: "Kan ikke være negativ."})
        return value

    def flag(self, name: str) -> bool:
        """A truth value, false when it is not there."""
        return self.params.get(name, "false").lower() == "true"

    def one(self, resource: str, row: Row) -> dict[str, Any]:
        """The answer that holds one object."""
        return {"value": project(row, parse_fields(resource, self.params.get("fields", "")))}

    def page(self, resource: str, rows: Iterable[Row], digest: str | None, *, simple: bool = False) -> Row:
        """The answer that holds one page; a `simple` list takes no choice of fields."""
        selection = parse_fields(resource, "" if simple else self.params.get("fields", ""))
        start, count = self.number("from", 0), self.number("count", _DEFAULT_COUNT)
        matching = self._sorted(resource, list(rows))
        if len(matching) > MOST_ROWS:
            raise too_many_rows()
        chosen = matching[start : start + count]
        is_more = start + len(chosen) < len(matching)
        return {
            "fullResultSize": start + len(chosen) + is_more,
            "from": start,
            "count": len(chosen),
            "versionDigest": digest,
            "values": [project(row, selection) for row in chosen],
        }

    def _sorted(self, resource: str, rows: list[Row]) -> list[Row]:
        default = "id" if resource != "BalanceSheetAccount" else "account.number"
        for name in reversed(self.params.get("sorting", default).replace(" ", "").split(",")):
            path = name.removeprefix("-")
            require_field(resource, path)
            rows.sort(key=lambda row, path=path: _rank(row, path), reverse=name.startswith("-"))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        return rows


def _rank(row: Row, path: str) -> tuple[bool, Any]:
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value is not None, 0 if value is None else value
