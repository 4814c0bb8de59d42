"""What workers and the writer say about an attempt, and what becomes of its job: pure functions.

Facts come in any order, any number of times; (attempt, rank) orders them, and an ended job never opens again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.runs import JobEnding

from sync_orchestrator.records import ConnectionRef, JobRecord, JobState, Rank

LONGEST_WAIT = timedelta(hours=48)
_SECOND_SILENCE_S, _LONGEST_SILENCE_S = 60.0, 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A worker reads it and will have ended within `budget_s`."""

    rank: ClassVar[Rank] = Rank.STARTED
    attempt: int
    budget_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Not before `retry_at`; `site_down_until` when its site is down for everybody."""

    rank: ClassVar[Rank] = Rank.WAITING
    attempt: int
    reason: WaitReason
    retry_at: datetime
    site_down_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAgain:
    """The result was read with credentials that have been replaced meanwhile."""

    rank: ClassVar[Rank] = Rank.READ_AGAIN
    attempt: int
    connection: ConnectionRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The attempt ended for good; `rank` is that of its source."""

    attempt: int
    rank: Rank
    ending: JobEnding
    code: ProblemCode | None = None


Fact = Started | Waiting | ReadAgain | Ended


@dataclass(frozen=True, slots=True, kw_only=True)
class OutagePatience:
    """A provider that is down is asked again after growing gaps, and given up after `attempts` waits."""

    attempts: int = 8
    first_s: float = 30.0
    longest_s: float = 1800.0

    def gap(self, outages: int) -> timedelta:
        """The least time before the next try, after so many waits."""
        return timedelta(seconds=min(self.longest_s, self.first_s * 2.0 ** (outages - 1)))


def failed(attempt: int, code: ProblemCode) -> Ended:
    """The end a worker's failure means; a deleted connection is nobody's failure."""
    gone = code is ProblemCode.CONNECTION_DELETED
    ending = JobEnding.CANCELLED if gone else JobEnding.FAILED
    return Ended(attempt=attempt, rank=Rank.FAILED, ending=ending, code=code)


def applied(job: JobRecord, fact: Fact, *, now: datetime, patience: OutagePatience) -> JobRecord | None:
    """The job after the fact; None when the fact is old news."""
    if (fact.attempt, fact.rank) <= (job.attempt, job.rank):
        return None
    if job.sealed or (not job.is_open and fact.rank <= Rank.FAILED):
        return None
    job = job.model_copy(update={"attempt": fact.attempt, "rank": fact.rank})
    match fact:
        case Started():
            return _changed(
                job,
                state=JobState.STARTED,
                reason=None,
                heard_at=now,
                started_at=job.started_at or now,
                budget_s=fact.budget_s,
            )
        case Waiting():
            return _waiting(job, fact, now, patience)
        case ReadAgain():
            return _queued(job, WaitReason.QUEUED, now, connection=fact.connection)
        case Ended():
            return ended(job, fact.ending, fact.code)


def released(job: JobRecord, *, now: datetime, traceparent: str | None) -> JobRecord | None:
    """The job with its next attempt under way; None when it is not due."""
    if job.state is not JobState.QUEUED or job.due_at > now:
        return None
    return _changed(
        job,
        state=JobState.RELEASED,
        attempt=job.attempt + 1,
        rank=Rank.RELEASED,
        reason=WaitReason.QUEUED,
        released_at=now,
        traceparent=job.traceparent or traceparent,
    )


def requeued(job: JobRecord, *, now: datetime) -> JobRecord:
    """Silent for too long: due again; late facts of this attempt still count until it is released.

    At once for the first time, for its worker may have died. Then whoever takes results may be away, and
    reading again and again would only use up the accounting system's limits: the gaps grow.
    """
    if job.silences == 0:
        return _queued(job, WaitReason.QUEUED, now, silences=1)
    gap_s = min(_LONGEST_SILENCE_S, _SECOND_SILENCE_S * 2.0 ** (job.silences - 1))
    return _queued(job, WaitReason.SERVICE_DOWN, now + timedelta(seconds=gap_s), silences=job.silences + 1)


def ended(job: JobRecord, ending: JobEnding, code: ProblemCode | None = None) -> JobRecord:
    """The job's end; our own decision ranks like a failure: a result of the same attempt still beats it."""
    rank = max(job.rank, Rank.FAILED)
    return _changed(job, state=JobState.ENDED, rank=rank, ending=ending, code=code, reason=None)


def _waiting(job: JobRecord, fact: Waiting, now: datetime, patience: OutagePatience) -> JobRecord:
    retry_at = min(max(fact.retry_at, now), now + LONGEST_WAIT)
    if fact.reason is not WaitReason.PROVIDER_DOWN:
        return _queued(job, fact.reason, retry_at)
    if fact.site_down_until is not None:
        return _queued(job, fact.reason, max(fact.site_down_until, now))
    outages = job.outages + 1
    if outages >= patience.attempts:
        return ended(job, JobEnding.FAILED, ProblemCode.PROVIDER_DOWN)
    return _queued(job, fact.reason, max(retry_at, now + patience.gap(outages)), outages=outages)


def _queued(job: JobRecord, reason: WaitReason, due_at: datetime, **changes: Any) -> JobRecord:
    return _changed(job, state=JobState.QUEUED, reason=reason, due_at=due_at, **changes)


def _changed(job: JobRecord, **changes: Any) -> JobRecord:
    return job.model_copy(update=changes)
