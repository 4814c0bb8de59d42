"""Every job store keeps these promises: the one in memory and the one in MongoDB."""

import asyncio
from datetime import UTC, timedelta
from uuid import uuid4

import pytest
from support.orchestration import ASKED_AT, job_record
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.month import Month
from sync_contracts.runs import JobEnding
from sync_orchestrator.facts import ended, released
from sync_orchestrator.ports import DueJob
from sync_orchestrator.records import (
    ConnectionRef,
    JobRecord,
    JobState,
)
from sync_orchestrator.use_cases import Stores

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)


def release(job: JobRecord) -> JobRecord | None:
    return released(job, now=ASKED_AT, traceparent="00-a-b-01")


async def test_a_job_comes_back_as_it_was_and_a_second_insert_changes_nothing(stores: Stores) -> None:
    job = job_record(reason=WaitReason.DAILY_LIMIT, budget_s=130.0, started_at=ASKED_AT)
    other = job_record()

    await stores.jobs.insert([job])
    await stores.jobs.insert([job.model_copy(update={"client_id": "client-9"}), other])

    assert await stores.jobs.get(job.job_id) == job
    assert await stores.jobs.get(other.job_id) == other


async def test_changes_are_those_decided(stores: Stores) -> None:
    due, later = job_record(), job_record(due_at=ASKED_AT + MINUTE)
    await stores.jobs.insert([due, later])

    [changed] = await stores.jobs.change([due.job_id, later.job_id, uuid4()], release)

    stored = await stores.jobs.get(due.job_id)
    assert stored == changed
    assert (changed.state, changed.attempt, changed.revision) == (JobState.RELEASED, 1, 1)
    assert await stores.jobs.get(later.job_id) == later


async def test_sealing_leaves_what_has_a_result_and_makes_others_decide_anew(stores: Stores) -> None:
    written, failed = job_record(), job_record()
    failed = failed.model_copy(update={"run_id": written.run_id})
    await stores.jobs.insert(
        [ended(written, JobEnding.WRITTEN), ended(failed, JobEnding.FAILED, ProblemCode.EXPIRED)]
    )

    for _ in range(2):
        await stores.jobs.seal(written.run_id)

    jobs = {job.job_id: job for job in await stores.jobs.of_run(written.run_id)}
    assert (jobs[written.job_id].sealed, jobs[failed.job_id].sealed) == (False, True)
    assert jobs[failed.job_id].revision == 1


async def test_of_many_at_once_one_releases_each_job(stores: Stores) -> None:
    jobs = [job_record() for _ in range(20)]
    await stores.jobs.insert(jobs)
    ids = [job.job_id for job in jobs]

    taken = await asyncio.gather(*(stores.jobs.change(ids, release) for _ in range(5)))

    assert sorted(job.job_id for part in taken for job in part) == sorted(ids)


async def test_no_change_is_lost_between_many_at_once(stores: Stores) -> None:
    job = job_record()
    await stores.jobs.insert([job])

    def count_up(found: JobRecord) -> JobRecord:
        return found.model_copy(update={"outages": found.outages + 1})

    await asyncio.gather(*(stores.jobs.change([job.job_id], count_up) for _ in range(5)))

    stored = await stores.jobs.get(job.job_id)
    assert stored is not None
    assert stored.outages == 5


async def test_ending_all_leaves_other_states_and_runs_alone(stores: Stores) -> None:
    run_id = uuid4()
    queued, gone = job_record(run_id=run_id), job_record(run_id=run_id)
    elsewhere = job_record()
    await stores.jobs.insert([queued, gone, elsewhere])
    await stores.jobs.change([gone.job_id], release)

    how_many = await stores.jobs.end_all(run_id, {JobState.QUEUED}, JobEnding.FAILED, ProblemCode.EXPIRED)

    stored = await stores.jobs.get(queued.job_id)
    assert how_many == 1
    assert stored == ended(queued, JobEnding.FAILED, ProblemCode.EXPIRED).model_copy(update={"revision": 1})
    assert [job.job_id for job in await stores.jobs.outstanding()] == [gone.job_id]
    assert await stores.jobs.outstanding_runs() == {run_id}


