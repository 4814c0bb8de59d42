"""The sandbox's own time: the machine's, until a test moves or stops it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """The time that tokens, windows and books go by."""

    def __init__(self, stopped_at: datetime | None = None) -> None:
        self._stopped_at = stopped_at
        self._ahead = timedelta()

    def now(self) -> datetime:
        """An aware UTC instant."""
        return (self._stopped_at or datetime.now(UTC)) + self._ahead

    def timestamp(self) -> float:
        """Seconds since 1970."""
        return self.now().timestamp()

    def advance(self, seconds: float) -> None:
        """Go on by so many seconds at once."""
        self._ahead += timedelta(seconds=seconds)
