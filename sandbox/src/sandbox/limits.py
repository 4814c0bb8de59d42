"""Throttling as the vendors do it: so many calls in a window, so many at once."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from sandbox.clock import Clock


@dataclass(frozen=True, slots=True)
class Grant:
    """What a limit says to one call."""

    allowed: bool
    limit: int
    remaining: int
    reset_at: float  # unix seconds
    reset_in_s: float


@dataclass(slots=True)
class _Use:
    opened_at: float = 0.0
    used: int = 0
    granted: int = 0
    refused: int = 0
    peak: int = 0

    def count(self, allowed: bool) -> None:
        if allowed:
            self.used += 1
            self.granted += 1
            self.peak = max(self.peak, self.used)
        else:
            self.refused += 1

    def figures(self, limit: int) -> dict[str, int]:
        return {"limit": limit, "granted": self.granted, "refused": self.refused, "peak": self.peak}


class FixedWindow:
    """So many calls per key and window; a window opens with its first call, or by the clock on the wall."""

    def __init__(self, clock: Clock, limit: int, window_s: float, *, aligned: bool = False) -> None:
        self.limit = limit
        self.window_s = window_s
        self._aligned = aligned
        self._clock = clock
        self._uses: defaultdict[str, _Use] = defaultdict(_Use)

    def take(self, key: str) -> Grant:
        """Count one call of this key, if the limit lets it through."""
        use, now = self._uses[key], self._clock.timestamp()
        if now >= use.opened_at + self.window_s:
            use.opened_at, use.used = now - now % self.window_s if self._aligned else now, 0
        allowed = use.used < self.limit
        use.count(allowed)
        reset_at = use.opened_at + self.window_s
        return Grant(allowed, self.limit, self.limit - use.used, reset_at, max(0.0, reset_at - now))

    def figures(self) -> dict[str, dict[str, int]]:
        """Per key: the limit, what it let through and refused, and the fullest window."""
        return {key: use.figures(self.limit) for key, use in self._uses.items()}


class SlidingWindow:
    """So many calls per key in any span of that length; a call that is refused is not counted."""

    def __init__(self, clock: Clock, limit: int, window_s: float) -> None:
        self.limit = limit
        self.window_s = window_s
        self._clock = clock
        self._uses: defaultdict[str, _Use] = defaultdict(_Use)
        self._taken_at: defaultdict[str, deque[float]] = defaultdict(deque)

    def take(self, key: str) -> Grant:
        """Count one call of this key, if the limit lets it through."""
        use, taken_at, now = self._uses[key], self._taken_at[key], self._clock.timestamp()
        while taken_at and taken_at[0] <= now - self.window_s:
            taken_at.popleft()
        use.used = len(taken_at)
        allowed = use.used < self.limit
        use.count(allowed)
        if allowed:
            taken_at.append(now)
        reset_at = taken_at[0] + self.window_s
        return Grant(allowed, self.limit, self.limit - use.used, reset_at, max(0.0, reset_at - now))

    def figures(self) -> dict[str, dict[str, int]]:
        """Per key: the limit, what it let through and refused, and the fullest span."""
        return {key: use.figures(self.limit) for key, use in self._uses.items()}


class Concurrency:
    """So many calls of one key at the same time."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._uses: defaultdict[str, _Use] = defaultdict(_Use)

    @contextmanager
    def slot(self, key: str) -> Iterator[bool]:
        """Hold a place while the call lasts; False when none is free."""
        use = self._uses[key]
        allowed = use.used < self.limit
        use.count(allowed)
        try:
            yield allowed
        finally:
            use.used -= int(allowed)

    def figures(self) -> dict[str, dict[str, int]]:
        """Per key: the limit, what it let through and refused, and the most at once."""
        return {key: use.figures(self.limit) for key, use in self._uses.items()}


class Limit(Protocol):
    """A limit that tells how it has been used."""

    def figures(self) -> dict[str, dict[str, int]]:
        """Per key: `limit`, `granted`, `refused` and `peak`."""
