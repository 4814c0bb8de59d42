"""Keeps every provider's limits: short waits happen here, longer ones are the orchestrator's."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum

from sync_contracts.providers import Provider

from connectors.clock import Clock
from connectors.errors import ThrottledError

MAX_WAIT_S = 20.0
DAY_S = 86_400.0
_MANY_METERS = 20_000
_MIN_KEPT_S = 3600.0


class Scope(StrEnum):
    """Whose calls are counted together."""

    ACCOUNT = "account"
    APP = "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """At most `calls` in any `per_s` seconds and `concurrent` at once; None where nothing is published."""

    name: str
    scope: Scope = Scope.ACCOUNT
    calls: int | None = None
    per_s: float = 60.0
    concurrent: int | None = None

    @property
    def is_daily(self) -> bool:
        return self.per_s >= DAY_S


def budget_key(budget: Budget, provider: Provider, account_key: str) -> str:
    """What a wait is announced under: the account's key itself, or the provider's app."""
    return account_key if budget.scope is Scope.ACCOUNT else f"{provider}/app"


@dataclass(slots=True)
class _Pause:
    until_s: float = 0.0
    daily: bool = False


@dataclass(slots=True)
class _Meter:
    """One budget of one key: when its calls began, and how many run."""

    gate: asyncio.Semaphore | None
    kept_s: float
    budget: Budget
    began_s: deque[float] = field(default_factory=deque)
    running: int = 0

    def used(self, now_s: float, per_s: float) -> int:
        """Calls in the window that ends now; older ones are forgotten."""
        while self.began_s and self.began_s[0] <= now_s - per_s:
            self.began_s.popleft()
        return len(self.began_s)

    def leave(self) -> None:
        """A call that had entered has ended."""
        self.running -= 1
        if self.gate is not None:
            self.gate.release()

    def wait_s(self, now_s: float, allowed: int, per_s: float) -> float:
        """Seconds until another call has its place."""
        excess = self.used(now_s, per_s) - allowed
        return 0.0 if excess < 0 else self.began_s[excess] + per_s - now_s


class Limiter:
    """Sliding windows and concurrency by key; providers' own headers correct the estimate."""

    def __init__(self, clock: Clock, *, app_share: float = 1.0) -> None:
        self.app_share = app_share
        self._clock = clock
        self._meters: dict[tuple[str, str], _Meter] = {}
        self._too_many = _MANY_METERS
        self._pauses: dict[str, _Pause] = {}
        self._strikes: Counter[str] = Counter()

    @asynccontextmanager
    async def slot(
        self,
        provider: Provider,
        account_key: str,
        budgets: Sequence[Budget],
        *,
        max_wait_s: float = MAX_WAIT_S,
    ) -> AsyncIterator[None]:
        """One call's turn; ThrottledError when it would have to wait longer than `max_wait_s`."""
        wait_s = min(max_wait_s, MAX_WAIT_S)
        keyed = [(budget, budget_key(budget, provider, account_key)) for budget in budgets]
        entered: list[_Meter] = []
        try:
            for budget, key in keyed:
                entered.append(await self._enter(budget, key, wait_s))
            await self._turn(keyed, wait_s)
            yield
        finally:
            for meter in entered:
                meter.leave()

    def pause(self, key: str, seconds: float, *, daily: bool = False) -> None:
        """No call under this key for so long: the provider said so."""
        until_s = self._clock.monotonic_s() + seconds
        if until_s > self._pauses.setdefault(key, _Pause()).until_s:
            self._pauses[key] = _Pause(until_s, daily)

    def strike(self, key: str) -> int:
        """How often in a row the provider has throttled; calls refused together are one time."""
        if self._clock.monotonic_s() >= self._pauses.get(key, _Pause()).until_s:
            self._strikes[key] += 1
        return self._strikes[key]

    def passed(self, key: str) -> None:
        """A call was let through: the next strike is the first again."""
        self._strikes.pop(key, None)

    def correct(self, budget: Budget, key: str, used: int) -> None:
        """The provider has counted `used` calls in its window; what we did not see was somebody else's."""
        meter, now_s = self._meter(budget, key), self._clock.monotonic_s()
        meter.began_s.extend([now_s] * (used - meter.used(now_s, budget.per_s)))

    def left(self) -> dict[tuple[str, str], int]:
        """By provider and budget: the fewest calls that any account known here may still make now."""
        found: dict[tuple[str, str], int] = {}
        now_s = self._clock.monotonic_s()
        for (key, name), meter in self._meters.items():
            if meter.budget.calls is not None:
                place = key.partition("/")[0], name
                left = self._left(key, meter, now_s)
                found[place] = min(left, found.get(place, left))
        return found

    def _left(self, key: str, meter: _Meter, now_s: float) -> int:
        pause = self._pauses.get(key)
        if pause and pause.until_s > now_s and pause.daily is meter.budget.is_daily:
            return 0
        return max(0, self._allowed(meter.budget) - meter.used(now_s, meter.budget.per_s))

    async def _enter(self, budget: Budget, key: str, max_wait_s: float) -> _Meter:
        """A place among the calls at once; whoever gets it leaves the meter afterwards."""
        meter = self._meter(budget, key)
        meter.running += 1
        try:
            if meter.gate is not None and meter.gate.locked():
                async with asyncio.timeout(max_wait_s):
                    await meter.gate.acquire()
            elif meter.gate is not None:
                await meter.gate.acquire()
        except BaseException as error:
            meter.running -= 1
            if isinstance(error, TimeoutError):
                raise ThrottledError(
                    "all places for calls at once stayed taken", retry_after_s=max_wait_s, budget_key=key
                ) from None
            raise
        return meter

    async def _turn(self, keyed: list[tuple[Budget, str]], max_wait_s: float) -> None:
        deadline_s = self._clock.monotonic_s() + max_wait_s
        while True:
            now_s = self._clock.monotonic_s()
            wait_s, key, daily = max(self._waits(keyed, now_s))
            if wait_s <= 0:
                break
            if now_s + wait_s > deadline_s:
                raise ThrottledError(
                    "the limit is used up", retry_after_s=wait_s, budget_key=key, daily=daily
                )
            await self._clock.sleep(wait_s)
        for budget, key in keyed:
            self._meter(budget, key).began_s.append(now_s)

    def _waits(self, keyed: list[tuple[Budget, str]], now_s: float) -> list[tuple[float, str, bool]]:
        waits = [(0.0, "", False)]
        for budget, key in keyed:
            if (pause := self._pauses.get(key)) is not None:
                waits.append((pause.until_s - now_s, key, pause.daily))
            if budget.calls is not None:
                wait_s = self._meter(budget, key).wait_s(now_s, self._allowed(budget), budget.per_s)
                waits.append((wait_s, key, budget.is_daily))
        return waits

    def _allowed(self, budget: Budget) -> int:
        calls = budget.calls or 1
        return max(1, int(calls * self.app_share)) if budget.scope is Scope.APP else calls

    def _meter(self, budget: Budget, key: str) -> _Meter:
        found = self._meters.get((key, budget.name))
        if found is None:
            self._forget_idle()
            gate = asyncio.Semaphore(budget.concurrent) if budget.concurrent else None
            found = self._meters[key, budget.name] = _Meter(gate, max(budget.per_s, _MIN_KEPT_S), budget)
        return found

    def _forget_idle(self) -> None:
        if len(self._meters) < self._too_many:
            return
        now_s = self._clock.monotonic_s()
        for name, meter in list(self._meters.items()):
            if not meter.running and (not meter.began_s or meter.began_s[-1] < now_s - meter.kept_s):
                del self._meters[name]
        self._pauses = {key: pause for key, pause in self._pauses.items() if pause.until_s > now_s}
        self._too_many = max(_MANY_METERS, 2 * len(self._meters))  # so that not each new one looks
