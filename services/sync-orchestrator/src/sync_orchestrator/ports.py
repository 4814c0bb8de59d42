"""What the use cases need from outside; every method may raise an outage (`service_kit.errors.is_outage`)."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from sync_contracts.codes import ProblemCode
from sync_contracts.connections import ConnectionHealth
from sync_contracts.providers import Provider
from sync_contracts.requests import SyncCancel
from sync_contracts.runs import JobEnding, RunFinished

from sync_orchestrator.deadlines import Deadline
from sync_orchestrator.fairness import Load
from sync_orchestrator.receipts import Tally
from sync_orchestrator.records import (
    Answer,
    Breaker,
    ClientKey,
    ConnectionFact,
    ConnectionRef,
    JobRecord,
    JobState,
    Pause,
    RunRecord,
    RunState,
    StoredRequest,
)

Touch = Callable[[UUID], None]
"""Tells that something of a run has changed, so that its progress and end are looked at soon."""


class DueJob(NamedTuple):
    """A queued job whose time has come, as far as its turn depends on it."""

    job_id: UUID
    client: ClientKey
    account_key: str
    site_key: str


@dataclass(frozen=True, slots=True)
class FoundConnection:
    """A client's connection as the credentials service knows it."""

    ref: ConnectionRef
    health: ConnectionHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The company's switches, and the connections of those clients that have one."""

    integrations_on: bool
    provider_enabled: bool
    connections: Mapping[str, FoundConnection]


class ConnectionLookup(Protocol):
    """Asks the credentials service."""

    async def __call__(self, company_id: str, provider: Provider, clients: Sequence[str]) -> Found: ...


class RequestStore(Protocol):
    """Requests by company and request id, for seven days."""

    async def keep(self, request: StoredRequest) -> StoredRequest:
        """The one on record: this one, or an earlier one under the same id."""

    async def get(self, company_id: str, request_id: str) -> StoredRequest | None: ...

    async def answer(self, request: StoredRequest, answer: Answer) -> Answer:
        """The answer on record: the first one stays."""


class CancelStore(Protocol):
    """Cancels whose request has not come yet."""

    async def keep(self, cancel: SyncCancel, target_request_id: str, at: datetime) -> None: ...

    async def of(self, company_id: str, target_request_id: str) -> list[SyncCancel]: ...

    async def before(self, instant: datetime) -> list[SyncCancel]:
        """Those kept since before the instant."""

    async def drop(self, cancel: SyncCancel) -> None: ...


class RunStore(Protocol):
    """Runs; every change is conditional on the state it expects."""

    async def insert(self, run: RunRecord) -> RunRecord:
        """The run on record: this one, one with its id, or an identical one that may be joined."""

    async def get(self, run_id: UUID) -> RunRecord | None: ...

    async def in_states(self, *states: RunState) -> list[RunRecord]:
        """Without their plans, oldest first."""

    async def states_of(self, run_ids: Collection[UUID]) -> dict[UUID, RunState]:
        """Of those that are on record."""

    async def open_among(self, run_ids: Collection[UUID]) -> set[UUID]: ...

    async def open_run(self, run_id: UUID) -> None:
        """From planning to open, dropping the plan."""

    async def begin_cancelling(self, run_id: UUID, now: datetime) -> bool:
        """From open to cancelling, no longer joinable; False when the run is neither."""

    async def begin_expiring(self, run_id: UUID) -> bool:
        """From open or cancelling to expiring; no longer joinable."""

    async def end(self, run_id: UUID, state: RunState, finished: RunFinished) -> bool:
        """From the state to ended, with the announcement that is still to be sent."""

    async def unannounced(self, ended_before: datetime) -> list[RunRecord]:
        """Runs that ended before the instant and whose announcement is not marked as sent."""

    async def announced(self, run_id: UUID) -> None: ...

    async def doubt_announced(self, *, ended_after: datetime) -> None:
        """Runs that ended after the instant count as unannounced again."""

    async def may_announce_progress(self, run_id: UUID, now: datetime, last_before: datetime) -> bool:
        """Marks the progress as announced now, unless somebody did so since `last_before`."""

    async def move_deadline(self, run_id: UUID, seen: Deadline, moved: Deadline) -> None: ...

    async def hold(self, run_ids: Collection[UUID], *, held: bool) -> None:
        """Whether the company's share keeps the runs' due jobs back."""

    async def stall(self, run_ids: Collection[UUID], *, stalled: bool) -> None:
        """Whether no worker takes what is released."""

    async def ended_before(self, instant: datetime, limit: int) -> list[UUID]: ...

    async def forget(self, run_ids: Collection[UUID]) -> None:
        """After their jobs."""

    async def page(
        self, company_id: str, states: Collection[RunState], skip: int, limit: int
    ) -> list[RunRecord]:
        """A company's runs, newest first, without their plans."""


