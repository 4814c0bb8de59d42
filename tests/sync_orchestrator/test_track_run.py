"""What workers and the writer say moves jobs and ends runs."""

from datetime import timedelta

from support.orchestration import (
    bulk,
    failed,
    refused,
    reload,
    started,
    unchanged,
    updated,
    waiting,
)
from support.orchestrator_world import World
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.runs import JobEnding, RunEnding, RunFinished
from sync_orchestrator.records import JobRecord, JobState, RunState


async def one_released_job(world: World) -> JobRecord:
    await world.cases.accept.bulk(bulk(clients=1))
    await world.cases.release()
    [job] = await world.jobs()
    return job


async def test_a_started_reading_marks_all_its_jobs_as_running() -> None:
    world = World()
    await world.cases.accept.reload(reload())
    await world.cases.release()

    await world.cases.track.started(started(world.requested[0]))

    assert {job.state for job in await world.jobs()} == {JobState.STARTED}
    progress = (await world.cases.read.one("company-1", world.accepted.run_id)).progress
    assert (progress.running, progress.waiting) == (12, {})


async def test_a_result_that_overtakes_the_start_of_its_reading_stays() -> None:
    world = World()
    job = await one_released_job(world)

    await world.cases.track.updated(updated(job))
    await world.cases.track.started(started(world.requested[0]))

    [ended] = await world.jobs()
    assert ended.ending is JobEnding.WRITTEN


async def test_a_wait_tells_its_reason_and_time_and_is_released_again_then() -> None:
    world = World()
    job = await one_released_job(world)
    retry_at = world.clock.now() + timedelta(minutes=2)

    await world.cases.track.waiting(waiting(job, retry_at))
    progress = (await world.cases.read.one("company-1", job.run_id)).progress
    early = await world.cases.release()
    world.clock.forward(minutes=2)
    due = await world.cases.release()

    assert (progress.waiting, progress.retry_at) == ({WaitReason.RATE_LIMITED: 1}, retry_at)
    assert (early, due) == (0, 1)
    assert [message.jobs[0].attempt for message in world.requested] == [1, 2]


async def test_facts_of_an_older_attempt_change_nothing() -> None:
    world = World()
    job = await one_released_job(world)
    await world.cases.track.waiting(waiting(job, world.clock.now()))
    await world.cases.release()

    await world.cases.track.failed(failed(job, attempt=1))
    await world.cases.track.updated(updated(job, attempt=1))

    [now] = await world.jobs()
    assert (now.state, now.attempt) == (JobState.RELEASED, 2)


async def test_facts_of_an_ended_run_change_nothing() -> None:
    world = World()
    job = await one_released_job(world)
    await world.cases.track.failed(failed(job))
    await world.cases.settle()

    await world.cases.track.updated(updated(job))
    await world.cases.settle()

    [still] = await world.jobs()
    assert still.ending is JobEnding.FAILED
    assert world.finished.counts.failed == 1


async def test_a_summary_beats_a_failure_of_the_same_attempt_while_the_run_is_open() -> None:
    world = World()
    job = await one_released_job(world)

    await world.cases.track.failed(failed(job, ProblemCode.INTERNAL))
    await world.cases.track.updated(updated(job))
    await world.cases.settle()

    assert (world.finished.ending, world.finished.counts.written) == (RunEnding.COMPLETED, 1)


async def test_every_message_delivered_twice_ends_the_run_once() -> None:
    world = World()
    await world.cases.accept.bulk(bulk())
    await world.cases.release()
    first, second, third = await world.jobs()

    for _ in range(2):
        for message in world.requested:
            await world.cases.track.started(started(message))
        await world.cases.track.updated(updated(first))
        await world.cases.track.unchanged(unchanged(second))
        await world.cases.track.failed(failed(third))
        await world.cases.settle()

    counts = world.finished.counts
    assert (counts.written, counts.unchanged, counts.failed) == (1, 1, 1)
    assert world.finished.ending is RunEnding.COMPLETED_WITH_PROBLEMS


async def test_a_refused_result_of_a_deleted_connection_cancels_the_job() -> None:
    world = World()
    job = await one_released_job(world)
    world.credentials.without = {"client-1"}

    await world.cases.track.refused(refused(job))

    [ended] = await world.jobs()
    assert (ended.ending, ended.code) == (JobEnding.CANCELLED, ProblemCode.CONNECTION_DELETED)


async def test_a_refused_result_of_a_replaced_connection_is_read_again() -> None:
    world = World()
    job = await one_released_job(world)
    world.credentials.generation = 2

    await world.cases.track.refused(refused(job))
    await world.cases.release()

    assert [(message.generation, message.jobs[0].attempt) for message in world.requested] == [(1, 1), (2, 2)]


async def test_a_result_from_the_future_fails_with_its_code() -> None:
    world = World()
    job = await one_released_job(world)

    await world.cases.track.refused(refused(job, ProblemCode.CLOCK_SKEW))

    [ended] = await world.jobs()
    assert (ended.ending, ended.code) == (JobEnding.FAILED, ProblemCode.CLOCK_SKEW)


async def test_facts_of_an_unknown_run_are_ignored() -> None:
    world = World()
    stranger = await one_released_job(World())

    await world.cases.track.updated(updated(stranger))

    assert await world.stores.jobs.get(stranger.job_id) is None


async def test_the_announcement_tells_who_asked_what_and_how_it_ended() -> None:
    world = World()
    request = bulk(clients=250)
    world.credentials.without = {"client-7"}
    await world.cases.accept.bulk(request)
    await world.all_written()

    finished = world.finished

    assert (finished.requested_by, finished.requested_at) == (request.meta.actor, request.meta.occurred_at)
    assert finished.meta.causation_id == request.meta.event_id
    assert (finished.clients, finished.lines_total, len(finished.lines)) == (250, 250, 200)
    assert (finished.counts.written, finished.counts.skipped) == (249, 1)
    assert finished.lines[0].code is ProblemCode.NO_CREDENTIALS
    assert str(finished.lines_url) == f"http://127.0.0.1:8101/v1/runs/{finished.run_id}/lines"


async def test_a_run_whose_clients_are_all_without_credentials_ends_at_once() -> None:
    world = World()
    world.credentials.without = {"client-1", "client-2"}

    await world.cases.accept.bulk(bulk(clients=2))
    await world.cases.settle()

    assert world.finished.ending is RunEnding.COMPLETED_WITH_PROBLEMS
    assert (await world.run()).state is RunState.ENDED


async def test_the_end_is_announced_in_the_runs_own_trace() -> None:
    world = World()
    await world.cases.accept.bulk(bulk())
    await world.all_written()

    place = world.publish.sent.index(world.publish.of(RunFinished)[0])
    assert world.publish.traces[place] == (await world.run()).traceparent
