"""Lists in pages; a list that does not add up is refused whole."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from connectors.errors import UnreadableAnswerError
from connectors.rows import Row

MAX_PAGES = 1000
_REPEATED = "a list changed while it was read: a row came twice"


@dataclass(frozen=True, slots=True)
class NumberedPage:
    """A page that says how many pages and rows there are, or nothing (None)."""

    rows: list[Row]
    page_count: int | None
    item_count: int | None


@dataclass(frozen=True, slots=True)
class OffsetPage:
    """A page from an offset, with the provider's hint at the size of the whole."""

    rows: list[Row]
    size_hint: int


async def numbered_pages(
    fetch: Callable[[int], Awaitable[NumberedPage]], *, size: int, id_of: Callable[[Row], str]
) -> list[Row]:
    """All rows, read page after page from 1."""
    rows: list[Row] = []
    seen: set[str] = set()
    for number in range(1, MAX_PAGES + 1):
        page = await fetch(number)
        rows += page.rows
        seen.update(id_of(row) for row in page.rows)
        if len(seen) != len(rows):
            raise UnreadableAnswerError(_REPEATED)
        if number >= page.page_count if page.page_count is not None else len(page.rows) < size:
            break
        if not page.rows:
            raise UnreadableAnswerError("a list has more pages but gives no rows")
    else:
        raise UnreadableAnswerError(f"a list does not end within {MAX_PAGES} pages")
    if page.item_count is not None and page.item_count != len(rows):
        raise UnreadableAnswerError(f"a list of {page.item_count} rows came with {len(rows)}")
    return rows


async def offset_pages(
    fetch: Callable[[int], Awaitable[OffsetPage]], *, size: int, id_of: Callable[[Row], str]
) -> list[Row]:
    """All rows, read from offset to offset."""
    rows: list[Row] = []
    while True:
        page = await fetch(len(rows))
        offset, received = len(rows), len(page.rows)
        rows += page.rows
        if not _goes_on(offset, received, page.size_hint, size):
            break
        if received == 0:
            raise UnreadableAnswerError("a list has more rows but gives none")
    _whole(rows, id_of)
    return rows


def _goes_on(offset: int, received: int, hint: int, size: int) -> bool:
    """The hint counts from the list's start or from the offset: both forms were seen."""
    if received == size:
        return hint not in {offset + received, received}
    return hint > offset + received or hint == received + 1


def _whole(rows: list[Row], id_of: Callable[[Row], str]) -> None:
    if len({id_of(row) for row in rows}) != len(rows):
        raise UnreadableAnswerError(_REPEATED)
