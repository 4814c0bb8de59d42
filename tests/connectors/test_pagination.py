import asyncio
from collections.abc import Callable

import pytest
from connectors.errors import UnreadableAnswerError
from connectors.pagination import NumberedPage, OffsetPage, numbered_pages, offset_pages
from connectors.rows import Row
from hypothesis import given
from hypothesis import strategies as st

SIZE = 3


def rows(count: int) -> list[Row]:
    return [{"id": f"r{number}"} for number in range(count)]


def id_of(row: Row) -> str:
    return str(row["id"])


def numbered(everything: list[Row], *, cut: int = 0, silent: bool = False) -> list[Row]:
    async def fetch(number: int) -> NumberedPage:
        page = everything[(number - 1) * SIZE : number * SIZE]
        count = -(-len(everything) // SIZE)
        if number == 1 and cut:
            page = page[:-cut]
        return NumberedPage(page, None, None) if silent else NumberedPage(page, count, len(everything))

    return asyncio.run(numbered_pages(fetch, size=SIZE, id_of=id_of))


def offset(everything: list[Row], hint: Callable[[int, int, bool], int], *, cap: int = SIZE) -> list[Row]:
    async def fetch(start: int) -> OffsetPage:
        page = everything[start : start + cap]
        return OffsetPage(page, hint(start, len(page), start + len(page) < len(everything)))

    return asyncio.run(offset_pages(fetch, size=SIZE, id_of=id_of))


def from_start(start: int, received: int, more: bool) -> int:
    return start + received + more


def from_offset(_: int, received: int, more: bool) -> int:
    return received + more


@given(st.integers(0, 20))
def test_numbered_pages_give_every_row_once(count: int) -> None:
    assert numbered(rows(count)) == rows(count)
    assert numbered(rows(count), silent=True) == rows(count)


def test_a_page_cut_short_is_noticed() -> None:
    with pytest.raises(UnreadableAnswerError):
        numbered(rows(8), cut=1)


def test_a_row_that_comes_twice_is_noticed() -> None:
    with pytest.raises(UnreadableAnswerError):
        numbered([*rows(5), {"id": "r0"}])


def test_a_list_without_rows_does_not_ask_for_ever() -> None:
    async def fetch(_: int) -> NumberedPage:
        return NumberedPage([], 7, 20)

    with pytest.raises(UnreadableAnswerError):
        asyncio.run(numbered_pages(fetch, size=SIZE, id_of=id_of))


@given(st.integers(0, 20), st.sampled_from([from_start, from_offset]), st.integers(1, SIZE))
def test_offset_pages_give_every_row_once(
    count: int, hint: Callable[[int, int, bool], int], cap: int
) -> None:
    assert offset(rows(count), hint, cap=cap) == rows(count)


def test_an_offset_list_without_rows_does_not_ask_for_ever() -> None:
    with pytest.raises(UnreadableAnswerError):
        offset([], lambda *_: 5)


def test_a_page_that_is_given_again_and_again_is_refused_at_once() -> None:
    asked: list[int] = []

    async def fetch(number: int) -> NumberedPage:
        asked.append(number)
        return NumberedPage(rows(SIZE), number + 1, None)

    with pytest.raises(UnreadableAnswerError, match="twice"):
        asyncio.run(numbered_pages(fetch, size=SIZE, id_of=id_of))

    assert asked == [1, 2]


def test_a_list_without_an_end_is_refused() -> None:
    async def fetch(number: int) -> NumberedPage:
        return NumberedPage([{"id": f"r{number}"}], number + 1, None)

    with pytest.raises(UnreadableAnswerError, match="1000 pages"):
        asyncio.run(numbered_pages(fetch, size=SIZE, id_of=id_of))
