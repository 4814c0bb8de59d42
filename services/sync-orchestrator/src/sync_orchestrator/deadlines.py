"""When a run has lasted too long, and when a job has been silent too long: pure rules."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sync_contracts.codes import WaitReason

from sync_orchestrator.records import JobRecord, JobState, RunRecord

# While every open job waits for one of these the run's deadline stands still.
STILL_REASONS = frozenset({WaitReason.DAILY_LIMIT, WaitReason.PROVIDER_DOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """How long a job may stay without a sign of life."""

    released_s: float = 300.0
    started_grace_s: float = 30.0
    cancelled_s: float = 10.0

    def is_lost(self, job: JobRecord, now: datetime) -> bool:
        """Released, but never started: its message may be lost."""
        return job.state is JobState.RELEASED and _older(job.released_at, now, self.released_s)

    def is_dead(self, job: JobRecord, now: datetime) -> bool:
        """Started, but neither ended nor heard of for its budget and a grace."""
        patience_s = (job.budget_s or 0.0) + self.started_grace_s
        return job.state is JobState.STARTED and _older(job.heard_at, now, patience_s)

    def is_dropped(self, job: JobRecord, run: RunRecord, now: datetime) -> bool:
        """Released before the run's cancelling and not begun since: a worker has dropped it."""
        return job.state is JobState.RELEASED and _older(run.cancelling_at, now, self.cancelled_s)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The instant a run expires, which moves on by the time it stood still, up to the latest one."""

    at: datetime
    latest_at: datetime
    still_since: datetime | None = None

    @classmethod
    def of(cls, run: RunRecord) -> "Deadline":
        return cls(run.deadline_at, run.latest_at, run.still_since)

    def seen(self, now: datetime, *, still: bool) -> "Deadline":
        """The deadline after learning whether the run stands still."""
        if still:
            return Deadline(self.at, self.latest_at, self.still_since or now)
        if self.still_since is None:
            return self
        return Deadline(self.at + (now - self.still_since), self.latest_at)

    def left(self, now: datetime) -> timedelta:
        """How much longer the run may last, if it goes on as it does now."""
        return min(self.at - (self.still_since or now), self.latest_at - now)

    def has_passed(self, now: datetime) -> bool:
        return now >= self.latest_at or (self.still_since is None and now >= self.at)


def _older(instant: datetime | None, now: datetime, seconds: float) -> bool:
    return instant is not None and now - instant > timedelta(seconds=seconds)
