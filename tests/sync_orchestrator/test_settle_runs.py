"""When a run's jobs are counted: large runs are slow to count, and there may be many of them."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

import pytest
from support.fakes import FakeClock, RecordingPublisher
from support.orchestration import ASKED_AT, PUBLIC_URL, bulk, failed
from support.orchestrator_stores import MemoryJobs, memory_stores
from support.orchestrator_world import World
from sync_contracts.runs import RunEnding, RunFinished, RunProgress
from sync_orchestrator.end_run import EndRun
from sync_orchestrator.holds import FindHolds
from sync_orchestrator.progress import TellProgress
from sync_orchestrator.receipts import Tally
from sync_orchestrator.records import JobState
from sync_orchestrator.settle_runs import SettleRuns
from sync_orchestrator.use_cases import Stores


@dataclass
class SlowJobs(MemoryJobs):
    """Counting a run takes a second."""

    now_s: float = 0.0
    counted: Counter[UUID] = field(default_factory=Counter)

    async def tally(self, run_id: UUID, now: datetime) -> Tally:
        self.now_s += 1.0
        self.counted[run_id] += 1
        return await super().tally(run_id, now)


@dataclass
class Given:
    """Runs whose changes reach only the settling that is tested."""

    jobs: SlowJobs = field(default_factory=SlowJobs)
    publish: RecordingPublisher = field(default_factory=RecordingPublisher)

    def __post_init__(self) -> None:
        self.stores: Stores = replace(memory_stores(), jobs=self.jobs)
        self.world = World(stores=self.stores)
        runs, clock = self.stores.runs, FakeClock(ASKED_AT)
        holds = FindHolds(pauses=self.stores.pauses, breakers=self.stores.breakers)
        self.settle = SettleRuns(
            runs=runs,
            jobs=self.jobs,
            end_run=EndRun(
                runs=runs, jobs=self.jobs, publish=self.publish, clock=clock, public_url=PUBLIC_URL
            ),
            tell_progress=TellProgress(jobs=self.jobs, find_holds=holds, clock=clock),
            publish=self.publish,
            clock=clock,
            progress_every_s=1.0,
            monotonic_s=lambda: self.jobs.now_s,
        )

    async def run(self, name: str = "req-1", *, released: bool) -> UUID:
        await self.world.cases.accept.bulk(bulk(name))
        if released:
            await self.world.cases.release()
        self.jobs.counted.clear()
        return self.world.accepted.run_id

    async def fail(self, run_id: UUID) -> None:
        for job in await self.world.jobs(JobState.RELEASED, run_id=run_id):
            await self.world.cases.track.failed(failed(job))
        self.settle.touch(run_id)


@pytest.mark.parametrize("released", [True, False])
async def test_news_of_a_run_that_was_just_counted_wait_for_their_time(released: bool) -> None:
    given = Given()
    run_id = await given.run(released=released)
    given.settle.touch(run_id)
    await given.settle()

    for _ in range(18):
        given.settle.look_at(run_id)
        await given.settle()
        given.jobs.now_s += 1.0

    assert given.jobs.counted[run_id] == 1
    given.jobs.now_s += 3.0
    await given.settle()
    assert given.jobs.counted[run_id] == 2
    assert len(given.publish.of(RunProgress)) == 1  # of the second none yet: the clock stands


async def test_many_runs_share_the_time_for_counting() -> None:
    given = Given()
    runs = [await given.run(f"req-{number}", released=True) for number in range(5)]

    for _ in range(1_000):
        for run_id in runs:
            given.settle.touch(run_id)
        await given.settle()
        given.jobs.now_s += 0.5

    counting_s = given.jobs.counted.total() * 1.0
    assert counting_s / given.jobs.now_s < 0.06
    assert min(given.jobs.counted.values()) > 1


async def test_a_run_ends_at_once_though_it_was_just_counted() -> None:
    given = Given()
    run_id = await given.run(released=True)
    given.settle.touch(run_id)
    await given.settle()

    await given.fail(run_id)
    await given.settle()

    [finished] = given.publish.of(RunFinished)
    assert finished.ending is RunEnding.FAILED
    assert given.settle.is_idle


async def test_what_was_counted_stands_for_whoever_asks_until_it_is_counted_anew() -> None:
    given = Given()
    run_id = await given.run(released=True)
    given.settle.touch(run_id)

    await given.settle()
    counted = given.settle.counted(run_id)
    given.jobs.now_s += 60.0
    await given.settle()

    assert counted is not None
    assert counted.jobs == 3
    assert given.settle.counted(run_id) is None
