"""What the orchestrator remembers: runs, jobs, requests, cancels, connections and pauses."""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, PlainSerializer
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.connections import ConnectionHealth
from sync_contracts.event import Meta
from sync_contracts.jobs import Job
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import JobEnding, RunAccepted, RunCancelling, RunFinished, RunKind, RunRejected

StoredMonth = Annotated[Month, PlainSerializer(str)]
Answer = RunAccepted | RunRejected | RunCancelling
ClientKey = tuple[str, str, Provider]
"""Company, client and provider: what a connection belongs to."""


class JobState(StrEnum):
    """Where a job stands; `queued` holds every wait, with its reason and due time."""

    QUEUED = "queued"
    RELEASED = "released"
    STARTED = "started"
    ENDED = "ended"


class Rank(IntEnum):
    """Orders what can be said about one attempt; only a higher rank changes anything."""

    NOTHING = 0
    RELEASED = 1
    STARTED = 2
    WAITING = 3
    READ_AGAIN = 4
    FAILED = 5
    REFUSED = 6
    UNCHANGED = 7
    UPDATED = 8


class RunState(StrEnum):
    """Where a run stands."""

    PLANNING = "planning"
    OPEN = "open"
    CANCELLING = "cancelling"
    EXPIRING = "expiring"
    ENDED = "ended"


NOT_ENDED = frozenset(RunState) - {RunState.ENDED}


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ConnectionRef(Record):
    """The connection a job reads with, as last known: whose limits it uses, which server answers it."""

    connection_id: UUID
    generation: int
    account_key: str
    site_key: str = ""


# Endings that a late result would still outrank.
WITHOUT_RESULT = frozenset({JobEnding.FAILED, JobEnding.SKIPPED, JobEnding.CANCELLED})


class JobRecord(Record):
    """One client's month of a run; `revision` rises with each write.

    `silences`: attempts that were begun and never heard of again. `sealed`: the receipt tells its ending.
    """

    job_id: UUID
    run_id: UUID
    company_id: str
    client_id: str
    provider: Provider
    month: StoredMonth
    state: JobState = JobState.QUEUED
    attempt: int = 0
    rank: Rank = Rank.NOTHING
    reason: WaitReason | None = WaitReason.QUEUED
    due_at: datetime
    connection: ConnectionRef | None = None
    ending: JobEnding | None = None
    code: ProblemCode | None = None
    outages: int = 0
    silences: int = 0
    sealed: bool = False
    released_at: datetime | None = None
    started_at: datetime | None = None
    heard_at: datetime | None = None
    budget_s: float | None = None
    traceparent: str | None = None
    revision: int = 0

    @property
    def client(self) -> ClientKey:
        return self.company_id, self.client_id, self.provider

    @property
    def keys(self) -> tuple[str, ...]:
        """Of everything that can hold it back: its account, its server, the provider's whole app."""
        account = (self.connection.account_key,) if self.connection else ()
        return (*account, self.site_key, f"{self.provider}/app")

    @property
    def site_key(self) -> str:
        """Of the server that answers it."""
        return (self.connection and self.connection.site_key) or f"{self.provider}/app"

    @property
    def is_open(self) -> bool:
        return self.state is not JobState.ENDED

    @property
    def is_outstanding(self) -> bool:
        return self.state in {JobState.RELEASED, JobState.STARTED}

    @property
    def named(self) -> Job:
        """The job as messages name it."""
        return Job(
            job_id=self.job_id,
            run_id=self.run_id,
            client_id=self.client_id,
            provider=self.provider,
            month=self.month,
        )


class PlannedClient(Record):
    """What a planning run needs to make one client's jobs, whoever finishes it."""

    client_id: str
    months: tuple[StoredMonth, ...]
    connection: ConnectionRef | None = None
    health: ConnectionHealth | None = None


class RunRecord(Record):
    """One accepted request; `meta` is the request's own."""

    run_id: UUID
    request_id: str
    request_hash: str
    meta: Meta
    kind: RunKind
    provider: Provider
    months: tuple[StoredMonth, ...]
    clients: int
    identity: str
    state: RunState = RunState.PLANNING
    retry_of: UUID | None = None
    traceparent: str | None = None
    accepted_at: datetime
    deadline_at: datetime
    latest_at: datetime
    still_since: datetime | None = None
    cancelling_at: datetime | None = None
    ended_at: datetime | None = None
    announced_at: datetime | None = None
    held: bool = False
    stalled: bool = False
    plan: tuple[PlannedClient, ...] = ()
    finished: RunFinished | None = None

    @property
    def company_id(self) -> str:
        return self.meta.company_id

    @property
    def is_single(self) -> bool:
        """One client's run goes before bulk work."""
        return self.clients == 1


class StoredRequest(Record):
    """One request id of a company, the hash of its body, and its answer once there is one."""

    company_id: str
    request_id: str
    body_hash: str
    received_at: datetime
    answer: Answer | None = None


class ConnectionFact(Record):
    """The newest that `connection.*` told about a client's connection; (generation, said_at) orders it."""

    company_id: str
    client_id: str
    provider: Provider
    connection_id: UUID
    generation: int
    said_at: datetime
    deleted: bool = False
    needs_auth: bool = False


class Pause(Record):
    """Nothing that uses this limit is released before `until`."""

    key: str
    reason: WaitReason
    until: datetime


class Breaker(Record):
    """Accounts in a row that a site did not answer; once there are enough it is open: nobody may ask."""

    site_key: str
    failed: tuple[str, ...] = ()
    failed_at: datetime
    openings: int = 0
    until: datetime | None = None
    revision: int = 0

    @property
    def is_open(self) -> bool:
        """Until an answer; when `until` has passed, one reading at a time tries."""
        return self.until is not None
