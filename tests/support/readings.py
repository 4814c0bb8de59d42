"""Requests to read, and stand-ins for credentials and for a connector."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid5

from connector_workers.ports import Lease, Observation
from connectors.protocol import Access, Account, MonthCounts, MonthFailure, MonthResult, Reading
from connectors.session import Session
from sync_contracts.codes import ProblemCode
from sync_contracts.connections import ConnectionHealth
from sync_contracts.event import Actor, Meta, Role
from sync_contracts.ids import job_id
from sync_contracts.jobs import Books, DueJob, JobRequested
from sync_contracts.metrics import Metric, MetricValue, Source
from sync_contracts.month import Month
from sync_contracts.providers import Provider

RUN = UUID("5a2f1d8e-0000-4000-8000-0000000000aa")
CONNECTION = UUID("5a2f1d8e-0000-4000-8000-000000000001")
READ_AT = datetime(2026, 5, 2, 7, 59, tzinfo=UTC)
BOOKS = Books(external_id="org-1", name="Acme Ltd", currency="EUR")


def requested(
    *months: str,
    client_id: str = "client-17",
    run_id: UUID = RUN,
    connection_id: UUID = CONNECTION,
    generation: int = 3,
    attempt: int = 1,
    traceparents: tuple[str | None, ...] = (),
) -> JobRequested:
    """A request to read these months; April 2026 when none is named."""
    due = [Month.parse(month) for month in months or ("2026-04",)]
    traces = traceparents or (None,) * len(due)
    return JobRequested(
        meta=Meta(
            event_id=uuid5(run_id, f"{client_id}/{attempt}"),
            occurred_at=READ_AT,
            company_id="company-1",
            correlation_id="click-1",
            actor=Actor(id="user-1", role=Role.OWNER),
        ),
        run_id=run_id,
        client_id=client_id,
        provider=Provider.XERO,
        connection_id=connection_id,
        generation=generation,
        account_key="xero/org-1",
        jobs=tuple(
            DueJob(
                job_id=job_id(run_id, client_id, Provider.XERO, month),
                month=month,
                attempt=attempt,
                traceparent=trace,
            )
            for month, trace in zip(due, traces, strict=True)
        ),
    )


def counts(invoices: int = 12) -> MonthCounts:
    """A month read whole."""
    value = MetricValue(value=Decimal(invoices), unit="documents", source=Source.DOCUMENTS)
    return MonthCounts(
        values={Metric.SALES_INVOICE_COUNT: value}, notes=(), record_count=invoices, fingerprint="a" * 64
    )


@dataclass
class FakeCredentials:
    """Implements `CredentialSource`: each lease has another access, unless `refuse_with`."""

    books: Books | None = BOOKS
    health: ConnectionHealth = ConnectionHealth.OK
    has_fresh_access: bool = True
    refuse_with: list[Exception] = field(default_factory=list)
    observe_error: Exception | None = None
    refused: list[str | None] = field(default_factory=list)
    observed: list[Observation] = field(default_factory=list)

    async def lease(self, request: JobRequested, *, refused_access: str | None = None) -> Lease:
        self.refused.append(refused_access)
        if self.refuse_with:
            raise self.refuse_with.pop()
        access_id = f"access-{len(self.refused) if self.has_fresh_access else 1}"
        return Lease(
            access_id=access_id,
            account=Account(
                access=Access({"access_token": access_id}), settings={}, account_key=request.account_key
            ),
            books=self.books,
            health=self.health,
        )

    async def observe(self, _: JobRequested, seen: Observation) -> None:
        if self.observe_error is not None:
            raise self.observe_error
        self.observed.append(seen)


@dataclass
class FakeReader:
    """Implements `MonthReader`: all months are counted, but for what `answers` says."""

    answers: dict[Month, MonthResult] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    books: Books = BOOKS
    version: str = "1"
    asked: list[tuple[Month, ...]] = field(default_factory=list)
    hangs: bool = False
    bug: Exception | None = None
    began: asyncio.Event = field(default_factory=asyncio.Event)

    async def read_months(
        self,
        _session: Session,
        account: Account,
        months: Collection[Month],
        *,
        expected: Books | None = None,
    ) -> Reading:
        self.asked.append(tuple(months))
        if self.bug is not None:
            raise self.bug
        self.began.set()
        if self.hangs:
            await asyncio.Event().wait()
        results: dict[Month, MonthResult] = {month: self.answers.get(month, counts()) for month in months}
        if account.access.values["access_token"] in self.refuses:
            results = {month: MonthFailure(ProblemCode.NEEDS_AUTH, "refused") for month in months}
        if expected is not None and expected.external_id != self.books.external_id:
            results = {month: MonthFailure(ProblemCode.WRONG_COMPANY, "other books") for month in months}
        return Reading(
            read_at=READ_AT,
            months=results,
            books=self.books,
            identity_known=True,
            calls=5,
            identity_calls=1,
        )
