"""Cancelling is acknowledged at once, and nothing starts afterwards."""

from uuid import uuid4

from support.orchestration import bulk, cancel, failed, started, updated, waiting
from support.orchestrator_world import World
from sync_contracts.codes import RefusalCode
from sync_contracts.event import Role
from sync_contracts.ids import run_id
from sync_contracts.runs import JobEnding, RunAccepted, RunCancelling, RunEnding
from sync_orchestrator.records import JobState, RunState


async def test_what_is_queued_is_cancelled_and_the_run_ends() -> None:
    world = World()
    await world.cases.accept.bulk(bulk())

    await world.cases.cancel(cancel(run=world.accepted.run_id))
    released = await world.cases.release()
    await world.cases.settle()

    [acknowledged] = world.publish.of(RunCancelling)
    assert (acknowledged.run_id, acknowledged.request_id) == (world.accepted.run_id, "cancel-1")
    assert released == 0
    assert (world.finished.ending, world.finished.counts.cancelled) == (RunEnding.CANCELLED, 3)


async def test_a_running_job_may_finish_and_counts_as_it_ended() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=2))
    await world.cases.release()
    first, second = await world.jobs()
    for message in world.requested:
        await world.cases.track.started(started(message))

    await world.cases.cancel(cancel(run=first.run_id))
    await world.cases.track.updated(updated(first))
    await world.cases.track.failed(failed(second))
    await world.cases.settle()

    counts = world.finished.counts
    assert world.finished.ending is RunEnding.CANCELLED
    assert (counts.written, counts.failed, counts.cancelled) == (1, 1, 0)


async def test_a_job_that_waits_after_the_cancelling_is_cancelled() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(clients=1))
    await world.cases.release()
    [job] = await world.jobs()
    await world.cases.cancel(cancel(run=job.run_id))

    await world.cases.track.waiting(waiting(job, world.clock.now()))
    await world.cases.settle()

    [ended] = await world.jobs()
    assert ended.ending is JobEnding.CANCELLED


async def test_what_workers_dropped_is_cancelled_after_a_grace() -> None:
    world = World()
    await world.cases.accept.bulk(bulk())
    await world.cases.release()
    await world.cases.cancel(cancel(run=world.accepted.run_id))

    world.clock.forward(seconds=9)
    await world.cases.watch()
    too_early = await world.jobs(JobState.RELEASED)
    world.clock.forward(seconds=2)
    await world.cases.watch()
    await world.cases.settle()

    assert len(too_early) == 3
    assert world.finished.counts.cancelled == 3


async def test_a_cancelling_run_is_not_joined() -> None:
    world = World()
    await world.cases.accept.bulk(bulk("req-1"))
    await world.cases.cancel(cancel(run=world.accepted.run_id))

    await world.cases.accept.bulk(bulk("req-2"))

    assert not world.accepted.joined
    assert world.accepted.run_id == run_id("company-1", "req-2")


async def test_a_cancel_that_overtakes_its_request_is_kept() -> None:
    world = World()

    await world.cases.cancel(cancel(target="req-1"))
    silent = list(world.publish.sent)
    await world.cases.accept.bulk(bulk())
    released = await world.cases.release()
    await world.cases.settle()

    assert silent == []
    assert [type(event) for event in world.publish.sent[:2]] == [RunAccepted, RunCancelling]
    assert released == 0
    assert world.finished.ending is RunEnding.CANCELLED


async def test_a_cancel_of_a_run_in_planning_waits_until_it_is_open() -> None:
    world = World()
    await world.cases.accept.bulk(bulk("other", clients=2))
    planned = (await world.run()).model_copy(
        update={"run_id": run_id("company-1", "req-1"), "state": RunState.PLANNING, "identity": "own"}
    )
    await world.stores.runs.insert(planned.model_copy(update={"request_id": "req-1"}))

    await world.cases.cancel(cancel(run=planned.run_id))
    unanswered = world.publish.of(RunCancelling)
    world.clock.forward(seconds=31)
    await world.cases.watch()

    assert unanswered == []
    assert [event.run_id for event in world.publish.of(RunCancelling)] == [planned.run_id]


async def test_a_cancel_whose_request_never_comes_is_answered_in_the_end() -> None:
    world = World()
    await world.cases.cancel(cancel(target="req-1"))

    world.clock.forward(seconds=601)
    await world.cases.watch()
    await world.cases.watch()

    assert [world.rejected.code] == [RefusalCode.RUN_NOT_FOUND]
    assert len(world.publish.sent) == 1


async def test_a_joined_run_is_cancelled_by_the_request_that_joined_it() -> None:
    world = World()
    await world.cases.accept.bulk(bulk("req-1"))
    await world.cases.accept.bulk(bulk("req-2"))

    await world.cases.cancel(cancel(target="req-2"))

    assert (await world.run(run_id("company-1", "req-1"))).state is RunState.CANCELLING


async def test_a_refused_request_has_no_run_to_cancel() -> None:
    world = World()
    await world.cases.accept.bulk(bulk(role=Role.MEMBER))

    await world.cases.cancel(cancel(target="req-1"))

    assert world.rejected.code is RefusalCode.RUN_NOT_FOUND


async def test_unknown_ended_and_others_runs_are_refused() -> None:
    world = World()
    await world.cases.accept.bulk(bulk())
    mine = world.accepted.run_id
    await world.all_written()

    codes = []
    for number, attempt in enumerate(
        [
            cancel("c-1", run=uuid4()),
            cancel("c-2", run=mine),
            cancel("c-3", run=mine, company_id="company-2"),
            cancel("c-4", run=mine, role=Role.MEMBER),
        ]
    ):
        await world.cases.cancel(attempt)
        codes.append(world.rejected.code)
        assert world.rejected.request_id == f"c-{number + 1}"

    assert codes == [
        RefusalCode.RUN_NOT_FOUND,
        RefusalCode.RUN_ALREADY_ENDED,
        RefusalCode.RUN_NOT_FOUND,
        RefusalCode.FORBIDDEN,
    ]


async def test_a_second_cancel_is_acknowledged_too() -> None:
    world = World()
    await world.cases.accept.bulk(bulk())

    for name in ("c-1", "c-2"):
        await world.cases.cancel(cancel(name, run=world.accepted.run_id))

    assert [event.request_id for event in world.publish.of(RunCancelling)] == ["c-1", "c-2"]
