"""Each job is counted once when it ends, whatever ends it."""

import pytest
from support.measured import measuring
from support.orchestration import ASKED_AT, job_record
from support.orchestrator_database import stores_in
from sync_contracts.codes import ProblemCode
from sync_contracts.runs import JobEnding
from sync_orchestrator.facts import ended, released
from sync_orchestrator.records import JobRecord, JobState, Rank

pytestmark = pytest.mark.integration


def failed(job: JobRecord) -> JobRecord:
    return ended(job, JobEnding.FAILED, ProblemCode.NO_PERMISSION)


def written(job: JobRecord) -> JobRecord:
    return ended(job, JobEnding.WRITTEN).model_copy(update={"rank": Rank.UPDATED, "code": None})


async def test_every_ending_is_counted_once(mongo_url: str) -> None:
    open_job, skipped = job_record(), ended(job_record(), JobEnding.SKIPPED, ProblemCode.NEEDS_AUTH)
    run = [job_record(run_id=open_job.run_id) for _ in range(3)]
    provider = open_job.provider.value

    async with stores_in(mongo_url) as stores:
        with measuring() as measured:
            for _ in range(2):  # as after a crash in between
                await stores.jobs.insert([skipped, open_job, *run])
            await stores.jobs.change(
                [open_job.job_id], lambda job: released(job, now=ASKED_AT, traceparent=None)
            )
            await stores.jobs.change([open_job.job_id], failed)
            await stores.jobs.change([open_job.job_id], written)  # a late result, of the same job
            for _ in range(2):
                await stores.jobs.end_all(
                    open_job.run_id, {JobState.QUEUED}, JobEnding.FAILED, ProblemCode.EXPIRED
                )

            assert measured.of("ledgerbus.jobs.ended") == {
                ("skipped", provider, "NEEDS_AUTH"): 1,
                ("failed", provider, "NO_PERMISSION"): 1,
                ("failed", provider, "EXPIRED"): 3,
            }
