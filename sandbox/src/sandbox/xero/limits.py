"""Limits per app and organisation, and the headers and 429 replies that tell of them."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@dataclass
class Limits:
    """Calls at the same time, a minute and a day per organisation, and a minute over the whole app."""

    concurrent: int = 5
    minute: int = 60
    day: int = 5000
    app_minute: int = 10_000


@dataclass(frozen=True)
class Problem:
    """Why a call is not let through, and when it would be."""

    name: str
    retry_after_s: int | None


class _Window:
    """The calls of a rolling span of time."""

    def __init__(self, span: timedelta) -> None:
        self._span = span
        self._at: deque[datetime] = deque()
        self.granted = 0
        self.peak = 0

    def used(self, now: datetime) -> int:
        while self._at and now - self._at[0] >= self._span:
            self._at.popleft()
        return len(self._at)

    def add(self, now: datetime) -> None:
        self._at.append(now)
        self.granted += 1
        self.peak = max(self.peak, len(self._at))

    def opens_in_s(self, now: datetime) -> int:
        return max(1, ceil((self._at[0] + self._span - now).total_seconds())) if self._at else 1


class Gate:
    """Counts the calls of every organisation of every app."""

    def __init__(self, now: Callable[[], datetime], limits: Limits) -> None:
        self._now = now
        self.limits = limits
        self._in_flight: dict[tuple[str, str], int] = defaultdict(int)
        self._minute: dict[tuple[str, str], _Window] = defaultdict(lambda: _Window(MINUTE))
        self._day: dict[tuple[str, str], _Window] = defaultdict(lambda: _Window(DAY))
        self._app: dict[str, _Window] = defaultdict(lambda: _Window(MINUTE))
        self._refused: dict[tuple[str, str], int] = defaultdict(int)

    def enter(self, client_id: str, tenant_id: str) -> Problem | None:
        """Let a call in and count it, or say which limit it would break."""
        key, now = (client_id, tenant_id), self._now()
        windows = (
            ("day", self._day[key], self.limits.day),
            ("appminute", self._app[client_id], self.limits.app_minute),
            ("minute", self._minute[key], self.limits.minute),
        )
        if self._in_flight[key] >= self.limits.concurrent:
            self._refused[key] += 1
            return Problem("concurrent", None)
        for name, window, limit in windows:
            if window.used(now) >= limit:
                self._refused[key] += 1
                return Problem(name, window.opens_in_s(now))
        for _, window, _ in windows:
            window.add(now)
        self._in_flight[key] += 1
        return None

    def leave(self, client_id: str, tenant_id: str) -> None:
        """The call has been answered."""
        self._in_flight[client_id, tenant_id] -= 1

    def headers(self, client_id: str, tenant_id: str) -> dict[str, str]:
        """What is left, as told with every answer."""
        key, now = (client_id, tenant_id), self._now()
        left = {
            "X-DayLimit-Remaining": self.limits.day - self._day[key].used(now),
            "X-MinLimit-Remaining": self.limits.minute - self._minute[key].used(now),
            "X-AppMinLimit-Remaining": self.limits.app_minute - self._app[client_id].used(now),
        }
        return {name: str(max(0, count)) for name, count in left.items()}

    def figures(self) -> dict[str, dict[str, int]]:
        """Per organisation: what its minute let through and refused, and the fullest minute."""
        return {
            tenant_id: {
                "limit": self.limits.minute,
                "granted": window.granted,
                "refused": self._refused[client_id, tenant_id],
                "peak": window.peak,
            }
            for (client_id, tenant_id), window in self._minute.items()
        }
