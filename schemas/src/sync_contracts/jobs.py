"""A job, one client's month at one provider within a run, and what happens to it."""

from typing import ClassVar
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.event import Event
from sync_contracts.ids import PlatformId
from sync_contracts.metrics import Currency, MetricValue, Values
from sync_contracts.month import Month
from sync_contracts.providers import Provider

__all__ = [
    "Books",
    "DueJob",
    "Job",
    "JobCounted",
    "JobFailed",
    "JobRequested",
    "JobStarted",
    "JobWaiting",
    "MetricValue",
]


class Job(BaseModel):
    """Names one job; `company_id` stands in the message's meta."""

    model_config = ConfigDict(frozen=True)

    job_id: UUID
    run_id: UUID
    client_id: PlatformId
    provider: Provider
    month: Month


class DueJob(BaseModel):
    """One month that is due, as part of a reading of one connection."""

    model_config = ConfigDict(frozen=True)

    job_id: UUID
    month: Month
    attempt: int = Field(ge=1)
    traceparent: str | None = Field(default=None, max_length=64, description="The job's own trace.")


class ConnectionReading(Event):
    """The due months of one connection of one run."""

    topic: ClassVar[str] = ""

    run_id: UUID
    client_id: PlatformId
    provider: Provider
    connection_id: UUID
    generation: int = Field(ge=1, description="Of the connection, raised by each save and delete.")
    account_key: str = Field(max_length=200, description="Whose limit the calls count against.")
    jobs: tuple[DueJob, ...] = Field(min_length=1, max_length=36)

    @property
    def key(self) -> str:
        """Calls that share an account's limit meet in one worker."""
        return self.account_key

    @property
    def subject(self) -> str:
        return str(self.connection_id)

    def job(self, due: DueJob) -> Job:
        return Job(
            job_id=due.job_id,
            run_id=self.run_id,
            client_id=self.client_id,
            provider=self.provider,
            month=due.month,
        )


class JobRequested(ConnectionReading):
    """Read these months of this connection now."""

    topic: ClassVar[str] = "job.requested.v1"


class JobStarted(ConnectionReading):
    """A worker has begun to read these months, and will have ended within `budget_s`."""

    topic: ClassVar[str] = "job.started.v1"

    worker: str = Field(max_length=128)
    budget_s: float = Field(gt=0, le=300)


class JobEvent(Event):
    """A message about one attempt of one job."""

    topic: ClassVar[str] = ""

    job: Job
    attempt: int = Field(ge=1)

    @property
    def key(self) -> str:
        """One client's books keep their order; a bulk spreads over all partitions."""
        return f"{self.meta.company_id}/{self.job.client_id}/{self.job.provider}"

    @property
    def subject(self) -> str:
        return str(self.job.job_id)


class Books(BaseModel):
    """Whose books a connection opens; what the provider does not tell is absent."""

    model_config = ConfigDict(frozen=True)

    external_id: str | None = Field(default=None, max_length=128)
    name: str | None = Field(default=None, max_length=300)
    currency: Currency | None = None


class JobCounted(JobEvent):
    """A month was read whole; these are its values."""

    topic: ClassVar[str] = "job.counted.v1"

    connection_id: UUID
    generation: int = Field(ge=1)
    read_at: AwareDatetime = Field(description="The instant before the reading's first call.")
    values: Values
    notes: tuple[str, ...] = Field(default=(), max_length=20)
    books: Books = Books()
    connector: str = Field(max_length=64)
    connector_version: str = Field(max_length=32)
    calls: int = Field(ge=0, description="Provider calls of the whole reading.")
    record_count: int = Field(ge=0)
    fingerprint: str = Field(
        pattern=r"^[0-9a-f]{64}$", description="SHA-256 over the counted records' sorted ids."
    )


class JobWaiting(JobEvent):
    """Not now; the orchestrator asks again at `retry_at`."""

    topic: ClassVar[str] = "job.waiting.v1"

    reason: WaitReason
    retry_at: AwareDatetime
    budget_key: str | None = Field(
        default=None, max_length=200, description="Nothing else that uses this limit is released until then."
    )


class JobFailed(JobEvent):
    """The month cannot be read; `code` says what to do."""

    topic: ClassVar[str] = "job.failed.v1"

    code: ProblemCode
    detail: str | None = Field(default=None, max_length=500, description="For the operator; holds no secret.")
