"""Gauges are read in the event loop; a reader of metrics sees what stood last."""

import asyncio
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from service_kit import gauges, metrics
from service_kit.gauges import Gauges, seldom
from service_kit.metrics import Reading
from support.kafka import eventually

NAME = "ledgerbus.runs.open"


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> InMemoryMetricReader:
    reader = InMemoryMetricReader()
    meters = MeterProvider([reader])
    monkeypatch.setattr(metrics, "_meter", lambda: meters.get_meter("ledgerbus"))
    return reader


def values(reader: InMemoryMetricReader) -> dict[str, float]:
    found = reader.get_metrics_data()
    points = [
        point
        for each in (found.resource_metrics if found else [])
        for scope in each.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    ]
    return {str((point.attributes or {})["kind"]): point.value for point in points}


async def test_what_was_read_last_is_seen_until_the_end(reader: InMemoryMetricReader) -> None:
    open_runs = 3

    async def read() -> Sequence[Reading]:
        return [(open_runs, {"kind": "bulk"})]

    running = asyncio.create_task(Gauges({NAME: read}, every_s=0.01).run())
    await eventually(lambda: values(reader) == {"bulk": 3})
    open_runs = 5
    await eventually(lambda: values(reader) == {"bulk": 5})
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert values(reader) == {}


async def test_one_that_cannot_be_read_says_nothing_and_stops_no_other(reader: InMemoryMetricReader) -> None:
    broken = False

    async def read() -> Sequence[Reading]:
        if broken:
            raise ConnectionError
        return [(1, {"kind": "reload"})]

    async def other() -> Sequence[Reading]:
        return [(2, {"kind": "of another gauge"})]

    running = asyncio.create_task(Gauges({NAME: read, "ledgerbus.jobs.open": other}, every_s=0.01).run())
    await eventually(lambda: len(values(reader)) == 2)
    broken = True
    await eventually(lambda: values(reader) == {"of another gauge": 2})
    broken = False
    await eventually(lambda: len(values(reader)) == 2)
    running.cancel()


async def test_what_is_dear_is_asked_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    asked = 0

    async def read() -> Sequence[Reading]:
        nonlocal asked, now_s
        asked += 1
        now_s += 1.0  # it takes a second
        return [(asked, {})]

    monkeypatch.setattr(gauges.time, "monotonic", lambda: now_s)
    rested = seldom(15.0, read)

    assert await rested() == [(1, {})] == await rested()
    now_s = 100.0 + 19.9  # more than 15 s, and less than twenty times what it took
    assert await rested() == [(1, {})]
    now_s = 100.0 + 20.1
    assert await rested() == [(2, {})]