async def test_due_jobs_are_queued_ones_whose_time_has_come(stores: Stores) -> None:
    run_id = uuid4()
    due, other_account = job_record(run_id=run_id), job_record(run_id=run_id, connection=ref("full"))
    rest = [
        job_record(run_id=run_id, due_at=ASKED_AT + SECOND),
        job_record(run_id=run_id, state=JobState.STARTED),
        job_record(),
    ]
    await stores.jobs.insert([due, other_account, *rest])

    found = await stores.jobs.due(run_id, ASKED_AT, limit=10)
    without = await stores.jobs.due(run_id, ASKED_AT, limit=10, without={"full"})
    one = await stores.jobs.due(run_id, ASKED_AT, limit=1)

    assert {job.job_id for job in found} == {due.job_id, other_account.job_id}
    assert without == [DueJob(due.job_id, due.client, "account-1", "xero/app")]
    assert len(one) == 1


@pytest.mark.parametrize(
    ("changes", "moving"),
    [
        ({"reason": WaitReason.DAILY_LIMIT}, False),
        ({"reason": WaitReason.PROVIDER_DOWN}, False),
        ({"reason": WaitReason.QUEUED, "connection": ConnectionRef(
            connection_id=uuid4(), generation=1, account_key="paused")}, False),
        ({"reason": WaitReason.QUEUED}, True),
        ({"reason": WaitReason.RATE_LIMITED}, True),
        ({"state": JobState.STARTED, "reason": None}, False),
        ({"state": JobState.ENDED, "reason": None, "ending": JobEnding.WRITTEN}, False),
    ],
)  # fmt: skip
async def test_a_run_moves_unless_all_its_queued_jobs_stand_still(
    stores: Stores, changes: dict[str, object], moving: bool
) -> None:
    job = job_record(**changes)
    still = job_record(run_id=job.run_id, reason=WaitReason.DAILY_LIMIT)
    await stores.jobs.insert([job, still])

    assert await stores.jobs.any_to_move(job.run_id, {"paused"}) is moving


async def test_the_tally_counts_every_job(stores: Stores) -> None:
    run_id = uuid4()
    written = {"state": JobState.ENDED, "reason": None, "ending": JobEnding.WRITTEN}
    await stores.jobs.insert(
        [
            *(job_record(run_id=run_id) for _ in range(3)),
            job_record(run_id=run_id, reason=WaitReason.DAILY_LIMIT, due_at=ASKED_AT + MINUTE),
            *(job_record(run_id=run_id, **written) for _ in range(2)),
            job_record(),
        ]
    )

    tally = await stores.jobs.tally(run_id, ASKED_AT)

    progress = tally.progress()
    assert (tally.open_jobs, progress.jobs, tally.counts.written) == (4, 6, 2)
    assert progress.waiting == {"queued": 3, "daily_limit": 1}
    assert progress.retry_at == (ASKED_AT + MINUTE).astimezone(UTC)


async def test_jobs_of_a_client_are_found_by_state(stores: Stores) -> None:
    run_id = uuid4()
    queued, begun = job_record(run_id=run_id), job_record(run_id=run_id, state=JobState.STARTED)
    others = [job_record(run_id=run_id, client_id="client-2"), job_record()]
    await stores.jobs.insert([queued, begun, *others])

    assert await stores.jobs.of_client([run_id], "client-1", {JobState.QUEUED}) == [queued.job_id]
    both = await stores.jobs.of_client([run_id], "client-1", {JobState.QUEUED, JobState.STARTED})
    assert set(both) == {queued.job_id, begun.job_id}


async def test_pages_of_a_run_go_by_client_and_month(stores: Stores) -> None:
    run_id = uuid4()
    jobs = [
        job_record(run_id=run_id, client_id=client, month=Month(2026, month))
        for client in ("b", "a")
        for month in (2, 1)
    ]
    await stores.jobs.insert([*jobs, job_record()])

    found = await stores.jobs.page(run_id, list(JobState), 1, 2)

    assert [(job.client_id, job.month.number) for job in found] == [("a", 2), ("b", 1)]
    assert len(await stores.jobs.of_run(run_id)) == 4


def ref(account_key: str) -> ConnectionRef:
    return ConnectionRef(connection_id=uuid4(), generation=1, account_key=account_key)
