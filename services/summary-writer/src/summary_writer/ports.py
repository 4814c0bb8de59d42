"""What the use cases need from the outside."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from sync_contracts.month import Month
from sync_contracts.providers import Provider

from summary_writer.summary import HistoryEntry, Outcome, Reading, Summary, SummaryKey

WriteReading = Callable[[Reading], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryFilter:
    """Which summaries of a company to list; None leaves a field open."""

    company_id: str
    client_id: str | None = None
    provider: Provider | None = None
    first: Month | None = None
    last: Month | None = None


class SummaryStore(Protocol):
    """Keeps summaries and their history, for any number of processes at once."""

    async def write(self, readings: Sequence[Reading]) -> list[Outcome]:
        """What became of each; safe to repeat. May raise whatever `is_outage` knows."""
        ...

    async def find(self, wanted: SummaryFilter, *, after: tuple[str, ...] = (), limit: int) -> list[Summary]:
        """In order of client, provider and month, from behind the place `after` on."""
        ...

    async def history(self, key: SummaryKey) -> list[HistoryEntry]:
        """The changes of one summary, newest first."""
        ...


class Fences(Protocol):
    """The lowest generation of each connection whose readings are still valid."""

    async def raise_to(self, connection_id: UUID, generation: int) -> None:
        """Never lowers it; safe to repeat and in any order."""
        ...
