"""Lists in pages: the links and the total stand in headers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from urllib.parse import urlencode

from sandbox.books.month import Month
from sandbox.freeagent.company import Row
from sandbox.freeagent.errors import invalid

DEFAULT_SIZE, LARGEST_SIZE = 25, 100
_VIEW = re.compile(r"last_(\d{1,3})_months")


def page_of(
    rows: Sequence[Row], sent: Mapping[str, str], address: str, *, with_total: bool
) -> tuple[list[Row], dict[str, str]]:
    """One page with its headers; a page size over the largest is cut down to it, silently."""
    number = max(1, _number(sent.get("page"), 1))
    size = min(LARGEST_SIZE, max(1, _number(sent.get("per_page"), DEFAULT_SIZE)))
    last = max(1, -(-len(rows) // size))
    numbers: dict[str, int] = {}
    if number > 1:
        numbers |= {"prev": number - 1, "first": 1}
    if number < last:
        numbers |= {"next": number + 1, "last": last}
    links = [
        f'<{address}?{urlencode({**sent, "page": at, "per_page": size})}>; rel="{rel}"'
        for rel, at in numbers.items()
    ]
    headers = {"Link": ", ".join(links)}  # empty where everything stands on one page
    if with_total:
        headers["X-Total-Count"] = str(len(rows))
    return list(rows[(number - 1) * size : number * size]), headers


def period_of(sent: Mapping[str, str], today: date) -> tuple[date, date]:
    """From a day to a day, both included; without them the last twelve months."""
    first = day_of(sent, "from_date") or Month.of(today).shift(-11).first
    last = day_of(sent, "to_date") or Month.of(today).last
    return first, last


def viewed_since(sent: Mapping[str, str], today: date, founded: date) -> date:
    """The first day of a view; anything like from_date is not known here."""
    view = sent.get("view", "all")
    found = _VIEW.fullmatch(view)
    if found is None:
        if view not in {"all", "draft"}:
            raise invalid("The view is not known")
        return founded
    month = Month.of(today).shift(-int(found[1]))
    return month.day(today.day)


def day_of(sent: Mapping[str, str], name: str) -> date | None:
    if not sent.get(name):
        return None
    try:
        return date.fromisoformat(sent[name])
    except ValueError as error:
        raise invalid(f"{name} must be a date of the form YYYY-MM-DD") from error


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdecimal() else default
