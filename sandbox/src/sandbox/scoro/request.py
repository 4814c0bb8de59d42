"""The body of a request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sandbox.scoro.errors import RefusedError

_DETAILED_PAGE_SIZE = 25
_USUAL_PAGE_SIZE = 50
_DAYS = (date(1, 1, 1), date(9999, 12, 31))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for; unknown fields, and filters in another form, are ignored without a word."""

    fields: Mapping[str, Any]

    @classmethod
    def read(cls, body: bytes) -> Asked:
        """The JSON object of the body."""
        try:
            fields = json.loads(body)
        except ValueError as error:
            raise RefusedError(400, "Request is not valid JSON") from error
        if not isinstance(fields, dict):
            raise RefusedError(400, "Request is not valid JSON")
        return cls(fields)

    def text(self, name: str) -> str:
        """A text, empty where it is missing."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    @property
    def is_detailed(self) -> bool:
        """Whether rows shall have their lines."""
        return self.fields.get("detailed_response") in (True, 1, "1")

    @property
    def with_deleted(self) -> bool:
        """Whether what was deleted lately shall be told."""
        return self.fields.get("include_deleted") in (True, 1, "1")

    def days(self, name: str) -> tuple[date, date] | None:
        """A filter of days, both included; None where there is none."""
        filters = self.fields.get("filter")
        asked = filters.get(name) if isinstance(filters, dict) else None
        if not isinstance(asked, dict) or not asked.keys() & {"from_date", "to_date"}:
            return None
        first, last = (
            _day(asked.get(key), usual) for key, usual in zip(("from_date", "to_date"), _DAYS, strict=True)
        )
        return first, last

    def page(self, largest: int) -> tuple[int, int]:
        """The first row and the one behind the last; more rows than the server's most are not given."""
        number = self._whole("page", 1)
        size = min(self._whole("per_page", _USUAL_PAGE_SIZE), largest)
        if self.is_detailed:
            size = min(size, _DETAILED_PAGE_SIZE)
        return (number - 1) * size, number * size

    def _whole(self, name: str, usual: int) -> int:
        told = str(self.fields.get(name, usual))
        if not told.isdigit() or int(told) < 1:
            raise RefusedError(400, f"Invalid value: {name}")
        return int(told)


def _day(told: object, usual: date) -> date:
    if told is None:
        return usual
    try:
        return date.fromisoformat(str(told))
    except ValueError as error:
        raise RefusedError(400, "Invalid date in filter") from error
