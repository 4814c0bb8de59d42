"""The message that each job of a reading ends with."""

from datetime import datetime, timedelta

from connectors.protocol import MonthWait
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.event import Event, Meta
from sync_contracts.ids import attempt_event_id
from sync_contracts.jobs import DueJob, JobCounted, JobFailed, JobRequested, JobStarted, JobWaiting

from connector_workers.read_connection import Counted, MonthRead

_LONGEST_PAUSE_S = 900.0

Ending = JobCounted | JobWaiting | JobFailed


def started(request: JobRequested, *, worker: str, budget_s: float) -> JobStarted:
    """A worker has begun with the months of the request."""
    return JobStarted(
        **request.model_dump(exclude={"meta"}),
        meta=_meta(request, request.jobs[0], JobStarted, "started"),
        worker=worker,
        budget_s=budget_s,
    )


def ending(
    request: JobRequested, due: DueJob, read: MonthRead, *, version: str, now: datetime, pause_s: float
) -> Ending:
    """A provider's fault is a wait, longer with each attempt; who counts attempts decides when to give up."""
    if isinstance(read, Counted):
        return _counted(request, due, read, version)
    pause = timedelta(seconds=min(_LONGEST_PAUSE_S, pause_s * 2 ** min(due.attempt - 1, 10)))
    if isinstance(read, MonthWait):
        is_fault = read.reason is WaitReason.PROVIDER_DOWN
        retry_at = max(read.retry_at, now + pause) if is_fault else read.retry_at
        return _waiting(request, due, read.reason, retry_at, read.budget_key or None)
    if read.code is ProblemCode.PROVIDER_DOWN:
        return _waiting(request, due, WaitReason.PROVIDER_DOWN, now + pause, None)
    return JobFailed(
        meta=_meta(request, due, JobFailed, "failed"),
        job=request.job(due),
        attempt=due.attempt,
        code=read.code,
        detail=read.detail[:500] or None,
    )


def _counted(request: JobRequested, due: DueJob, read: Counted, version: str) -> JobCounted:
    counts, reading = read.counts, read.reading
    return JobCounted(
        meta=_meta(request, due, JobCounted, "counted"),
        job=request.job(due),
        attempt=due.attempt,
        connection_id=request.connection_id,
        generation=request.generation,
        read_at=reading.read_at,
        values=counts.values,
        notes=counts.notes,
        books=reading.books,
        connector=request.provider,
        connector_version=version,
        calls=reading.calls,
        record_count=counts.record_count,
        fingerprint=counts.fingerprint,
    )


def _waiting(
    request: JobRequested, due: DueJob, reason: WaitReason, retry_at: datetime, budget_key: str | None
) -> JobWaiting:
    return JobWaiting(
        meta=_meta(request, due, JobWaiting, "waiting"),
        job=request.job(due),
        attempt=due.attempt,
        reason=reason,
        retry_at=retry_at,
        budget_key=budget_key,
    )


def _meta(request: JobRequested, due: DueJob, event: type[Event], kind: str) -> Meta:
    return request.meta.follow(event, event_id=attempt_event_id(due.job_id, due.attempt, kind))
