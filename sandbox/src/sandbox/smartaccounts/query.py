"""The parameters of a request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, TypeVar

from sandbox.smartaccounts.errors import RefusedError

_FORMATS = {
    re.compile(r"\d\d\.\d\d\.\d{4}"): "%d.%m.%Y",
    re.compile(r"\d\d\.\d\d\.\d{4}_\d\d:\d\d:\d\d"): "%d.%m.%Y_%H:%M:%S",
}
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Period:
    """From one local time to another, both included; `by` names the date that is meant."""

    start: datetime
    end: datetime
    by: str

    def holds(self, when: date | datetime) -> bool:
        """Whether a day or a local time lies within."""
        moment = when if isinstance(when, datetime) else datetime.combine(when, time(12))
        return self.start <= moment <= self.end


@dataclass(frozen=True, slots=True)
class Query:
    """One request's parameters."""

    params: Mapping[str, str]

    def period(self, kinds: tuple[str, ...]) -> Period:
        """The days asked for; an empty date type means the first of the kinds."""
        by = self.params.get("dateType") or kinds[0]
        if by not in kinds:
            raise RefusedError(400, "VALUE-INVALID", "dateType")
        start, end = (self._moment(name, by) for name in ("dateFrom", "dateTo"))
        return Period(start, datetime.combine(end, time.max) if end.time() == time.min else end, by)

    def page(self, rows: list[T], size: int) -> tuple[list[T], bool, int]:
        """The rows of the page asked for, whether there are more, and its number."""
        text = self.params.get("pageNumber") or "1"
        if not text.isdigit() or int(text) < 1:
            raise RefusedError(400, "VALUE-INVALID", "pageNumber")
        number = int(text)
        return rows[(number - 1) * size : number * size], number * size < len(rows), number

    def flag(self, name: str) -> bool:
        """A truth value, false when it is not there."""
        return self.params.get(name) == "true"

    def matching(self, rows: Iterable[dict[str, Any]], *names: str) -> list[dict[str, Any]]:
        """The rows whose fields are as the parameters of the same names ask, where they ask."""
        wanted = {name: self.params[name] for name in names if self.params.get(name)}
        return [row for row in rows if all(str(row.get(name)) == value for name, value in wanted.items())]

    def _moment(self, name: str, by: str) -> datetime:
        text = self.params.get(name)
        if not text:
            raise RefusedError(400, "REQUIRED", name)
        for pattern, form in _FORMATS.items():
            if pattern.fullmatch(text) and ("_" not in text or by == "modifydate"):
                try:
                    return datetime.strptime(text, form)  # noqa: DTZ007 (Estonian time, as it is written)
                except ValueError:
                    break
        raise RefusedError(400, "DATE-INVALID", name)
