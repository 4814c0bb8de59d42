from collections.abc import Sequence
from datetime import date

import pytest
from connectors.errors import AccessRefusedError, ConnectorError, ThrottledError, UnreadableAnswerError
from connectors.reading import Part, bucket, run_parts, windows
from connectors.rows import Row, day, text
from connectors.tally import Tally
from hypothesis import given
from hypothesis import strategies as st
from sync_contracts.month import Month

FEBRUARY, MARCH, APRIL = Month(2026, 2), Month(2026, 3), Month(2026, 4)
ALL = [FEBRUARY, MARCH, APRIL]
THROTTLE = ThrottledError("429", retry_after_s=30, budget_key="k")


class Recorder:
    """Parts that remember being run."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def part(self, name: str, months: list[Month], error: ConnectorError | None = None) -> Part:
        async def run() -> None:
            self.ran.append(name)
            if error is not None:
                raise error

        return Part(months, run)


async def test_a_part_fails_the_months_it_touches() -> None:
    tally, recorder = Tally(ALL, {}, "EUR"), Recorder()
    parts = [
        recorder.part("shared", ALL),
        recorder.part("march", [MARCH], UnreadableAnswerError("x")),
        recorder.part("april", [APRIL]),
    ]

    await run_parts(parts, tally, at_once=1)

    assert tally.open_months == [FEBRUARY, APRIL]
    assert recorder.ran == ["shared", "march", "april"]


async def test_a_shared_part_that_fails_fails_all_and_spares_the_other_calls() -> None:
    tally, recorder = Tally(ALL, {}, "EUR"), Recorder()
    parts = [recorder.part("shared", ALL, UnreadableAnswerError("x")), recorder.part("march", [MARCH])]

    await run_parts(parts, tally, at_once=1)

    assert tally.open_months == []
    assert recorder.ran == ["shared"]


@pytest.mark.parametrize("error", [THROTTLE, AccessRefusedError("401")])
@pytest.mark.parametrize("at_once", [1, 2])
async def test_a_limit_or_refused_credentials_stop_what_has_not_begun(
    error: ConnectorError, at_once: int
) -> None:
    tally, recorder = Tally(ALL, {}, "EUR"), Recorder()
    parts = [
        recorder.part("february", [FEBRUARY]),
        recorder.part("march", [MARCH], error),
        recorder.part("april", [APRIL]),
    ]

    await run_parts(parts, tally, at_once=at_once)

    assert tally.open_months == [FEBRUARY]
    assert "april" not in recorder.ran


async def test_a_month_whose_part_was_stopped_is_not_whole() -> None:
    tally, recorder = Tally([APRIL, MARCH], {}, "EUR"), Recorder()
    parts = [recorder.part("march", [MARCH], THROTTLE), recorder.part("both", [MARCH, APRIL])]

    await run_parts(parts, tally, at_once=1)

    assert tally.open_months == []


async def test_a_fault_of_ours_is_not_hidden() -> None:
    async def run() -> None:
        raise KeyError("bug")

    with pytest.raises(ExceptionGroup):
        await run_parts([Part([MARCH], run)], Tally(ALL, {}, "EUR"), at_once=1)


def put_in_buckets(tally: Tally, rows: Sequence[Row]) -> list[tuple[Month, str]]:
    counted: list[tuple[Month, str]] = []

    def day_of(row: Row) -> date:
        return day(row, "on")

    bucket(tally, set(ALL), rows, day_of, lambda month, row: counted.append((month, text(row, "id"))))
    return counted


def test_rows_go_to_their_months_and_others_are_left_out() -> None:
    rows = [
        {"id": "a", "on": "2026-03-01"},
        {"id": "b", "on": "2026-03-31T00:00:00"},
        {"id": "c", "on": "2025-03-31"},
    ]

    assert put_in_buckets(Tally(ALL, {}, "EUR"), rows) == [(MARCH, "a"), (MARCH, "b")]


def test_a_row_outside_the_months_asked_for_is_another_part_s() -> None:
    counted: list[Month] = []

    bucket(
        Tally(ALL, {}, "EUR"),
        {MARCH},
        [{"on": "2026-03-31"}, {"on": "2026-04-01"}],
        lambda row: day(row, "on"),
        lambda month, _: counted.append(month),
    )

    assert counted == [MARCH]


def test_a_bad_row_of_a_known_month_fails_that_month() -> None:
    tally = Tally(ALL, {}, "EUR")

    counted = put_in_buckets(tally, [{"id": 7, "on": "2026-03-01"}, {"id": "a", "on": "2026-04-01"}])

    assert tally.open_months == [FEBRUARY, APRIL]
    assert counted == [(APRIL, "a")]


@pytest.mark.parametrize("on", ["soon", "", None, 20260301, "1999-12-31", "2026-02-30"])
def test_a_row_without_a_readable_date_fails_the_part(on: object) -> None:
    with pytest.raises(UnreadableAnswerError):
        put_in_buckets(Tally(ALL, {}, "EUR"), [{"id": "a", "on": on}])


@given(st.sets(st.integers(0, 60), min_size=1, max_size=20), st.integers(1, 12))
def test_windows_hold_every_wanted_month_and_no_window_is_too_long(offsets: set[int], size: int) -> None:
    wanted = [Month(2024, 1).plus(offset) for offset in offsets]

    found = windows(wanted, size)

    assert all(sum(month in window for window in found) == 1 for month in wanted)
    assert all(len(window) <= size and window.first in wanted and window.last in wanted for window in found)


@given(st.integers(1, 36), st.integers(1, 12))
def test_a_range_without_gaps_takes_the_fewest_windows(count: int, size: int) -> None:
    wanted = [Month(2024, 1).plus(offset) for offset in range(count)]

    assert len(windows(wanted, size)) == -(-count // size)
