"""The orchestrator on stores of a test's choice, its requests and its neighbours' messages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4, uuid5

from service_kit.clock import Clock
from service_kit.publishing import Publish
from support.fakes import FakeClock
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.connections import ConnectionEvent, ConnectionHealth
from sync_contracts.event import Actor, Meta, Role
from sync_contracts.jobs import JobFailed, JobRequested, JobStarted, JobWaiting
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.requests import SyncBulk, SyncCancel, SyncReload, SyncRetry
from sync_contracts.runs import RunKind
from sync_contracts.summaries import SummaryRefused, SummaryUnchanged, SummaryUpdated
from sync_orchestrator.ports import Found, FoundConnection
from sync_orchestrator.records import (
    ConnectionRef,
    JobRecord,
    RunRecord,
)
from sync_orchestrator.use_cases import Rules, Stores, UseCases, build_use_cases

C = TypeVar("C", bound=ConnectionEvent)
ASKED_AT = datetime(2026, 5, 2, 8, 0, tzinfo=UTC)
PUBLIC_URL = "http://127.0.0.1:8101"
_CONNECTIONS = UUID("1f0c7c1e-66b1-4d0e-9a55-3f6f6a0f7a11")


@dataclass
class FakeCredentials:
    """Implements `ConnectionLookup`: every client is connected but those named."""

    without: set[str] = field(default_factory=set)
    health: dict[str, ConnectionHealth] = field(default_factory=dict)
    generation: int = 1
    integrations_on: bool = True
    provider_enabled: bool = True
    account_of: Callable[[str], str] = lambda client: f"account-of-{client}"
    site_of: Callable[[str], str] = lambda _: "xero/app"
    fail_with: Exception | None = None
    calls: int = 0

    async def __call__(self, company_id: str, provider: Provider, clients: Sequence[str]) -> Found:
        assert provider in Provider
        self.calls += 1
        if self.fail_with is not None:
            raise self.fail_with
        return Found(
            integrations_on=self.integrations_on,
            provider_enabled=self.provider_enabled,
            connections={
                client: FoundConnection(self._ref(company_id, client), self._health(client))
                for client in clients
                if client not in self.without
            },
        )

    def _ref(self, company_id: str, client: str) -> ConnectionRef:
        return ConnectionRef(
            connection_id=connection_id(company_id, client),
            generation=self.generation,
            account_key=self.account_of(client),
            site_key=self.site_of(client),
        )

    def _health(self, client: str) -> ConnectionHealth:
        return self.health.get(client, ConnectionHealth.OK)


def connection_id(company_id: str, client_id: str) -> UUID:
    return uuid5(_CONNECTIONS, f"{company_id}/{client_id}")


def use_cases(
    stores: Stores,
    publish: Publish,
    *,
    clock: Clock | None = None,
    credentials: FakeCredentials | None = None,
    rules: Rules | None = None,
) -> UseCases:
    """The service on these stores; several of them on the same stores are several instances."""
    return build_use_cases(
        stores,
        lookup=credentials or FakeCredentials(),
        publish=publish,
        clock=clock or FakeClock(ASKED_AT),
        rules=rules or Rules(ask_again_s=0.0, progress_every_s=0.0),
        public_url=PUBLIC_URL,
    )


def meta(company_id: str = "company-1", role: Role = Role.OWNER) -> Meta:
    return Meta(
        event_id=uuid4(),
        occurred_at=ASKED_AT,
        company_id=company_id,
        correlation_id="click-1",
        actor=Actor(id="user-1", role=role),
    )


def reload(
    request_id: str = "req-1",
    *,
    company_id: str = "company-1",
    client_id: str = "client-1",
    role: Role = Role.OWNER,
    confirmed: bool = True,
) -> SyncReload:
    return SyncReload(
        meta=meta(company_id, role),
        request_id=request_id,
        client_id=client_id,
        provider=Provider.XERO,
        overwrite_confirmed=confirmed,
    )


def bulk(
    request_id: str = "req-1",
    *,
    company_id: str = "company-1",
    clients: int = 3,
    month: str = "2026-04",
    role: Role = Role.OWNER,
) -> SyncBulk:
    return SyncBulk(
        meta=meta(company_id, role),
        request_id=request_id,
        client_ids=tuple(f"client-{number}" for number in range(1, clients + 1)),
        provider=Provider.XERO,
        month=Month.parse(month),
    )


def cancel(
    request_id: str = "cancel-1",
    *,
    run: UUID | None = None,
    target: str | None = None,
    company_id: str = "company-1",
    role: Role = Role.OWNER,
) -> SyncCancel:
    return SyncCancel(
        meta=meta(company_id, role), request_id=request_id, run_id=run, target_request_id=target
    )


def retry(run: UUID, request_id: str = "retry-1") -> SyncRetry:
    return SyncRetry(meta=meta(), request_id=request_id, run_id=run)


def started(requested: JobRequested, budget_s: float = 130.0) -> JobStarted:
    body = requested.model_dump() | {"worker": "worker-1", "budget_s": budget_s}
    return JobStarted.model_validate(body | {"meta": requested.meta.follow(JobStarted)})


def waiting(
    job: JobRecord,
    retry_at: datetime,
    *,
    reason: WaitReason = WaitReason.RATE_LIMITED,
    budget_key: str | None = None,
    attempt: int | None = None,
) -> JobWaiting:
    return JobWaiting(
        meta=meta(job.company_id),
        job=job.named,
        attempt=attempt or job.attempt,
        reason=reason,
        retry_at=retry_at,
        budget_key=budget_key,
    )


def failed(
    job: JobRecord, code: ProblemCode = ProblemCode.NEEDS_AUTH, attempt: int | None = None
) -> JobFailed:
    return JobFailed(meta=meta(job.company_id), job=job.named, attempt=attempt or job.attempt, code=code)


def updated(job: JobRecord, attempt: int | None = None) -> SummaryUpdated:
    return SummaryUpdated(
        meta=meta(job.company_id), job=job.named, attempt=attempt or job.attempt, read_at=ASKED_AT, values={}
    )


def unchanged(job: JobRecord) -> SummaryUnchanged:
    return SummaryUnchanged(meta=meta(job.company_id), job=job.named, attempt=job.attempt, read_at=ASKED_AT)


def refused(job: JobRecord, code: ProblemCode = ProblemCode.CONNECTION_DELETED) -> SummaryRefused:
    assert job.connection is not None
    return SummaryRefused(
        meta=meta(job.company_id),
        job=job.named,
        attempt=job.attempt,
        code=code,
        connection_id=job.connection.connection_id,
        generation=job.connection.generation,
    )


def run_record(**changes: Any) -> RunRecord:
    """A planning bulk run of one company."""
    fields: dict[str, Any] = {
        "run_id": uuid4(),
        "request_id": "req-1",
        "request_hash": "a" * 64,
        "meta": meta(),
        "kind": RunKind.BULK,
        "provider": Provider.XERO,
        "months": (Month(2026, 4),),
        "clients": 3,
        "identity": str(uuid4()),
        "accepted_at": ASKED_AT,
        "deadline_at": ASKED_AT + timedelta(hours=6),
        "latest_at": ASKED_AT + timedelta(hours=48),
    }
    return RunRecord.model_validate(fields | changes)


def job_record(**changes: Any) -> JobRecord:
    """A queued job of a run of its own."""
    fields: dict[str, Any] = {
        "job_id": uuid4(),
        "run_id": uuid4(),
        "company_id": "company-1",
        "client_id": "client-1",
        "provider": Provider.XERO,
        "month": Month(2026, 4),
        "due_at": ASKED_AT,
        "connection": ConnectionRef(connection_id=uuid4(), generation=1, account_key="account-1"),
    }
    return JobRecord.model_validate(fields | changes)


def connection_event(kind: type[C], client_id: str = "client-1", *, generation: int = 1, **fields: Any) -> C:
    """A message about a client's connection."""
    return kind.model_validate(
        {
            "meta": meta(),
            "connection_id": connection_id("company-1", client_id),
            "client_id": client_id,
            "provider": Provider.XERO,
            "generation": generation,
        }
        | fields
    )
