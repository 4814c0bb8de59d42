"""The query language: what may be asked, and how an answer is cut into pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sandbox.quickbooks.errors import QueryError

Row = dict[str, Any]

MAX_RESULTS = 1000
DEFAULT_RESULTS = 100
_FIELDS = frozenset({"TxnDate", "Id", "DocNumber"})
_QUERY = re.compile(
    r"select\s+(?P<what>\*|count\(\*\))\s+from\s+(?P<entity>\w+)"
    r"(?:\s+where\s+(?P<where>.+?))?"
    r"(?:\s+order\s?by\s+(?P<order>\w+)(?:\s+(?P<way>asc|desc))?)?"
    r"(?:\s+startposition\s+(?P<start>\d+))?"
    r"(?:\s+maxresults\s+(?P<most>\d+))?\s*",
    re.IGNORECASE,
)
_CONDITION = re.compile(r"(?P<field>\w+)\s*(?P<sign><=|>=|=|<|>)\s*'(?P<value>[^']*)'")
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; there are no others than those joined by AND."""

    field: str
    sign: str
    value: str

    def holds(self, row: Row) -> bool:
        """A field that a row leaves out fits nothing."""
        return self.field in row and _SIGNS[self.sign](row[self.field], self.value)


@dataclass(frozen=True, slots=True)
class Query:
    """A query that has been understood."""

    entity: str
    counts: bool
    conditions: tuple[Condition, ...]
    order: str | None
    descending: bool
    start: int
    most: int

    @property
    def period(self) -> tuple[date | None, date | None]:
        """The first and the last day that can be in the answer."""
        dated = [one for one in self.conditions if one.field == "TxnDate"]
        lower = [date.fromisoformat(one.value) for one in dated if ">" in one.sign or one.sign == "="]
        upper = [date.fromisoformat(one.value) for one in dated if "<" in one.sign or one.sign == "="]
        return max(lower, default=None), min(upper, default=None)

    def answer(self, rows: Iterable[Row]) -> Row:
        """The QueryResponse: empty where nothing was found, never with an empty list."""
        found = [row for row in rows if all(one.holds(row) for one in self.conditions)]
        if self.counts:
            return {"totalCount": len(found)}
        found.sort(key=self._place, reverse=self.descending or self.order is None)
        page = found[self.start - 1 : self.start - 1 + self.most]
        return {self.entity: page, "startPosition": self.start, "maxResults": len(page)} if page else {}

    def _place(self, row: Row) -> tuple[Any, int]:
        field = self.order or "TxnDate"
        return ("" if field == "Id" else row.get(field, "")), int(row["Id"])


def parse(text: str, entities: Iterable[str]) -> Query:
    """Raises QueryError with the vendor's code."""
    found = _QUERY.fullmatch(text.strip())
    if found is None:
        raise QueryError(4000, f"QueryParserError: {text[:60]}")
    known = {name.lower(): name for name in entities}
    entity = known.get(found["entity"].lower())
    if entity is None:
        raise QueryError(4001, f"Metadata not found for Entity: {found['entity']}")
    start, most = int(found["start"] or 1), int(found["most"] or DEFAULT_RESULTS)
    if not (start >= 1 and 1 <= most <= MAX_RESULTS):
        raise QueryError(4001, "Pagination is invalid: STARTPOSITION from 1, MAXRESULTS from 1 to 1000")
    return Query(
        entity=entity,
        counts=found["what"] != "*",
        conditions=tuple(_conditions(found["where"] or "")),
        order=_field(found["order"]) if found["order"] else None,
        descending=(found["way"] or "").lower() == "desc",
        start=start,
        most=most,
    )


def _conditions(where: str) -> Iterable[Condition]:
    for part in re.split(r"\s+and\s+", where, flags=re.IGNORECASE) if where else []:
        found = _CONDITION.fullmatch(part.strip())
        if found is None:
            raise QueryError(4000, f"QueryParserError near: {part[:40]}")
        field = _field(found["field"])
        if field == "TxnDate" and not _is_day(found["value"]):
            raise QueryError(4001, "TxnDate takes YYYY-MM-DD")
        yield Condition(field, found["sign"], found["value"])


def _field(name: str) -> str:
    known = {field.lower(): field for field in _FIELDS}
    if name.lower() not in known:
        raise QueryError(4001, f"Property {name} not found or not queryable")
    return known[name.lower()]


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
