"""Plans take turns, the shortest first."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

import pytest
from support.orchestration import bulk, run_record
from support.orchestrator_stores import MemoryJobs, memory_stores
from support.orchestrator_world import World
from sync_contracts.month import Month
from sync_orchestrator.least_first import LeastFirst
from sync_orchestrator.plan_run import PlanRun
from sync_orchestrator.records import JobRecord, PlannedClient, RunRecord, RunState

LARGE, SMALL = 700, 12


class SlowJobs(MemoryJobs):
    """Takes what is inserted only when told, and remembers whose it was."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[UUID] = []
        self.may_go = asyncio.Semaphore(0)
        self.fails = False

    async def insert(self, jobs: Sequence[JobRecord]) -> None:
        self.asked.append(jobs[0].run_id)
        await self.may_go.acquire()
        if self.fails:
            raise ConnectionError
        await super().insert(jobs)


class Planner:
    """A world whose jobs are stored slowly, and what plans them."""

    def __init__(self) -> None:
        self.jobs = SlowJobs()
        self.world = World(stores=replace(memory_stores(), jobs=self.jobs))
        self.runs = self.world.stores.runs
        self.plan_run = PlanRun(runs=self.runs, jobs=self.jobs, touch=lambda _: None)

    async def planned(self, request_id: str, clients: int) -> RunRecord:
        plan = tuple(
            PlannedClient(client_id=f"client-{number}", months=(Month(2026, 4),)) for number in range(clients)
        )
        run = run_record(request_id=request_id, identity=request_id, plan=plan, clients=clients)
        return await self.runs.insert(run)

    async def state(self, run: RunRecord) -> RunState:
        return (await self.runs.states_of([run.run_id]))[run.run_id]

    @contextmanager
    def planning(self, *runs: RunRecord) -> Iterator[list[asyncio.Task[None]]]:
        tasks = [asyncio.ensure_future(self.plan_run(run)) for run in runs]
        yield tasks
        assert all(task.done() for task in tasks)

    async def let(self, inserts: int) -> None:
        """So many calls of the database end, one after the other."""
        for _ in range(inserts):
            self.jobs.may_go.release()
            await others()


async def others() -> None:
    """Go on until they wait for something."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_of_two_large_bulks_the_first_is_open_before_the_second_begins() -> None:
    planner = Planner()
    first, second = [await planner.planned(name, LARGE) for name in ("req-1", "req-2")]

    with planner.planning(first, second):
        await planner.let(3)
        states = [await planner.state(run) for run in (first, second)]
        await planner.let(3)

    assert states == [RunState.OPEN, RunState.PLANNING]
    assert planner.jobs.asked == [first.run_id] * 3 + [second.run_id] * 3
    for run in (first, second):
        assert await planner.state(run) is RunState.OPEN
        assert len(await planner.jobs.of_run(run.run_id)) == LARGE


async def test_a_small_plan_waits_for_one_call_of_a_large_one_and_no_more() -> None:
    planner = Planner()
    large, small = await planner.planned("req-1", LARGE), await planner.planned("req-2", SMALL)

    with planner.planning(large) as tasks:
        await planner.let(1)
        with planner.planning(small):
            await planner.let(2)
        assert await planner.state(large) is RunState.PLANNING
        await planner.let(1)
        assert tasks[0].done()

    assert planner.jobs.asked == [large.run_id] * 2 + [small.run_id] + [large.run_id]


async def test_a_plan_that_fails_or_is_given_up_does_not_stop_the_others() -> None:
    planner = Planner()
    failing, given_up, last = [await planner.planned(f"req-{number}", SMALL) for number in range(3)]

    with planner.planning(failing, given_up, last) as tasks:
        await asyncio.sleep(0)
        tasks[1].cancel()
        planner.jobs.fails = True
        await planner.let(1)
        with pytest.raises(ConnectionError):
            await tasks[0]
        planner.jobs.fails = False
        await planner.let(1)
        await asyncio.gather(*tasks, return_exceptions=True)

    assert planner.jobs.asked == [failing.run_id, last.run_id]
    assert await planner.state(last) is RunState.OPEN
    assert not any(planner.plan_run.has_in_hand(run.run_id) for run in (failing, given_up, last))


async def test_a_turn_that_comes_as_its_owner_is_given_up_goes_to_the_next() -> None:
    turns, came = LeastFirst(), []

    async def take(name: str) -> None:
        async with turns.turn(1):
            came.append(name)

    async with turns.turn(1):
        given_up, last = [asyncio.ensure_future(take(name)) for name in ("given up", "last")]
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    given_up.cancel()
    await asyncio.wait_for(last, timeout=10)

    assert given_up.cancelled()
    assert came == ["last"]


async def test_the_watch_leaves_a_plan_alone_that_waits_for_its_turn() -> None:
    planner = Planner()
    accepting = asyncio.ensure_future(planner.world.cases.accept.bulk(bulk()))
    await others()

    planner.world.clock.forward(seconds=3600)
    await planner.world.cases.watch()
    await planner.let(1)
    await accepting

    assert len(planner.jobs.asked) == 1
    assert (await planner.world.run()).state is RunState.OPEN
