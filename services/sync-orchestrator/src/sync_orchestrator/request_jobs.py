"""`job.requested`: the released jobs of one connection of one run in one message."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from service_kit.clock import Clock
from service_kit.crash_points import reached
from service_kit.metrics import count
from service_kit.publishing import Publish
from sync_contracts.ids import run_event_id
from sync_contracts.jobs import DueJob, JobRequested

from sync_orchestrator.records import JobRecord, RunRecord


class RequestJobs:
    """Tells the workers, and remembers up to when it is in doubt whether they were told."""

    def __init__(self, publish: Publish, clock: Clock) -> None:
        self._publish = publish
        self._clock = clock
        self._in_doubt_until: datetime | None = None

    async def __call__(self, jobs: Iterable[JobRecord], runs: Mapping[UUID, RunRecord]) -> None:
        """Publish the released jobs; a message travels in the trace of its first job."""
        groups: dict[tuple[UUID, UUID, int], list[JobRecord]] = {}
        for job in jobs:
            if job.connection is not None:
                key = (job.run_id, job.connection.connection_id, job.connection.generation)
                groups.setdefault(key, []).append(job)
        messages = [requested(runs[key[0]], sorted(group, key=_month)) for key, group in groups.items()]
        sending = (self._publish(message, traceparent=message.jobs[0].traceparent) for message in messages)
        await asyncio.gather(*sending)
        reached("job_published")
        for message in messages:
            count("ledgerbus.jobs.released", len(message.jobs), provider=message.provider)

    @contextmanager
    def else_doubt(self) -> Iterator[None]:
        """Around claiming and sending: what fails between them leaves jobs that nobody has heard of."""
        try:
            yield
        except Exception:
            self.doubt()
            raise

    def doubt(self) -> None:
        """What was released before now was perhaps never sent: whoever released it is gone or has failed."""
        self._in_doubt_until = self._clock.now()

    def is_in_doubt(self, job: JobRecord) -> bool:
        """Sending it again does no harm: a worker that has begun an attempt drops its repetition."""
        until = self._in_doubt_until
        return until is not None and job.released_at is not None and job.released_at <= until


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
