"""A chaos is planned by its seed alone."""

from itertools import pairwise

import pytest
from ledgerbus_cli.chaos.schedule import SERVICES, Kind, schedule


def plan(seed: int = 1, minutes: float = 2.0) -> tuple[object, ...]:
    return schedule(seed, minutes, session_timeout_s=3.0)


def test_same_seed_gives_the_same_blows_and_another_seed_others() -> None:
    assert plan(1) == plan(1)
    assert plan(1) != plan(2)


@pytest.mark.parametrize("seed", range(10))
def test_two_minutes_hold_each_kind_and_kill_each_service(seed: int) -> None:
    blows = schedule(seed, 2.0, session_timeout_s=3.0)

    assert {blow.kind for blow in blows} == set(Kind)
    assert {blow.target for blow in blows if blow.kind is Kind.KILL} >= set(SERVICES)


def test_pauses_outlast_the_session_timeout() -> None:
    blows = schedule(1, 10, session_timeout_s=10.0)

    assert all(blow.lasts_s > 10 for blow in blows if blow.kind is Kind.PAUSE)


def test_blows_come_in_order_and_leave_the_end_in_peace() -> None:
    times = [blow.at_s for blow in schedule(3, 5, session_timeout_s=3.0)]

    assert all(earlier <= later for earlier, later in pairwise(times))
    assert times[-1] < 5 * 60 * 0.9
