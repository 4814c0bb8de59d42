"""The calendar: lost messages, silent workers, deadlines, and what a crash left."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

import pytest
from aiokafka.errors import KafkaTimeoutError
from support.orchestration import bulk, failed, reload, run_record, started, updated, waiting
from support.orchestrator_world import World
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.month import Month
from sync_contracts.runs import JobEnding, RunEnding, RunProgress
from sync_orchestrator.fairness import Credit
from sync_orchestrator.records import JobRecord, JobState, Pause, PlannedClient, RunState
from sync_orchestrator.use_cases import Rules


async def test_a_message_nobody_started_is_sent_again_under_the_same_attempt() -> None:
    world = World()
    await world.cases.accept.reload(reload())
    await world.cases.release()

    world.clock.forward(seconds=299)
    await world.cases.watch()
    early = len(world.requested)
    world.clock.forward(seconds=2)
    await world.cases.watch()
    await world.cases.watch()

    first, again = world.requested
    assert early == 1
    assert (again.meta.event_id, again.jobs) == (first.meta.event_id, first.jobs)


async def test_what_could_not_be_sent_is_sent_by_the_next_watch_and_then_no_more() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=2))
    world.publish.fail_with = KafkaTimeoutError()
    with pytest.raises(KafkaTimeoutError):
        await world.cases.release()
    sent = {due.job_id for message in world.requested for due in message.jobs}

    world.clock.forward(seconds=1)
    await world.cases.watch()
    again = {due.job_id: due.attempt for message in world.requested for due in message.jobs}
    heard = len(world.requested)
    world.clock.forward(seconds=5)
    await world.cases.watch()

    jobs = {job.job_id: 1 for job in await world.jobs()}
    assert sent < set(jobs)
    assert again == jobs
    assert len(world.requested) == heard


async def test_what_the_watch_could_not_send_is_sent_by_the_next_one() -> None:
    world = World()
    await world.cases.accept.reload(reload())
    await world.cases.release()
    world.clock.forward(seconds=301)
    world.publish.fail_with = KafkaTimeoutError()
    with pytest.raises(KafkaTimeoutError):
        await world.cases.watch()

    world.clock.forward(seconds=5)
    await world.cases.watch()

    assert len(world.requested) == 2


async def test_a_worker_silent_beyond_its_budget_means_a_new_attempt() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=1))
    await world.cases.release()
    await world.cases.track.started(started(world.requested[0], budget_s=130.0))

    world.clock.forward(seconds=161)
    await world.cases.watch()
    await world.cases.release()

    assert [message.jobs[0].attempt for message in world.requested] == [1, 2]


async def after_six_hours() -> tuple[World, JobRecord]:
    """A run whose time is over, and the one of its two jobs that nobody has answered for."""
    world = World()
    await world.cases.accept.bulk(bulk(clients=2))
    await world.cases.release()
    first, other = await world.jobs()
    await world.cases.track.updated(updated(first))
    world.clock.forward(hours=6, seconds=1)
    await world.cases.watch()
    return world, other


async def test_a_moving_run_expires_after_six_hours_and_always_ends() -> None:
    world, _ = await after_six_hours()

    await world.cases.settle()

    assert (world.finished.ending, world.finished.counts.failed) == (RunEnding.EXPIRED, 1)
    [line] = [line for line in world.finished.lines if line.code]
    assert line.code is ProblemCode.EXPIRED


async def test_a_result_that_comes_while_the_run_ends_does_not_part_receipt_and_jobs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, late = await after_six_hours()
    read = world.stores.jobs.of_run

    async def read_and_then_hear(run_id: UUID) -> list[JobRecord]:
        found = await read(run_id)
        await world.cases.track.updated(updated(late))
        return found

    monkeypatch.setattr(world.stores.jobs, "of_run", read_and_then_hear)
    await world.cases.settle()

    told = {line.client_id for line in world.finished.lines if line.code}
    assert told == {job.client_id for job in await world.jobs() if job.ending is JobEnding.FAILED}


async def test_the_deadline_stands_still_while_all_wait_for_a_daily_limit() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=1))
    await world.cases.release()
    [job] = await world.jobs()
    until = world.clock.now() + timedelta(hours=20)
    await world.cases.track.waiting(waiting(job, until, reason=WaitReason.DAILY_LIMIT))
    await world.cases.watch()

    world.clock.forward(hours=20)
    await world.cases.watch()
    await world.cases.release()
    await world.cases.watch()
    world.clock.forward(hours=5)
    await world.cases.watch()

    run = await world.run()
    assert run.state is RunState.OPEN
    assert run.deadline_at == run.accepted_at + timedelta(hours=26)


async def test_forty_eight_hours_are_the_most() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=1))
    await world.cases.release()
    [job] = await world.jobs()
    far = world.clock.now() + timedelta(hours=60)
    await world.cases.track.waiting(waiting(job, far, reason=WaitReason.DAILY_LIMIT))
    await world.cases.watch()

    world.clock.forward(hours=48)
    await world.cases.watch()
    await world.cases.settle()

    assert world.finished.ending is RunEnding.EXPIRED


async def test_jobs_behind_a_used_up_app_limit_stand_still_too() -> None:
    world = World()
    await world.cases.accept.bulk(bulk("req-1", clients=1))
    await world.cases.release()
    [job] = await world.jobs()
    until = world.clock.now() + timedelta(hours=10)
    limit = waiting(job, until, reason=WaitReason.DAILY_LIMIT, budget_key="xero/app")
    await world.cases.track.waiting(limit)
    await world.cases.accept.bulk(bulk("req-2"))
    await world.cases.watch()

    world.clock.forward(hours=9)
    await world.cases.watch()

    assert (await world.run()).state is RunState.OPEN


async def test_a_run_that_has_readings_at_hand_is_not_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its jobs may be ten thousand, and twelve such runs may wait for their turn."""
    world = World(rules=Rules(credit=Credit(slots=1, reserved=0), ask_again_s=0.0, longest_pass_s=60.0))
    await world.cases.accept.bulk(bulk("req-1", month="2026-04"))
    first = world.accepted.run_id
    await world.cases.accept.bulk(bulk("req-2", month="2026-05"))
    second = world.accepted.run_id
    await world.cases.release()
    looked_through: list[UUID] = []
    any_to_move = world.stores.jobs.any_to_move

    async def count(run_id: UUID, still_keys: Collection[str]) -> bool:
        looked_through.append(run_id)
        return await any_to_move(run_id, still_keys)

    monkeypatch.setattr(world.stores.jobs, "any_to_move", count)
    await world.cases.watch()
    waits = not await world.jobs(JobState.RELEASED, run_id=second)
    seen = looked_through.copy()
    until = world.clock.now() + timedelta(hours=1)
    for job in await world.jobs(run_id=second):
        pause = Pause(key=job.keys[0], reason=WaitReason.DAILY_LIMIT, until=until)
        await world.stores.pauses.put(pause)
    await world.cases.watch()

    assert waits
    assert (seen, looked_through) == ([], [second])
    assert (await world.run(first)).still_since is None
    assert (await world.run(second)).still_since == world.clock.now()


