"""Two instances on the same stores do the work of one."""

import asyncio
from collections import Counter
from uuid import UUID

import pytest
from aiokafka.errors import KafkaTimeoutError
from support.fakes import FakeClock
from support.orchestration import bulk, started, updated
from support.orchestrator_world import World
from sync_contracts.jobs import JobRequested
from sync_contracts.runs import RunAccepted, RunFinished
from sync_orchestrator.loops import leading
from sync_orchestrator.use_cases import Stores, UseCases


async def test_a_run_handled_by_two_at_once_is_released_once_and_ends_once(stores: Stores) -> None:
    world = World(stores=stores)
    both = [world.cases, world.another()]
    request = bulk(clients=20)

    await asyncio.gather(*(cases.accept.bulk(request) for cases in both))
    await asyncio.gather(*(leading(cases.leadership, cases.release)() for cases in both))
    await asyncio.gather(*(read_all(cases, stores, world.requested) for cases in both))
    await asyncio.gather(*(cases.settle() for cases in both))

    assert len({event.run_id for event in world.publish.of(RunAccepted)}) == 1
    attempts = Counter((due.job_id, due.attempt) for message in world.requested for due in message.jobs)
    assert len(attempts) == 20
    assert set(attempts.values()) == {1}
    assert world.publish.of(RunFinished) == [world.finished]
    assert world.finished.counts.written == 20


async def test_even_without_a_leader_no_job_is_released_twice(stores: Stores) -> None:
    world = World(stores=stores)
    both = [world.cases, world.another()]
    await world.cases.accept.bulk(bulk(clients=20))

    await asyncio.gather(*(cases.release() for cases in both))

    released = Counter(due.job_id for message in world.requested for due in message.jobs)
    assert len(released) == 20
    assert set(released.values()) == {1}


async def test_what_a_leader_claimed_and_never_sent_is_sent_by_the_next_one(stores: Stores) -> None:
    world = World(stores=stores, clock=FakeClock())
    first, second = world.cases, world.another()
    await first.accept.bulk(bulk(clients=3))
    world.publish.fail_with = KafkaTimeoutError()
    with pytest.raises(KafkaTimeoutError):
        await leading(first.leadership, first.release)()
    [unsent] = {job.job_id for job in await world.jobs()} - told(world)

    world.clock.forward(seconds=11)
    await second.leadership.is_mine()
    for _ in range(3):
        world.clock.forward(seconds=5)
        await leading(second.leadership, second.watch)()

    assert unsent in told(world)
    assert [message.jobs[0].attempt for message in world.requested] == [1] * 5


def told(world: World) -> set[UUID]:
    return {due.job_id for message in world.requested for due in message.jobs}


async def test_one_leads_until_it_stops_renewing(stores: Stores) -> None:
    clock = FakeClock()
    world = World(stores=stores, clock=clock)
    first, second = world.cases.leadership, world.another().leadership

    at_first = [await first.is_mine(), await second.is_mine()]
    clock.forward(seconds=11)
    after_silence = [await second.is_mine(), await first.is_mine()]
    await second.give_up()
    after_a_clean_stop = await first.is_mine()

    assert at_first == [True, False]
    assert after_silence == [True, False]
    assert after_a_clean_stop


async def read_all(cases: UseCases, stores: Stores, messages: list[JobRequested]) -> None:
    for message in messages:
        await cases.track.started(started(message))
        for due in message.jobs:
            job = await stores.jobs.get(due.job_id)
            assert job is not None
            await cases.track.updated(updated(job, due.attempt))
