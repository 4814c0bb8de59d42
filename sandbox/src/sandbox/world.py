"""Everything that the imitations share while the server runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from starlette.routing import BaseRoute

from sandbox.books.ledger import Books
from sandbox.books.live import LiveBooks
from sandbox.books.month import Month
from sandbox.books.profile import Profile
from sandbox.books.totals import Truth
from sandbox.calls import CallKind, Calls
from sandbox.clock import Clock
from sandbox.faults import Fault, Faults
from sandbox.limits import Concurrency, FixedWindow, Limit, SlidingWindow
from sandbox.memo import Memo


@dataclass(slots=True, eq=False)
class Account:
    """One set of books at one provider."""

    provider: str
    number: int  # 1, 2, 3 …
    live: LiveBooks

    @property
    def id(self) -> str:
        """Its name in the sandbox's own answers, such as `xero-0001`."""
        return self.profile.account

    @property
    def profile(self) -> Profile:
        """Whose books they are."""
        return self.live.profile


@dataclass(slots=True, eq=False)
class World:
    """Settings, time, counters, limits and faults of one sandbox."""

    seed: int
    clients: int
    documents: int
    clock: Clock
    memo: Memo = field(default_factory=Memo)
    calls: Calls = field(default_factory=Calls)
    limits: dict[str, dict[str, Limit]] = field(default_factory=dict)
    faults: Faults = field(init=False)

    def __post_init__(self) -> None:
        self.faults = Faults(self.clock)

    def account_id(self, provider: str, number: int) -> str:
        """The name of a provider's account."""
        return f"{provider}-{number:04}"

    def open(self, provider: str, number: int, profile: Profile) -> Account:
        """An account that keeps its books here."""
        return Account(provider, number, LiveBooks(profile, self.clock))

    def window(
        self, provider: str, name: str, limit: int, window_s: float, *, aligned: bool = False
    ) -> FixedWindow:
        """A limit of calls per time, shown in `/_calls`; aligned windows begin with the minute or hour."""
        made = FixedWindow(self.clock, limit, window_s, aligned=aligned)
        self.limits.setdefault(provider, {})[name] = made
        return made

    def sliding_window(self, provider: str, name: str, limit: int, window_s: float) -> SlidingWindow:
        """A limit of calls in any span of time, shown in `/_calls`."""
        made = SlidingWindow(self.clock, limit, window_s)
        self.limits.setdefault(provider, {})[name] = made
        return made

    def concurrency(self, provider: str, name: str, limit: int) -> Concurrency:
        """A limit of calls at once, shown in `/_calls`."""
        made = Concurrency(limit)
        self.limits.setdefault(provider, {})[name] = made
        return made

    def note(self, account: Account, kind: CallKind) -> None:
        """Count one call of an account."""
        self.calls.note(account.provider, account.id, kind)

    def note_throttled(self, account: Account) -> None:
        """Count one call, noted before, that was refused for a limit."""
        self.calls.note_throttled(account.provider, account.id)

    def hit(self, account: Account, fault: str) -> Fault | None:
        """The fault of that name that this call of the account meets, if any."""
        return self.faults.hit(account.provider, account.id, fault)


class Imitation(Protocol):
    """One provider's API, imitated; `registry.py` lists them."""

    @property
    def provider(self) -> str:
        """Its slug."""

    @property
    def accounts(self) -> Sequence[Account]:
        """Its accounts, by number."""

    @property
    def faults(self) -> frozenset[str]:
        """Faults beside those that every imitation knows."""

    def routes(self) -> Sequence[BaseRoute]:
        """Its routes, mounted under `/<provider>`."""

    def credentials(self, account: Account) -> Mapping[str, Any]:
        """What a caller needs to read these books, as a credentials file has it."""

    def endpoints(self, account: Account, root: str) -> Mapping[str, str]:
        """The provider's named hosts, below this address."""

    def truth(self, books: Books, month: Month) -> Truth:
        """What a summary of the month has to say by the provider's rules."""


@runtime_checkable
class Remarking(Protocol):
    """An imitation with more to say about an account than its credentials."""

    def remarks(self, account: Account) -> Mapping[str, Any]:
        """More keys of the account's entry in `/_accounts`."""


def neighbour(accounts: Sequence[Account], account: Account) -> Account:
    """Another account of the provider, for the fault `wrong_company`."""
    return accounts[account.number % len(accounts)]
