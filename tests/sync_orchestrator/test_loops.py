"""The service's own rhythm survives outages and dies of bugs."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from pymongo.errors import AutoReconnect
from service_kit.errors import DependencyDownError
from service_kit.health import Health
from support.fakes import FakeClock
from support.kafka import eventually
from support.orchestrator_stores import MemoryLeases
from sync_orchestrator.leadership import Leadership
from sync_orchestrator.loops import Rhythm, every


def failing(*errors: Exception) -> tuple[Callable[[], Awaitable[None]], list[str]]:
    """Work that fails in turn, and then goes on."""
    left, rounds = list(errors), list[str]()

    async def work() -> None:
        rounds.append("begun")
        if left:
            raise left.pop(0)

    return work, rounds


async def test_an_outage_shows_in_the_health_and_passes() -> None:
    work, rounds = failing(AutoReconnect("gone"))
    health = Health()
    loop = asyncio.ensure_future(every(0.01, work, name="release", health=health)())

    await eventually(lambda: "release" in health.troubles)
    await eventually(lambda: len(rounds) > 1 and not health.troubles)

    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop


async def test_a_bug_ends_the_loop() -> None:
    work, rounds = failing(KeyError("bug"))

    with pytest.raises(KeyError):
        await every(0.01, work, name="release", health=Health())()

    assert rounds == ["begun"]


async def test_news_bring_the_next_round_forward() -> None:
    wake = asyncio.Event()
    work, rounds = failing()
    loop = asyncio.ensure_future(every(3_600.0, work, name="release", health=Health(), wake=wake)())
    await eventually(lambda: len(rounds) == 1)

    wake.set()

    await eventually(lambda: len(rounds) == 2)
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop


def test_a_few_rounds_after_quiet_follow_on_each_other() -> None:
    now_s = 0.0
    rhythm = Rhythm(lambda: now_s)

    rests = []
    for _ in range(4):
        now_s += 0.03
        rests.append(rhythm.rest_s(0.03))

    assert max(rests) < 0.03


def test_rounds_without_end_take_a_tenth_of_the_time() -> None:
    now_s = worked_s = 0.0
    rhythm = Rhythm(lambda: now_s)

    for _ in range(200):
        now_s += 0.03
        worked_s += 0.03
        now_s += rhythm.rest_s(0.03)

    assert 0.09 < worked_s / now_s < 0.11


def test_long_rounds_whose_rest_was_cut_short_do_not_burden_later_ones() -> None:
    now_s = 0.0
    rhythm = Rhythm(lambda: now_s)
    for _ in range(50):  # each would rest for 5 s, and is woken after a quarter
        now_s += 0.5 + 0.25
        rhythm.rest_s(0.5)

    now_s += 10.0
    assert rhythm.rest_s(0.03) < 0.03


class UnreachableLeases(MemoryLeases):
    """A store that has gone."""

    async def give_up(self, name: str, holder: str) -> None:
        raise DependencyDownError("mongo", f"{name} {holder}")


async def test_a_store_out_of_reach_does_not_spoil_a_clean_stop() -> None:
    leadership = Leadership(leases=UnreachableLeases(), clock=FakeClock(), taken_over=lambda: None)
    led = await leadership.is_mine()

    await leadership.give_up()

    assert led
