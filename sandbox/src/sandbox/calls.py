"""How often each account has been called, and for what; how long the answers took."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal

CallKind = Literal["sign_in", "identity", "read"]
_FIELDS = ("total", "sign_in", "identity", "read", "throttled")


class Calls:
    """Counters per provider and account; a throttled call also counts as what it was."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[str, dict[str, int]]] = {}
        self.reset()

    def reset(self) -> None:
        """Start again from nothing."""
        self._counts = defaultdict(lambda: defaultdict(lambda: dict.fromkeys(_FIELDS, 0)))
        self.answering_s = 0.0

    def note(self, provider: str, account: str, kind: CallKind) -> None:
        """Count one call."""
        counts = self._counts[provider][account]
        counts["total"] += 1
        counts[kind] += 1

    def note_throttled(self, provider: str, account: str) -> None:
        """Count one call, noted before, that was refused for a limit."""
        self._counts[provider][account]["throttled"] += 1

    def snapshot(self) -> dict[str, dict[str, dict[str, int]]]:
        """All counters."""
        return {
            provider: {account: dict(counts) for account, counts in accounts.items()}
            for provider, accounts in self._counts.items()
        }
