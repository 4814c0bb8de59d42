"""What is due is fetched seldom and offered in small numbers."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from support.orchestration import ASKED_AT, bulk
from support.orchestrator_stores import MemoryJobs
from support.orchestrator_world import World
from sync_orchestrator.backlog import Backlog
from sync_orchestrator.ports import DueJob
from sync_orchestrator.records import RunRecord


@dataclass
class AskedJobs(MemoryJobs):
    """Looking for due jobs takes its time."""

    takes_s: float = 0.0
    now_s: float = 0.0
    asked: int = 0

    async def due(
        self, run_id: UUID, now: datetime, *, limit: int, without: Collection[str] = ()
    ) -> list[DueJob]:
        self.asked += 1
        self.now_s += self.takes_s
        return await super().due(run_id, now, limit=limit, without=without)


async def run_of(clients: int) -> tuple[World, RunRecord]:
    world = World()
    await world.cases.accept.bulk(bulk(clients=clients))
    return world, await world.run()


def backlog_of(jobs: AskedJobs) -> Backlog:
    return Backlog(jobs, ask_again_s=1.0, monotonic_s=lambda: jobs.now_s)


async def test_what_is_taken_is_not_offered_again() -> None:
    world, run = await run_of(5)
    jobs = AskedJobs(world.stores.jobs.jobs)  # type: ignore[attr-defined]  # the store in memory
    backlog = backlog_of(jobs)

    first = await backlog.readings([run], ASKED_AT, set(), most=3)
    backlog.take(first)
    second = await backlog.readings([run], ASKED_AT, set(), most=3)

    clients = [reading.client for reading in [*first, *second]]
    assert (len(first), len(second)) == (3, 2)
    assert len(set(clients)) == 5
    assert jobs.asked == 1


async def test_a_run_has_something_at_hand_that_only_waits_for_its_turn() -> None:
    world, run = await run_of(2)
    backlog = backlog_of(AskedJobs(world.stores.jobs.jobs))  # type: ignore[attr-defined]  # the store in memory
    known_before = backlog.offers(run.run_id, set())

    [first, second] = await backlog.readings([run], ASKED_AT, set(), most=5)
    backlog.take([first])

    assert not known_before
    assert backlog.offers(run.run_id, {first.account_key})
    assert not backlog.offers(run.run_id, {second.account_key})
    backlog.take([second])
    assert not backlog.offers(run.run_id, set())


async def test_what_is_blocked_is_not_offered_and_asked_for_seldom_where_that_takes_long() -> None:
    world, run = await run_of(5)
    jobs = AskedJobs(world.stores.jobs.jobs, takes_s=1.0)  # type: ignore[attr-defined]  # the store in memory
    backlog = backlog_of(jobs)
    accounts = {job.keys[0] for job in await world.jobs()}

    open_to_all = await backlog.readings([run], ASKED_AT, set(accounts), most=3)
    while jobs.now_s < 100:
        assert not await backlog.readings([run], ASKED_AT, set(accounts), most=3)
        jobs.now_s += 0.25

    assert not open_to_all
    assert 5 < jobs.asked < 12
