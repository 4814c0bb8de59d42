"""What became of a result at the summary writer."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, Field

from sync_contracts.codes import ProblemCode
from sync_contracts.jobs import JobEvent
from sync_contracts.metrics import Values


class SummaryUpdated(JobEvent):
    """The month's summary was written; `previous` holds what it replaced."""

    topic: ClassVar[str] = "summary.updated.v1"

    read_at: AwareDatetime
    values: Values
    previous: Values | None = Field(default=None, description="Absent when the month had no summary yet.")


class UnchangedReason(StrEnum):
    SAME_VALUES = "same_values"
    NEWER_KEPT = "newer_kept"


class SummaryUnchanged(JobEvent):
    """The stored summary stays: it is equal, or was read later."""

    topic: ClassVar[str] = "summary.unchanged.v1"

    read_at: AwareDatetime
    reason: UnchangedReason = UnchangedReason.SAME_VALUES


class SummaryRefused(JobEvent):
    """The result was not written, and why."""

    topic: ClassVar[str] = "summary.refused.v1"

    code: ProblemCode
    connection_id: UUID
    generation: int = Field(ge=1)
