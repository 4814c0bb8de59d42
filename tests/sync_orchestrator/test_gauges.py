"""Requests, runs and jobs as metrics."""

from collections.abc import Iterator

import pytest
from support.measured import Measured, measuring
from support.orchestration import bulk, started, updated
from support.orchestrator_world import World
from sync_orchestrator.gauges import orchestrator_gauges


@pytest.fixture
def measured() -> Iterator[Measured]:
    with measuring() as measured:
        yield measured


async def test_open_jobs_tell_the_reasons_that_people_see_but_only_where_one_leads() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=2))
    await world.cases.release()
    await world.cases.track.started(started(world.requested[0]))
    gauges = orchestrator_gauges(world.cases.count_open, world.cases.leadership, least_s=0.0)

    assert await gauges["ledgerbus.jobs.open"]() == ()

    await world.cases.leadership.is_mine()
    jobs = {labels["reason"]: value for value, labels in await gauges["ledgerbus.jobs.open"]() if value}
    assert jobs == {"running": 1, "queued": 1}
    assert (1, {"kind": "bulk"}) in await gauges["ledgerbus.runs.open"]()

    world.clock.forward(seconds=11)  # the lease is over
    assert await gauges["ledgerbus.jobs.open"]() == ()


async def test_the_first_start_of_each_job_is_measured_once(measured: Measured) -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=1))
    await world.cases.release()
    [requested] = world.requested
    world.clock.forward(seconds=4)

    await world.cases.track.started(started(requested))
    world.clock.forward(seconds=1)
    await world.cases.track.started(started(requested))

    assert measured.of("ledgerbus.jobs.start.duration") == {(requested.provider, "bulk"): 4.0}


async def test_an_ended_run_tells_how_long_it_took(measured: Measured) -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=1))
    await world.cases.release()
    world.clock.forward(seconds=30)
    [job] = await world.jobs()

    await world.cases.track.updated(updated(job))
    await world.cases.settle()

    assert measured.of("ledgerbus.runs.duration") == {("bulk", "completed"): 30.0}


async def test_a_request_is_counted_when_it_is_answered_and_not_when_it_comes_again(
    measured: Measured,
) -> None:
    world = World()
    request = bulk(clients=1)

    await world.cases.accept.bulk(request)
    await world.cases.accept.bulk(request)
    await world.cases.accept.bulk(bulk("req-2", clients=1))

    assert measured.of("ledgerbus.requests.answered") == {
        ("bulk", "accepted", ""): 1,
        ("bulk", "joined", ""): 1,
    }
