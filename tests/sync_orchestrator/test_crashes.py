"""Whatever step is the last before a crash, a restart brings the run to the same end."""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from support.crashing import CrashError, fused_world, has_crashed
from support.orchestration import bulk, cancel, failed, retry, started, updated, waiting
from support.orchestrator_world import World
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.ids import run_id
from sync_contracts.jobs import DueJob, JobRequested
from sync_contracts.requests import SyncBulk, SyncCancel, SyncRequest, SyncRetry
from sync_contracts.runs import RunAccepted, RunEnding, RunFinished
from sync_orchestrator.accept_run import Lifetime
from sync_orchestrator.breakers import BreakerRules
from sync_orchestrator.records import JobRecord, RunState
from sync_orchestrator.use_cases import Rules

Answer = Callable[[World, JobRequested], Awaitable[None]]
QUICK = Rules(
    ask_again_s=0.0,
    progress_every_s=0.0,
    longest_pass_s=60.0,
    breakers=BreakerRules(accounts=2),
    lifetime=Lifetime(deadline_s=3600.0),
)

# A moment in which the machine stands still would be taken for slow counting, and the run left alone.
pytestmark = pytest.mark.usefixtures("counting_costs_nothing")
SHORT = replace(QUICK, lifetime=Lifetime(deadline_s=600.0))


async def until_ended(world: World, *requests: SyncRequest, answer: Answer) -> None:
    """Kafka delivers again what was not finished; workers hear every request."""
    heard = 0
    for _ in range(40):
        try:
            for request in requests:
                await handle(world, request)
            if await world.cases.leadership.is_mine():
                await world.cases.watch()
                await world.cases.release()
            while heard < len(world.requested):
                await answer(world, world.requested[heard])
                heard += 1
            await world.cases.settle()
        except CrashError:
            world.restart()
        world.clock.forward(minutes=6)
        wanted = 1 + any(isinstance(request, SyncRetry) for request in requests)
        if await all_ended(world, wanted) and not await world.stores.runs.unannounced(world.clock.now()):
            return
    raise AssertionError("the run did not end")


async def handle(world: World, request: SyncRequest) -> None:
    match request:
        case SyncBulk():
            await world.cases.accept.bulk(request)
        case SyncCancel():
            await world.cases.cancel(request)
        case SyncRetry() if await has_ended(world, request.run_id):
            await world.cases.accept.retry(request)


async def all_ended(world: World, wanted: int) -> bool:
    accepted = {event.run_id for event in world.publish.of(RunAccepted)}
    runs = [await world.stores.runs.get(each) for each in accepted]
    return len(runs) >= wanted and all(run is not None and run.state is RunState.ENDED for run in runs)


async def has_ended(world: World, run: UUID) -> bool:
    found = await world.stores.runs.get(run)
    return found is not None and found.state is RunState.ENDED


async def job_of(world: World, due: DueJob) -> JobRecord:
    job = await world.stores.jobs.get(due.job_id)
    assert job is not None
    return job


async def well(world: World, message: JobRequested) -> None:
    """Read and written."""
    await world.cases.track.started(started(message))
    for due in message.jobs:
        await world.cases.track.updated(updated(await job_of(world, due), due.attempt))


async def limited(world: World, message: JobRequested) -> None:
    """The first time the limit of the whole app is used up."""
    await waits(world, message, WaitReason.RATE_LIMITED, "xero/app")


async def down(world: World, message: JobRequested) -> None:
    """The first time nobody gets an answer."""
    await waits(world, message, WaitReason.PROVIDER_DOWN, None)


async def waits(world: World, message: JobRequested, reason: WaitReason, key: str | None) -> None:
    if message.jobs[0].attempt > 1:
        await well(world, message)
        return
    for due in message.jobs:
        retry_at = world.clock.now() + timedelta(minutes=1)
        wait = waiting(await job_of(world, due), retry_at, reason=reason, budget_key=key, attempt=due.attempt)
        await world.cases.track.waiting(wait)


async def silent(world: World, message: JobRequested) -> None:
    """The worker of the first attempt dies after its start."""
    if message.jobs[0].attempt > 1:
        await well(world, message)
        return
    await world.cases.track.started(started(message))


async def lost(world: World, message: JobRequested) -> None:
    """What is sent first never arrives."""
    sent = Counter((due.job_id, due.attempt) for each in world.requested for due in each.jobs)
    if all(sent[due.job_id, due.attempt] > 1 for due in message.jobs):
        await well(world, message)


async def dead(_world: World, _message: JobRequested) -> None:
    """There are no workers."""


async def failing(world: World, message: JobRequested) -> None:
    """The first run's jobs fail."""
    if message.run_id != FIRST:
        await well(world, message)
        return
    for due in message.jobs:
        job = await job_of(world, due)
        await world.cases.track.failed(failed(job, ProblemCode.UNREADABLE_ANSWER, due.attempt))


FIRST, RETRY = run_id("company-1", "req-1"), run_id("company-1", "retry-1")


@pytest.mark.parametrize(
    ("answer", "more", "ending"),
    [
        (well, (), RunEnding.COMPLETED),
        (well, (cancel(target="req-1"),), RunEnding.CANCELLED),
        (limited, (), RunEnding.COMPLETED),
        (down, (), RunEnding.COMPLETED),
        (silent, (), RunEnding.COMPLETED),
        (lost, (), RunEnding.COMPLETED),
        (dead, (), RunEnding.EXPIRED),
        (failing, (retry(FIRST),), RunEnding.COMPLETED),
    ],
    ids=["well", "cancelled", "limited", "down", "silent", "lost", "expired", "retried"],
)
async def test_a_crash_after_any_step_is_healed_by_a_restart(
    answer: Answer, more: tuple[SyncRequest, ...], ending: RunEnding
) -> None:
    steps = 1
    while True:
        world = fused_world(steps, SHORT if answer is dead else QUICK)

        await until_ended(world, bulk(clients=2), *more, answer=answer)

        receipts = {event.model_dump_json() for event in world.publish.of(RunFinished)}
        told = {event.run_id: event for event in world.publish.of(RunFinished)}
        assert len(receipts) == len(told)
        last = told[RETRY if answer is failing else FIRST]
        assert (last.ending, last.counts.total) == (ending, 2)
        if not has_crashed(world):
            break
        steps += 1
    assert steps > 10
