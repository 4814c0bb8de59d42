"""What is asked while jobs move finds its answer by an index, however many jobs there are."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from support.orchestration import ASKED_AT, job_record
from support.query_plans import watched_database
from sync_contracts.runs import JobEnding
from sync_orchestrator.adapters.mongo_jobs import MongoJobs
from sync_orchestrator.records import JobRecord, JobState

pytestmark = pytest.mark.integration

RUN = uuid4()
ENDED = {"state": JobState.ENDED, "reason": None, "ending": JobEnding.WRITTEN}


def many_jobs() -> list[JobRecord]:
    """A run with jobs in each state, and jobs of others."""
    return [
        *(job_record(run_id=RUN, client_id=f"client-{number}") for number in range(5)),
        *(job_record(run_id=RUN, due_at=ASKED_AT + timedelta(hours=1)) for _ in range(5)),
        *(job_record(run_id=RUN, state=JobState.STARTED) for _ in range(3)),
        *(job_record(run_id=RUN, **ENDED) for _ in range(20)),
        *(job_record(company_id="company-2") for _ in range(20)),
        *(job_record(company_id="company-2", **ENDED) for _ in range(20)),
    ]


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda jobs: jobs.load(), id="load"),
        pytest.param(lambda jobs: jobs.outstanding(), id="outstanding"),
        pytest.param(lambda jobs: jobs.outstanding_runs(), id="outstanding runs"),
        pytest.param(lambda jobs: jobs.due(RUN, ASKED_AT, limit=100), id="due"),
        pytest.param(lambda jobs: jobs.of_run(RUN), id="of a run"),
        pytest.param(lambda jobs: jobs.of_client([RUN], "client-3", {JobState.QUEUED}), id="of a client"),
    ],
)
async def test_no_job_is_looked_at_that_is_not_asked_for(
    mongo_url: str, ask: Callable[[MongoJobs], Awaitable[object]]
) -> None:
    async with watched_database(mongo_url) as watched:
        jobs = MongoJobs(watched.database)
        await jobs.ensure_indexes()
        await jobs.insert(many_jobs())

        found = await ask(jobs)

        assert found
        efforts = await watched.efforts()
    assert efforts
    assert all(effort.examined == effort.returned for effort in efforts), efforts
