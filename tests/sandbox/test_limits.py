from __future__ import annotations

from datetime import UTC, datetime

from sandbox.clock import Clock
from sandbox.limits import Concurrency, FixedWindow, SlidingWindow

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_window_lets_its_limit_through_and_opens_again() -> None:
    clock = Clock(NOON)
    window = FixedWindow(clock, 2, 60)

    grants = [window.take("one") for _ in range(3)]
    clock.advance(60)
    later = window.take("one")

    assert [grant.allowed for grant in grants] == [True, True, False]
    assert [grant.remaining for grant in grants] == [1, 0, 0]
    assert grants[2].reset_at == NOON.timestamp() + 60
    assert later.allowed
    assert window.figures()["one"] == {"limit": 2, "granted": 3, "refused": 1, "peak": 2}


def test_keys_do_not_share_a_window() -> None:
    window = FixedWindow(Clock(NOON), 1, 60)

    assert window.take("one").allowed
    assert window.take("two").allowed


def test_so_many_at_once_and_no_more() -> None:
    limit = Concurrency(1)

    with limit.slot("one") as first, limit.slot("one") as second:
        held = (first, second)
    with limit.slot("one") as third:
        pass

    assert held == (True, False)
    assert third
    assert limit.figures()["one"] == {"limit": 1, "granted": 2, "refused": 1, "peak": 1}


def test_an_aligned_window_begins_with_the_minute_and_not_with_its_first_call() -> None:
    clock = Clock(datetime(2026, 11, 23, 12, 0, 58, tzinfo=UTC))
    window = FixedWindow(clock, 1, 60, aligned=True)

    grants = [window.take("one") for _ in range(2)]
    clock.advance(2)

    assert [grant.allowed for grant in grants] == [True, False]
    assert grants[1].reset_in_s == 2
    assert window.take("one").allowed


def test_a_sliding_window_looks_back_from_each_call() -> None:
    clock = Clock(NOON)
    window = SlidingWindow(clock, 2, 5)

    first = window.take("one")
    clock.advance(3)
    second, refused = window.take("one"), window.take("one")
    clock.advance(2)
    third, refused_again = window.take("one"), window.take("one")

    assert first.allowed
    assert second.allowed
    assert third.allowed
    assert not refused.allowed
    assert refused.reset_in_s == 2
    assert not refused_again.allowed
    assert window.figures()["one"] == {"limit": 2, "granted": 3, "refused": 2, "peak": 2}
