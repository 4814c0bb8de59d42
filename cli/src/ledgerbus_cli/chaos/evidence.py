"""What is known after a chaos: what was asked, what was done, what was said and what is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sync_contracts.codes import ProblemCode, RefusalCode
from sync_contracts.metrics import Metric
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import JobEnding, SyncCompleted

from ledgerbus_cli.chaos.schedule import Blow

Amounts = Mapping[Metric, str]


class Client(NamedTuple):
    """A client's books at an accounting system; the books are named like the client."""

    name: str
    provider: Provider

    def __str__(self) -> str:
        return f"{self.name}/{self.provider}"


class BooksMonth(NamedTuple):
    """What a summary is of."""

    client: Client
    month: Month

    def __str__(self) -> str:
        return f"{self.client}/{self.month}"


class Attempt(NamedTuple):
    """One attempt of a job."""

    job_id: UUID
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that was put on record, its clients where it names them, and how it may be refused."""

    request_id: str
    what: str
    clients: tuple[Client, ...] = ()
    refusals: frozenset[RefusalCode] = frozenset()
    is_sound: bool = True  # else it has to be refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What was said to a request: its run, or why it has none."""

    request_id: str
    run_id: UUID | None = None
    code: RefusalCode | None = None
    joined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JobKept:
    """A job as the orchestrator keeps it."""

    job_id: UUID
    of: BooksMonth
    is_open: bool
    attempt: int
    ending: JobEnding | None = None
    code: ProblemCode | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunKept:
    """A run as the orchestrator keeps it, with all its jobs, and the receipt that the notifier keeps."""

    run_id: UUID
    request_id: str
    state: str
    is_cancelled: bool = False
    retry_of: UUID | None = None
    jobs: tuple[JobKept, ...] = ()
    receipt: "Receipt | None" = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt as it was sent or kept."""

    event: SyncCompleted
    ce_id: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A worker began to read these months of a client."""

    client: Client
    attempts: tuple[Attempt, ...]
    months: int
    worker: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A month that a worker has read whole."""

    attempt: Attempt
    of: BooksMonth
    read_at: datetime
    at: datetime
    values: Amounts
    calls: int  # of the whole reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the writer said of a result: `kept` when the stored values are those of this reading or equal."""

    attempt: Attempt
    of: BooksMonth
    read_at: datetime
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryKept:
    """A summary as the writer keeps it, or kept it before it was replaced."""

    of: BooksMonth
    version: int
    read_at: datetime
    values: Amounts
    attempt: Attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One entry of a summary's history."""

    of: BooksMonth
    version: int
    read_at: datetime
    attempt: Attempt
    replaced: SummaryKept | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueSince:
    """What the books of a month say from an instant on."""

    since: datetime
    values: Amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A blow that was carried out; a part that was hit came back at `ended_at`."""

    blow: Blow
    began_at: datetime
    ended_at: datetime
    note: str = ""
    trouble: str = ""  # what it was that did not come back, or could not be done


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsOf:
    """How many calls read a client's books, and how many more than its readings explain."""

    made: int
    more: int = 0  # for changed books, which may fill another page, and for keys that were tried


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All of it; the oracle looks at nothing else."""

    asked: tuple[Asked, ...] = ()
    answered: tuple[Answered, ...] = ()
    runs: tuple[RunKept, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    started: tuple[Started, ...] = ()
    outcomes: Mapping[Attempt, datetime] = field(default_factory=dict)
    counted: tuple[Counted, ...] = ()
    kept: tuple[Kept, ...] = ()
    summaries: tuple[SummaryKept, ...] = ()
    history: tuple[Written, ...] = ()
    truth: Mapping[BooksMonth, tuple[TrueSince, ...]] = field(default_factory=dict)
    deleted: Mapping[Client, datetime] = field(default_factory=dict)
    needs_auth: Mapping[Client, str] = field(default_factory=dict)  # and the cause on record
    cut_off: frozenset[Client] = frozenset()
    done: tuple[Done, ...] = ()
    calls: Mapping[Client, CallsOf] = field(default_factory=dict)
    parked: Mapping[str, int] = field(default_factory=dict)
    behind: Mapping[str, int] = field(default_factory=dict)
    not_ready: tuple[str, ...] = ()
    forgets: bool = True  # whether a broker that was struck is empty afterwards
    ended_at: datetime | None = None
