"""The parameters of a request, read strictly."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sandbox.books.month import Month
from sandbox.trigon.errors import RefusedError

_LARGEST_PAGE = 100
_LONGEST_MONTHS = 12
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Query:
    """One request's parameters."""

    params: Mapping[str, str]

    def period(self) -> tuple[date, date]:
        """The first and last day, both included, at most twelve months."""
        first, last = self._day("dateFrom"), self._day("dateTo")
        if last < first:
            raise RefusedError("invalid_request", about="dateTo is before dateFrom")
        if last >= Month.of(first).shift(_LONGEST_MONTHS).day(first.day):
            raise RefusedError("invalid_request", about="longer than twelve months")
        return first, last

    def month(self) -> Month:
        """The month that counts are asked for."""
        try:
            return Month.parse(self.params.get("month", ""))
        except ValueError as error:
            raise RefusedError("invalid_request", about="month") from error

    def page(self, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """The page asked for, by numbers from 1."""
        number, size = self._number("page", 1), self._number("pageSize", _LARGEST_PAGE)
        if size > _LARGEST_PAGE:
            raise RefusedError("invalid_request", about="pageSize")
        chosen = list(rows[(number - 1) * size : number * size])
        return {"items": chosen, "page": number, "pageSize": size, "total": len(rows)}

    def _day(self, name: str) -> date:
        text = self.params.get(name, "")
        try:
            if _DAY.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        raise RefusedError("invalid_request", about=name)

    def _number(self, name: str, default: int) -> int:
        text = self.params.get(name, str(default))
        if not text.isdecimal() or int(text) < 1:
            raise RefusedError("invalid_request", about=name)
        return int(text)