class JobStore(Protocol):
    """Jobs; every change is conditional on the revision it was decided on."""

    async def insert(self, jobs: Iterable[JobRecord]) -> None:
        """Some at a time; those that are on record already stay as they are."""

    async def change(
        self, job_ids: Iterable[UUID], decide: Callable[[JobRecord], JobRecord | None]
    ) -> list[JobRecord]:
        """Apply the decision to each job until it is written or is None; the jobs as changed."""

    async def end_all(
        self, run_id: UUID, states: Collection[JobState], ending: JobEnding, code: ProblemCode | None = None
    ) -> int:
        """End all jobs of a run that are in one of the states; how many."""

    async def seal(self, run_id: UUID) -> None:
        """No late result changes any more how the run's jobs ended without one."""

    async def get(self, job_id: UUID) -> JobRecord | None: ...

    async def due(
        self, run_id: UUID, now: datetime, *, limit: int, without: Collection[str] = ()
    ) -> list[DueJob]:
        """Queued jobs whose time has come, but for those of some accounts and sites."""

    async def outstanding(self) -> list[JobRecord]:
        """All that are released or started."""

    async def load(self) -> Load:
        """The same, counted by company and account."""

    async def outstanding_runs(self) -> set[UUID]:
        """The runs of those jobs."""

    async def any_to_move(self, run_id: UUID, still_keys: Collection[str]) -> bool:
        """Whether a queued job waits for something else than a daily limit or a provider that is down."""

    async def of_client(
        self, run_ids: Iterable[UUID], client_id: str, states: Collection[JobState]
    ) -> list[UUID]:
        """A client's jobs in these runs that are in one of the states."""

    async def tally(self, run_id: UUID, now: datetime) -> Tally: ...

    async def due_behind(self, run_id: UUID, now: datetime, keys: Collection[str]) -> Counter[str]:
        """Queued jobs whose time has come, by the account or site among the keys that they belong to."""

    async def forget(self, run_ids: Collection[UUID]) -> None:
        """All jobs of these runs."""

    async def of_run(self, run_id: UUID) -> list[JobRecord]: ...

    async def page(
        self, run_id: UUID, states: Collection[JobState], skip: int, limit: int
    ) -> list[JobRecord]:
        """By client and month."""


class ConnectionFacts(Protocol):
    """The newest that `connection.*` told."""

    async def learn(self, fact: ConnectionFact) -> bool:
        """False when something newer is known."""

    async def of(self, keys: Collection[ClientKey]) -> dict[ClientKey, ConnectionFact]: ...


class PauseStore(Protocol):
    """Limits that are used up."""

    async def put(self, pause: Pause) -> None:
        """A later `until` stays."""

    async def active(self, now: datetime) -> list[Pause]: ...


class BreakerStore(Protocol):
    """Sites that do not answer."""

    async def all(self) -> list[Breaker]: ...

    async def change(
        self, site_key: str, decide: Callable[[Breaker | None], Breaker]
    ) -> tuple[Breaker | None, Breaker]:
        """The breaker before and after the decision, which is made on the one that it replaces."""

    async def drop(self, site_key: str) -> Breaker | None:
        """The one that was there."""


class LeaseStore(Protocol):
    """Who releases."""

    async def hold(self, name: str, holder: str, now: datetime, until: datetime) -> int | None:
        """The epoch while the holder has the lease; None while somebody else has it."""

    async def give_up(self, name: str, holder: str) -> None: ...
