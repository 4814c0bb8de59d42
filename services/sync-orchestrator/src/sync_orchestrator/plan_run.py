"""From a planning run, which holds everything needed, to an open one with its jobs."""

from collections.abc import Iterator
from uuid import UUID

from service_kit.crash_points import reached
from sync_contracts.codes import ProblemCode
from sync_contracts.connections import ConnectionHealth
from sync_contracts.ids import job_id
from sync_contracts.month import Month
from sync_contracts.runs import JobEnding

from sync_orchestrator.facts import ended
from sync_orchestrator.ports import JobStore, RunStore, Touch
from sync_orchestrator.records import JobRecord, PlannedClient, RunRecord, RunState


class PlanRun:
    """Finishes a planning run; any instance may, any number of times."""

    def __init__(self, *, runs: RunStore, jobs: JobStore, touch: Touch) -> None:
        self._runs = runs
        self._jobs = jobs
        self._touch = touch
        self._in_hand: set[UUID] = set()

    async def __call__(self, run: RunRecord) -> None:
        """Does nothing to a run that is open already."""
        if run.state is not RunState.PLANNING:
            return
        self._in_hand.add(run.run_id)
        try:
            await self._jobs.insert(jobs_of(run))
            reached("jobs_stored")
            await self._runs.open_run(run.run_id)
            reached("run_opened")
        finally:
            self._in_hand.discard(run.run_id)
        self._touch(run.run_id)

    def has_in_hand(self, run_id: UUID) -> bool:
        """This instance is at it."""
        return run_id in self._in_hand


def jobs_of(run: RunRecord) -> Iterator[JobRecord]:
    """One job per planned client and month; those that cannot be read are skipped without a call."""
    return (_job(run, client, month) for client in run.plan for month in client.months)


def _job(run: RunRecord, client: PlannedClient, month: Month) -> JobRecord:
    job = JobRecord(
        job_id=job_id(run.run_id, client.client_id, run.provider, month),
        run_id=run.run_id,
        company_id=run.company_id,
        client_id=client.client_id,
        provider=run.provider,
        month=month,
        due_at=run.accepted_at,
        connection=client.connection,
    )
    if client.connection is None:
        return ended(job, JobEnding.SKIPPED, ProblemCode.NO_CREDENTIALS)
    if client.health is ConnectionHealth.NEEDS_AUTH:
        return ended(job, JobEnding.SKIPPED, ProblemCode.NEEDS_AUTH)
    return job
