"""The words of this service: a month's summary, the reading that brings it, and what it replaces."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple, Self
from uuid import UUID

from sync_contracts.codes import ProblemCode
from sync_contracts.ids import PlatformId
from sync_contracts.jobs import JobCounted
from sync_contracts.metrics import Values
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.summaries import UnchangedReason


class SummaryKey(NamedTuple):
    """Which summary: there is one for each month of a client's books at a provider."""

    company_id: PlatformId
    client_id: PlatformId
    provider: Provider
    month: Month

    def __str__(self) -> str:
        return "/".join(map(str, self))


class Cause(NamedTuple):
    """The attempt of a job whose reading wrote something."""

    job_id: UUID
    attempt: int

    @classmethod
    def parse(cls, text: str) -> Self:
        job_id, attempt = text.split("/")
        return cls(UUID(job_id), int(attempt))

    def __str__(self) -> str:
        return f"{self.job_id}/{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What is stored of a month; `origin` brought its values, `cause` confirmed them last."""

    key: SummaryKey
    values: Values
    notes: tuple[str, ...]
    record_count: int
    fingerprint: str
    connector: str
    connector_version: str
    calls: int
    read_at: datetime
    run_id: UUID
    cause: Cause
    origin: Cause
    version: int = 1

    @property
    def age(self) -> tuple[datetime, Cause]:
        """Orders readings; the cause decides between two of the same instant."""
        return self.read_at, self.cause

    def equals(self, other: "Summary") -> bool:
        """Whether both say the same about the books."""
        return (self.values, self.notes, self.record_count, self.fingerprint) == (
            other.values,
            other.notes,
            other.record_count,
            other.fingerprint,
        )

    def confirmed_by(self, later: "Summary") -> "Summary":
        """The same values, known to hold at a later reading."""
        return replace(
            self,
            read_at=later.read_at,
            run_id=later.run_id,
            cause=later.cause,
            version=self.version + 1,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """A counted month on its way into the store."""

    summary: Summary
    connection_id: UUID
    generation: int

    @property
    def key(self) -> SummaryKey:
        return self.summary.key

    @property
    def cause(self) -> Cause:
        return self.summary.cause

    @classmethod
    def of(cls, message: JobCounted) -> Self:
        """The reading that a message brings; `read_at` to the millisecond, as MongoDB keeps it."""
        job, cause = message.job, Cause(message.job.job_id, message.attempt)
        read_at = message.read_at.replace(microsecond=message.read_at.microsecond // 1000 * 1000)
        summary = Summary(
            key=SummaryKey(message.meta.company_id, job.client_id, job.provider, job.month),
            values=message.values,
            notes=message.notes,
            record_count=message.record_count,
            fingerprint=message.fingerprint,
            connector=message.connector,
            connector_version=message.connector_version,
            calls=message.calls,
            read_at=read_at,
            run_id=job.run_id,
            cause=cause,
            origin=cause,
        )
        return cls(summary, message.connection_id, message.generation)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One change of a summary: who made it and when, and the summary it replaced (none: the first)."""

    key: SummaryKey
    cause: Cause
    version: int
    run_id: UUID
    read_at: datetime
    written_at: datetime
    replaced: Summary | None


@dataclass(frozen=True, slots=True)
class Updated:
    """The values were written; `previous` is None for a month's first.

    `instead`: an earlier reading of the same attempt had been written, and stands.
    """

    previous: Values | None
    instead: Summary | None = None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The stored values stand."""

    reason: UnchangedReason


@dataclass(frozen=True, slots=True)
class Refused:
    """The reading must not be written."""

    code: ProblemCode


Outcome = Updated | Unchanged | Refused
