"""Reads months part by part: what a part cannot read fails the months it touches, and no others."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sync_contracts.month import Month, Months

from connectors.api import Api
from connectors.errors import AccessRefusedError, ConnectorError, ThrottledError, UnreadableAnswerError
from connectors.rows import Row, month_of
from connectors.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What one reading works with."""

    api: Api
    tally: Tally
    settings: Mapping[str, str]
    months: Sequence[Month]


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a reading that stands or falls alone, with the months that it touches."""

    months: Iterable[Month]
    run: Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Plan:
    """A reading's parts in order, and what to work out when all have run."""

    parts: Sequence[Part]
    finish: Callable[[], None] = lambda: None


async def run_parts(parts: Sequence[Part], tally: Tally, *, at_once: int) -> None:
    """Run the parts in order; a limit or refused credentials stop what has not begun."""
    queue = deque(parts)
    stopped: ConnectorError | None = None

    async def work() -> None:
        nonlocal stopped
        while queue:
            part = queue.popleft()
            touched = [month for month in part.months if month in tally]
            if stopped is not None:
                tally.fail(touched, stopped)
            if not set(touched) & set(tally.open_months):
                continue
            try:
                await part.run()
            except ConnectorError as error:
                tally.fail(touched, error)
                if isinstance(error, ThrottledError | AccessRefusedError):
                    stopped = stopped or error

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(work())


def bucket(
    tally: Tally,
    asked: Container[Month],
    rows: Iterable[Row],
    day_of: Callable[[Row], date],
    count: Callable[[Month, Row], None],
) -> None:
    """Count each row in its month: an unreadable date fails the part, anything else unreadable its month.

    Rows outside the months that were asked for belong to another part's answer.
    """
    months: dict[date, Month | None] = {}  # days come again, and a date is found faster than a month
    for row in rows:
        day = day_of(row)
        if day not in months:
            found = month_of(day)
            months[day] = found if found in tally and found in asked else None
        if (month := months[day]) is None:
            continue
        try:
            count(month, row)
        except UnreadableAnswerError as error:
            tally.fail([month], error)


def windows(wanted: Sequence[Month], size: int) -> list[Months]:
    """The fewest ranges of at most `size` months that hold all wanted ones."""
    found: list[Months] = []
    for month in sorted(wanted):
        if found and len(Months(found[-1].first, month)) <= size:
            found[-1] = Months(found[-1].first, month)
        else:
            found.append(Months(month, month))
    return found
