"""What becomes of a request: its run, from acceptance to the receipt."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, HttpUrl

from sync_contracts.codes import ProblemCode, RefusalCode, WaitReason
from sync_contracts.event import Actor, Event
from sync_contracts.ids import PlatformId
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.requests import RequestId

MAX_LINES = 200


class RunKind(StrEnum):
    RELOAD = "reload"
    BULK = "bulk"
    RETRY = "retry"


class RunEnding(StrEnum):
    """How a run ended; it always ends."""

    COMPLETED = "completed"
    COMPLETED_WITH_PROBLEMS = "completed_with_problems"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class JobEnding(StrEnum):
    """How a job ended."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"


class EndingCounts(BaseModel):
    """How many jobs ended in each way."""

    model_config = ConfigDict(frozen=True)

    written: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        return self.written + self.unchanged + self.skipped + self.failed + self.cancelled


class Progress(BaseModel):
    """Where a run stands: its jobs by ending, by running, and by the reason they wait for."""

    model_config = ConfigDict(frozen=True)

    jobs: int = Field(ge=0)
    ended: EndingCounts = EndingCounts()
    running: int = Field(default=0, ge=0)
    waiting: dict[WaitReason, int] = Field(default_factory=dict)
    retry_at: AwareDatetime | None = Field(default=None, description="The earliest known time a wait ends.")


class RunEvent(Event):
    """A message about one run."""

    topic: ClassVar[str] = ""

    run_id: UUID

    @property
    def key(self) -> str:
        return str(self.run_id)


class RunAccepted(RunEvent):
    """The request has a run: a new one, or an identical one that is still open."""

    topic: ClassVar[str] = "run.accepted.v1"

    request_id: RequestId
    kind: RunKind
    provider: Provider
    months: tuple[Month, ...] = Field(min_length=1, max_length=36)
    clients: int = Field(ge=1, le=10_000)
    joined: bool = Field(default=False, description="True when an identical open run answers this request.")
    retry_of: UUID | None = Field(default=None, description="The run whose failed jobs this one repeats.")
    progress: Progress


class RunRejected(Event):
    """The request was refused, and why."""

    topic: ClassVar[str] = "run.rejected.v1"

    request_id: RequestId
    code: RefusalCode
    message: str = Field(max_length=500, description="What to do, in one sentence.")
    fields: tuple[str, ...] = Field(default=(), max_length=50, description="The fields that do not fit.")


class RunProgress(RunEvent):
    """How far a run has come; sent at most every second or so while something changes."""

    topic: ClassVar[str] = "run.progress.v1"

    provider: Provider
    progress: Progress


class RunCancelling(RunEvent):
    """The cancelling is acknowledged: no job of the run starts from now on."""

    topic: ClassVar[str] = "run.cancelling.v1"

    request_id: RequestId = Field(description="The cancelling request.")
    provider: Provider
    progress: Progress


class ReceiptLine(BaseModel):
    """One client of a run: its worst ending, and what to do about it."""

    model_config = ConfigDict(frozen=True)

    client_id: PlatformId
    ending: JobEnding
    code: ProblemCode | None = None
    message: str | None = Field(default=None, max_length=500, description="What to do, in one sentence.")
    counts: EndingCounts
    months: tuple[Month, ...] = Field(
        default=(), max_length=36, description="The months with this ending and code, where it is a trouble."
    )


class RunOutcome(RunEvent):
    """What is told about a run that has ended."""

    topic: ClassVar[str] = ""

    kind: RunKind
    provider: Provider
    months: tuple[Month, ...] = Field(min_length=1, max_length=36)
    clients: int = Field(ge=1, le=10_000)
    requested_by: Actor
    requested_at: AwareDatetime
    started_at: AwareDatetime | None = Field(default=None, description="When its first job started.")
    ended_at: AwareDatetime
    ending: RunEnding
    counts: EndingCounts
    retry_of: UUID | None = None
    lines: tuple[ReceiptLine, ...] = Field(
        default=(), max_length=MAX_LINES, description="Clients with trouble come first; at most 200."
    )
    lines_total: int = Field(ge=0, description="How many lines `lines_url` pages through.")
    lines_url: HttpUrl


class RunFinished(RunOutcome):
    """Every job of the run has ended, or its deadline passed."""

    topic: ClassVar[str] = "run.finished.v1"


class SyncCompleted(RunOutcome):
    """The receipt: stored once, then sent, with the same id and bytes whenever it is sent again."""

    topic: ClassVar[str] = "sync.completed.v1"

    message: str = Field(max_length=500, description="The outcome in one sentence.")