async def test_a_late_result_after_the_deadline_leaves_the_receipt_as_it_was() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=1))
    await world.cases.release()
    [job] = await world.jobs()
    world.clock.forward(hours=7)
    await world.cases.watch()
    await world.cases.settle()

    await world.cases.track.updated(updated(job))
    await world.cases.settle()

    assert world.finished.counts.failed == 1
    [late] = await world.jobs()
    assert late.ending is JobEnding.FAILED


async def test_an_old_planning_run_is_finished_by_whoever_finds_it() -> None:
    world = World()
    await world.cases.accept.bulk(bulk())
    done = await world.run()
    planned = run_record(
        request_id="req-9", plan=(PlannedClient(client_id="client-1", months=(Month(2026, 4),)),), clients=1
    )
    await world.stores.runs.insert(planned)

    await world.cases.watch()
    young = (await world.run(planned.run_id)).state
    world.clock.forward(seconds=31)
    await world.cases.watch()

    assert young is RunState.PLANNING
    assert (await world.run(planned.run_id)).state is RunState.OPEN
    assert len(await world.jobs(run_id=planned.run_id)) == 1
    assert done.state is RunState.OPEN


async def test_open_runs_are_looked_at_though_nothing_was_heard_of_them() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=1))
    await world.cases.release()
    [job] = await world.jobs()
    await world.cases.track.failed(failed(job))

    world.restart()
    await world.cases.settle()
    unheard = world.publish.sent[-1]
    await world.cases.watch()
    await world.cases.settle()

    assert unheard is world.requested[0]
    assert world.finished.ending is RunEnding.FAILED


async def test_progress_is_announced_while_something_changes_and_not_more_often_than_asked() -> None:
    world = World(rules=Rules(ask_again_s=0.0, progress_every_s=30.0))
    await world.cases.accept.bulk(bulk())
    await world.cases.settle()
    await world.cases.release()

    for job in (await world.jobs(JobState.RELEASED))[:2]:
        await world.cases.track.updated(updated(job))
        await world.cases.settle()

    [first] = world.publish.of(RunProgress)
    assert first.progress.waiting == {WaitReason.QUEUED: 3}
    assert not world.cases.settle.is_idle
