"""Large requests are planned one after the other; small ones pass them."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from support.orchestration import bulk, reload
from support.orchestrator_stores import MemoryJobs, memory_stores
from support.orchestrator_world import World
from sync_contracts.requests import SyncBulk
from sync_contracts.runs import RunAccepted
from sync_orchestrator.accept_run import SMALL_JOBS
from sync_orchestrator.least_first import LeastFirst
from sync_orchestrator.records import JobRecord, RunState


class SlowJobs(MemoryJobs):
    """Takes many jobs only when told."""

    def __init__(self) -> None:
        super().__init__()
        self.may_go = asyncio.Semaphore(0)
        self.calls = 0
        self.fail_with: Exception | None = None

    async def insert(self, jobs: Iterable[JobRecord]) -> None:
        self.calls += 1
        stored = list(jobs)
        if len(stored) > SMALL_JOBS:
            await self.may_go.acquire()
            if self.fail_with is not None:
                raise self.fail_with
        await super().insert(stored)


class SlowWorld(World):
    """A world whose database takes its time for many jobs."""

    def __init__(self) -> None:
        self.slow = SlowJobs()
        super().__init__(stores=replace(memory_stores(), jobs=self.slow))

    def ask(self, *requests: SyncBulk) -> list[asyncio.Task[None]]:
        """Requests that come together, each with a task of its own."""
        return [asyncio.ensure_future(self.cases.accept.bulk(request)) for request in requests]

    async def let_one_go(self) -> None:
        """One large plan is stored, and all go on until they wait for something."""
        self.slow.may_go.release()
        await others()

    @property
    def answered(self) -> list[str]:
        return [event.request_id for event in self.publish.of(RunAccepted)]


async def others() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


def large(request_id: str, clients: int = SMALL_JOBS + 1) -> SyncBulk:
    return bulk(request_id, company_id=f"company-of-{request_id}", clients=clients)


async def test_of_large_bulks_each_is_open_before_the_next_is_looked_up() -> None:
    world = SlowWorld()
    tasks = world.ask(large("req-1"), large("req-2"), large("req-3"))
    await others()

    looked_up, answered = [], []
    for _ in tasks:
        looked_up.append(world.credentials.calls)
        await world.let_one_go()
        answered.append(list(world.answered))
    await asyncio.gather(*tasks)

    assert looked_up == [1, 2, 3]
    assert answered == [["req-1"], ["req-1", "req-2"], ["req-1", "req-2", "req-3"]]


async def test_of_those_that_wait_the_smallest_is_next() -> None:
    world = SlowWorld()
    tasks = world.ask(large("req-1", 400), large("req-2", 500), large("req-3", 300))
    await others()

    for _ in tasks:
        await world.let_one_go()
    await asyncio.gather(*tasks)

    assert world.answered == ["req-1", "req-3", "req-2"]


async def test_a_small_request_waits_for_no_large_one() -> None:
    world = SlowWorld()
    tasks = world.ask(large("req-1"), large("req-2"))
    await others()

    await world.cases.accept.reload(reload("reload"))
    await world.cases.accept.bulk(bulk("req-small", clients=SMALL_JOBS))
    small = list(world.answered)
    for _ in tasks:
        await world.let_one_go()
    await asyncio.gather(*tasks)

    assert small == ["reload", "req-small"]


async def test_a_large_one_that_fails_lets_the_next_one_go() -> None:
    world = SlowWorld()
    failing, waiting = world.ask(large("req-1"), large("req-2"))
    await others()

    world.slow.fail_with = ConnectionError()
    await world.let_one_go()
    world.slow.fail_with = None
    await world.let_one_go()
    await waiting

    assert isinstance(failing.exception(), ConnectionError)
    assert world.answered == ["req-2"]


async def test_a_turn_that_comes_as_its_owner_is_given_up_goes_to_the_next() -> None:
    turns, came = LeastFirst(), []

    async def take(name: str) -> None:
        async with turns.turn(1):
            came.append(name)

    async with turns.turn(1):
        given_up, waiting, last = [asyncio.ensure_future(take(name)) for name in ("early", "late", "last")]
        await others()
        given_up.cancel()
        await others()
    waiting.cancel()
    await asyncio.wait_for(last, timeout=10)

    assert (given_up.cancelled(), waiting.cancelled()) == (True, True)
    assert came == ["last"]


async def test_the_watch_leaves_a_plan_alone_that_is_in_hand() -> None:
    world = SlowWorld()
    tasks = world.ask(large("req-1"))
    await others()

    world.clock.forward(seconds=3600)
    await world.cases.watch()
    await world.let_one_go()
    await asyncio.gather(*tasks)

    assert world.slow.calls == 1
    assert (await world.run()).state is RunState.OPEN
