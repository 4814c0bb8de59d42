"""The lists: filter by `where` and `Statuses`, then pages where pages are asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from starlette.datastructures import QueryParams

from sandbox.xero.where import Where, parse_where

Row = dict[str, Any]

MAX_PAGE_SIZE = 1000
DEFAULT_PAGE_SIZE = 100
_HEAVY = ("LineItems", "Payments", "JournalLines")


class ParameterError(Exception):
    """A parameter has a value that is not allowed; the text is the vendor's message."""


@dataclass(frozen=True)
class Resource:
    """One list of the API: its name, the fields a filter may name, and its habits."""

    name: str
    fields: Mapping[str, type]
    takes_statuses: bool = False
    takes_summary_only: bool = False
    # Trap: here a sorted list gives the same rows again on every page.
    order_breaks_pages: bool = False


@dataclass(frozen=True)
class Query:
    """What a list was asked for; without `page` there is no paging."""

    where: Where
    statuses: frozenset[str]
    page: int | None
    page_size: int
    is_light: bool
    repeats_pages: bool

    @property
    def since(self) -> date | None:
        """The first day that can be in the answer."""
        return self.where.since

    @property
    def before(self) -> date | None:
        """The first day after the answer."""
        return self.where.before


def read_query(resource: Resource, sent: QueryParams) -> Query:
    """Understand the parameters; raises QueryParseError or ParameterError."""
    page = _number(sent, "page", 1, 1_000_000) if "page" in sent else None
    page_size = _number(sent, "pageSize", 1, MAX_PAGE_SIZE) if "pageSize" in sent else DEFAULT_PAGE_SIZE
    summary = resource.takes_summary_only and sent.get("summaryOnly", "").lower() == "true"
    where = parse_where(sent["where"], resource.fields) if sent.get("where") else Where(_anything)
    statuses = sent.get("Statuses", "") if resource.takes_statuses else ""
    return Query(
        where=where,
        statuses=frozenset(filter(None, statuses.split(","))),
        page=page,
        page_size=page_size,
        is_light=summary or page is None,
        repeats_pages=resource.order_breaks_pages and "order" in sent,
    )


def listed(resource: Resource, query: Query, rows: Sequence[Row]) -> Row:
    """The part of the body that depends on the rows."""
    found = [row for row in rows if query.where.holds(row) and _in(query.statuses, row)]
    body: Row = {}
    if query.page is not None:
        body["pagination"] = {
            "page": query.page,
            "pageSize": query.page_size,
            "pageCount": -(-len(found) // query.page_size),
            "itemCount": len(found),
        }
        start = 0 if query.repeats_pages else (query.page - 1) * query.page_size
        found = found[start : start + query.page_size]
    body[resource.name] = [_light(row) for row in found] if query.is_light else found
    return body


def _anything(_row: Mapping[str, Any]) -> bool:
    return True


def _in(statuses: frozenset[str], row: Row) -> bool:
    return not statuses or row["Status"] in statuses


def _light(row: Row) -> Row:
    return {key: value for key, value in row.items() if key not in _HEAVY}


def _number(sent: QueryParams, name: str, low: int, high: int) -> int:
    text = sent[name]
    if not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
        raise ParameterError(f"The parameter {name} must be a number from {low} to {high}")
    return int(text)
