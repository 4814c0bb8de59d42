"""Counted months, and a summary store in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4, uuid5

from service_kit.clock import Clock
from summary_writer.adapters.summary_queries import ORDER
from summary_writer.decision import Found, brought_by, chain, decide
from summary_writer.ports import SummaryFilter
from summary_writer.summary import Cause, HistoryEntry, Outcome, Reading, Summary, SummaryKey
from sync_contracts.event import Actor, Meta, Role
from sync_contracts.jobs import Job, JobCounted
from sync_contracts.metrics import Metric, MetricValue, Source, Values
from sync_contracts.month import Month
from sync_contracts.providers import Provider

READ_AT = datetime(2026, 5, 2, 7, 0, tzinfo=UTC)
CONNECTION = UUID("5a2f1d8e-0000-4000-8000-000000000001")


def values(net: str = "1650.50", invoices: int = 12) -> Values:
    return {
        Metric.SALES_NET: MetricValue(value=Decimal(net), unit="EUR", source=Source.DOCUMENTS),
        Metric.SALES_INVOICE_COUNT: MetricValue(
            value=Decimal(invoices), unit="documents", source=Source.DOCUMENTS
        ),
    }


def counted(
    *,
    company_id: str = "company-1",
    client_id: str = "client-17",
    month: str = "2026-04",
    provider: Provider = Provider.XERO,
    run: UUID | None = None,
    attempt: int = 1,
    read_at: datetime = READ_AT,
    net: str = "1650.50",
    invoices: int = 12,
    notes: tuple[str, ...] = (),
    fingerprint: str = "a" * 64,
    calls: int = 5,
    connection_id: UUID = CONNECTION,
    generation: int = 1,
) -> JobCounted:
    """One counted month; each call without a run is a reading of a run of its own."""
    run_id = run or uuid4()
    job_id = uuid5(run_id, f"{client_id}/{provider}/{month}")
    meta = Meta(
        event_id=uuid5(job_id, f"{attempt}/counted"),
        occurred_at=read_at,
        company_id=company_id,
        correlation_id="click-1",
        actor=Actor(id="user-1", role=Role.OWNER),
    )
    return JobCounted(
        meta=meta,
        job=Job(
            job_id=job_id, run_id=run_id, client_id=client_id, provider=provider, month=Month.parse(month)
        ),
        attempt=attempt,
        connection_id=connection_id,
        generation=generation,
        read_at=read_at,
        values=values(net, invoices),
        notes=notes,
        connector="xero",
        connector_version="1",
        calls=calls,
        record_count=invoices,
        fingerprint=fingerprint,
    )


@dataclass
class MemorySummaries:
    """Implements `SummaryStore` and `Fences` in memory, for one process."""

    clock: Clock
    summaries: dict[SummaryKey, Summary] = field(default_factory=dict)
    entries: dict[Cause, HistoryEntry] = field(default_factory=dict)
    fences: dict[UUID, int] = field(default_factory=dict)

    async def write(self, readings: Sequence[Reading]) -> list[Outcome]:
        return [self._write(reading) for reading in readings]

    def _write(self, reading: Reading) -> Outcome:
        stored, entry = self.summaries.get(reading.key), self.entries.get(reading.cause)
        found = Found(
            stored=stored,
            entry=entry,
            brought=brought_by(reading.cause, stored, [*self.entries.values()]) if entry else None,
            lowest_generation=self.fences.get(reading.connection_id, 1),
        )
        decision = decide(reading, found, self.clock.now())
        if new := decision.replaces:
            self.entries[new.cause] = HistoryEntry(
                key=new.key,
                cause=new.cause,
                version=new.version,
                run_id=new.run_id,
                read_at=new.read_at,
                written_at=self.clock.now(),
                replaced=stored,
            )
        if decision.store:
            self.summaries[reading.key] = decision.store
        return decision.outcome

    async def find(self, wanted: SummaryFilter, *, after: tuple[str, ...] = (), limit: int) -> list[Summary]:
        def place(summary: Summary) -> tuple[str, ...]:
            return tuple(str(getattr(summary.key, name)) for name in ORDER)

        matching = [
            summary
            for key, summary in self.summaries.items()
            if key.company_id == wanted.company_id
            and wanted.client_id in {None, key.client_id}
            and wanted.provider in {None, key.provider}
            and (wanted.first is None or wanted.first <= key.month)
            and (wanted.last is None or key.month <= wanted.last)
            and place(summary) > after
        ]
        return sorted(matching, key=place)[:limit]

    async def history(self, key: SummaryKey) -> list[HistoryEntry]:
        entries = [entry for entry in self.entries.values() if entry.key == key]
        return chain(self.summaries.get(key), entries)

    async def raise_to(self, connection_id: UUID, generation: int) -> None:
        self.fences[connection_id] = max(generation, self.fences.get(connection_id, 1))
