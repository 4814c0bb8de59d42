"""Stand-ins for the outside world in unit tests."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sync_contracts.event import Event

E = TypeVar("E", bound=Event)


@dataclass
class FakeClock:
    """A clock that moves only when told."""

    at: datetime = datetime(2026, 5, 2, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class RecordingPublisher:
    """Implements `Publish`: keeps what was sent; `fail_with` makes the next sending fail."""

    sent: list[Event] = field(default_factory=list)
    traces: list[str | None] = field(default_factory=list)
    fail_with: Exception | None = None

    async def __call__(self, event: Event, *, traceparent: str | None = None) -> None:
        if self.fail_with is not None:
            error, self.fail_with = self.fail_with, None
            raise error
        self.sent.append(event)
        self.traces.append(traceparent)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.sent if isinstance(event, kind)]
