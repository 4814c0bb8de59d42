"""Gauges are read in the event loop; a reader of metrics sees what stood last."""

import asyncio
from collections.abc import Iterator, Sequence

import pytest
from service_kit.gauges import Gauges, seldom
from service_kit.metrics import GaugeName, Reading
from support.kafka import eventually
from support.measured import Measured, measuring

NAME: GaugeName = "ledgerbus.runs.open"


@pytest.fixture
def measured() -> Iterator[Measured]:
    with measuring() as measured:
        yield measured


async def test_what_was_read_last_is_seen_until_the_end(measured: Measured) -> None:
    open_runs = 3

    async def read() -> Sequence[Reading]:
        return [(open_runs, {"kind": "bulk"})]

    running = asyncio.create_task(Gauges({NAME: read}, every_s=0.01).run())
    await eventually(lambda: measured.of(NAME) == {("bulk",): 3})
    open_runs = 5
    await eventually(lambda: measured.of(NAME) == {("bulk",): 5})
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert measured.of(NAME) == {}


async def test_one_that_cannot_be_read_says_nothing_and_stops_no_other(measured: Measured) -> None:
    broken = False

    async def read() -> Sequence[Reading]:
        if broken:
            raise ConnectionError
        return [(1, {"kind": "reload"})]

    async def other() -> Sequence[Reading]:
        return [(2, {"reason": "queued", "provider": "xero"})]

    def others() -> bool:
        return measured.of("ledgerbus.jobs.open") == {("queued", "xero"): 2}

    running = asyncio.create_task(Gauges({NAME: read, "ledgerbus.jobs.open": other}, every_s=0.01).run())
    await eventually(lambda: measured.of(NAME) == {("reload",): 1} and others())
    broken = True
    await eventually(lambda: not measured.of(NAME) and others())
    broken = False
    await eventually(lambda: measured.of(NAME) == {("reload",): 1})
    running.cancel()


async def test_what_is_dear_is_asked_seldom() -> None:
    now_s = 100.0
    asked = 0

    async def read() -> Sequence[Reading]:
        nonlocal asked, now_s
        asked += 1
        now_s += 1.0  # it takes a second
        return [(asked, {})]

    rested = seldom(15.0, read, lambda: now_s)

    assert await rested() == [(1, {})] == await rested()
    now_s = 100.0 + 19.9  # more than 15 s, and less than twenty times what it took
    assert await rested() == [(1, {})]
    now_s = 100.0 + 20.1
    assert await rested() == [(2, {})]
