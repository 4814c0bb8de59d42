"""How summaries look over HTTP."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field
from sync_contracts.metrics import Values
from sync_contracts.month import Month
from sync_contracts.providers import Provider

from summary_writer.summary import HistoryEntry, Summary


class SummaryView(BaseModel):
    """One month of a client's books at a provider; a metric that is absent is not known."""

    client_id: str
    provider: Provider
    month: Month
    values: Values
    notes: tuple[str, ...]
    record_count: int
    fingerprint: str
    connector: str
    connector_version: str
    calls: int = Field(description="Provider calls of the reading that brought the values.")
    read_at: datetime
    run_id: UUID = Field(description="The run that confirmed the values last.")
    job_id: UUID
    attempt: int
    version: int = Field(description="Raised by each write.")

    @property
    def place(self) -> str:
        """Where it stands in the list."""
        return f"{self.client_id}/{self.provider}/{self.month}"

    @classmethod
    def of(cls, summary: Summary) -> Self:
        return cls(
            client_id=summary.key.client_id,
            provider=summary.key.provider,
            month=summary.key.month,
            values=summary.values,
            notes=summary.notes,
            record_count=summary.record_count,
            fingerprint=summary.fingerprint,
            connector=summary.connector,
            connector_version=summary.connector_version,
            calls=summary.calls,
            read_at=summary.read_at,
            run_id=summary.run_id,
            job_id=summary.cause.job_id,
            attempt=summary.cause.attempt,
            version=summary.version,
        )


class HistoryView(BaseModel):
    """One change of a summary and what it replaced; nothing was replaced by the first."""

    run_id: UUID
    job_id: UUID
    attempt: int
    read_at: datetime
    written_at: datetime
    version: int
    replaced: SummaryView | None

    @classmethod
    def of(cls, change: HistoryEntry) -> Self:
        return cls(
            run_id=change.run_id,
            job_id=change.cause.job_id,
            attempt=change.cause.attempt,
            read_at=change.read_at,
            written_at=change.written_at,
            version=change.version,
            replaced=SummaryView.of(change.replaced) if change.replaced else None,
        )


class SummaryPage(BaseModel):
    """Some summaries in order."""

    items: list[SummaryView]
    next: str | None = Field(description="Pass it as `after` for the next page; null on the last.")


class HistoryPage(BaseModel):
    """Some changes, newest first."""

    items: list[HistoryView]
    next: int | None = Field(description="Pass it as `before` for the next page; null on the last.")
