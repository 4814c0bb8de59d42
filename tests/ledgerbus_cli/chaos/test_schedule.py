"""A chaos is planned by its seed alone."""

from collections import Counter
from itertools import pairwise

import pytest
from ledgerbus_cli.chaos.schedule import SERVICES, SPENDING, WORKERS, Kind, finale, schedule
from sync_contracts.providers import Provider


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


@pytest.mark.parametrize("seed", range(10))
def test_two_minutes_pause_each_service_and_rotate_one_that_spends_its_tokens_three_times(seed: int) -> None:
    blows = schedule(seed, 2.0, session_timeout_s=3.0)

    assert {blow.target for blow in blows if blow.kind is Kind.PAUSE} == set(SERVICES)
    rotated = Counter(blow.target for blow in blows if blow.kind is Kind.ROTATE)
    assert rotated[SPENDING] >= 3


def test_pauses_outlast_the_session_timeout() -> None:
    blows = schedule(1, 10, session_timeout_s=10.0)

    assert all(blow.lasts_s > 10 for blow in blows if blow.kind is Kind.PAUSE)


def test_blows_come_in_order_and_leave_the_end_in_peace() -> None:
    times = [blow.at_s for blow in schedule(3, 5, session_timeout_s=3.0)]

    assert all(earlier <= later for earlier, later in pairwise(times))
    assert times[-1] < 5 * 60 * 0.9


@pytest.mark.parametrize("seed", range(10))
def test_the_finale_is_a_worker_killed_while_it_waits(seed: int) -> None:
    *held, last = finale(seed)

    assert last.kind is Kind.KILL
    assert last.target in WORKERS
    assert {(blow.kind, blow.target) for blow in held} == {(Kind.HANG, each) for each in Provider}
    assert all(blow.at_s < last.at_s < blow.at_s + blow.lasts_s for blow in held)
