from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifier.retry_schedule import MAX_ATTEMPTS, RetrySchedule

SCHEDULE = RetrySchedule()
DAY_AND_HOUR = timedelta(hours=25)


def waits(chance: float) -> list[timedelta]:
    found = [SCHEDULE.wait(attempts, chance=chance) for attempts in range(1, MAX_ATTEMPTS)]
    return [wait for wait in found if wait is not None]


def test_ten_attempts_take_72_hours() -> None:
    assert len(waits(0.5)) == MAX_ATTEMPTS - 1
    assert sum(waits(0.5), timedelta()) == timedelta(hours=72)
    assert SCHEDULE.wait(MAX_ATTEMPTS, chance=0.5) is None


@given(chance=st.floats(0, 1))
def test_jitter_stays_within_5_percent_and_gaps_grow(chance: float) -> None:
    moved = waits(chance)

    assert moved == sorted(moved)
    assert all(abs(wait / usual - 1) <= 0.0501 for wait, usual in zip(moved, waits(0.5), strict=True))


@pytest.mark.parametrize(
    ("asked_s", "expected"),
    [
        (1.0, timedelta(minutes=25)),
        (3_600.0, timedelta(hours=1)),
        (1e12, DAY_AND_HOUR),
        (None, timedelta(minutes=25)),
    ],
)
def test_a_receiver_may_ask_for_more_time_within_bounds(asked_s: float | None, expected: timedelta) -> None:
    assert SCHEDULE.wait(3, chance=0.5, asked_s=asked_s) == expected


def test_asking_for_more_time_gives_no_further_attempt() -> None:
    assert SCHEDULE.wait(MAX_ATTEMPTS, chance=0.5, asked_s=60) is None
