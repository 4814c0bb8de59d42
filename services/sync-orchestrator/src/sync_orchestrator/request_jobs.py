"""`job.requested`: the released jobs of one connection of one run in one message."""

import asyncio
from collections.abc import Iterable, Mapping
from uuid import UUID

from service_kit.crash_points import reached
from service_kit.metrics import count
from service_kit.publishing import Publish
from sync_contracts.ids import run_event_id
from sync_contracts.jobs import DueJob, JobRequested

from sync_orchestrator.records import JobRecord, RunRecord


async def request_jobs(jobs: Iterable[JobRecord], runs: Mapping[UUID, RunRecord], publish: Publish) -> None:
    """Publish the released jobs; a message travels in the trace of its first job."""
    groups: dict[tuple[UUID, UUID, int], list[JobRecord]] = {}
    for job in jobs:
        if job.connection is not None:
            key = (job.run_id, job.connection.connection_id, job.connection.generation)
            groups.setdefault(key, []).append(job)
    messages = [requested(runs[key[0]], sorted(group, key=_month)) for key, group in groups.items()]
    await asyncio.gather(*(publish(message, traceparent=message.jobs[0].traceparent) for message in messages))
    reached("job_published")
    for message in messages:
        count("ledgerbus.jobs.released", len(message.jobs), provider=message.provider)


def requested(run: RunRecord, jobs: list[JobRecord]) -> JobRequested:
    """The message for these jobs of one connection; the same id for the same attempts."""
    connection = jobs[0].connection
    if connection is None:
        raise ValueError("a job without a connection is never released")
    attempts = ",".join(f"{job.job_id}/{job.attempt}" for job in jobs)
    return JobRequested(
        meta=run.meta.follow(JobRequested, event_id=run_event_id(run.run_id, f"requested/{attempts}")),
        run_id=run.run_id,
        client_id=jobs[0].client_id,
        provider=run.provider,
        connection_id=connection.connection_id,
        generation=connection.generation,
        account_key=connection.account_key,
        jobs=tuple(
            DueJob(job_id=job.job_id, month=job.month, attempt=job.attempt, traceparent=job.traceparent)
            for job in jobs
        ),
    )


def _month(job: JobRecord) -> str:
    return str(job.month)
