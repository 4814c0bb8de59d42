"""Trouble on demand: what goes wrong, for whom, for how long and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sandbox.clock import Clock

# Every imitation knows these; its own `faults` may name more.
SHARED_FAULTS = frozenset(
    {
        "revoke",
        "error_500",
        "gateway_502",
        "throttle_429",
        "hang",
        "slow",
        "short_page",
        "wrong_company",
        "no_permission",
    }
    | {"plan_too_low", "unreadable", "clock_skew", "echo"}
)
_LONGEST_HANG_S = 600.0


@dataclass(slots=True, eq=False)
class Fault:
    """One switched-on fault."""

    provider: str
    account: str | None  # None: every account of the provider
    name: str
    until: datetime | None
    left: int | None  # how many more calls it meets; None: no end
    options: Mapping[str, Any] = field(default_factory=dict)

    def meets(self, provider: str, account: str) -> bool:
        """Whether this account suffers from it."""
        return self.provider == provider and self.account in {None, account}

    @property
    def status(self) -> int:
        """The status that a gateway answers with."""
        return int(self.options.get("status", 502))

    @property
    def words(self) -> str:
        """What the status is called."""
        return HTTPStatus(self.status).phrase


def gateway_page(fault: Fault) -> Response:
    """The answer of what stands before a vendor's servers, which is nobody's JSON."""
    return HTMLResponse(f"<html><body>{fault.status} {fault.words}</body></html>", fault.status)


class Faults:
    """The faults that are switched on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._active: list[Fault] = []
        self._clearings = 0

    def switch_on(
        self,
        provider: str,
        account: str | None,
        name: str,
        *,
        seconds: float | None = None,
        times: int | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        """Let calls run into a fault, for so many seconds and at most so many times."""
        until = None if seconds is None else self._clock.now() + timedelta(seconds=seconds)
        self._active.append(Fault(provider, account, name, until, times, options or {}))

    def clear(self) -> None:
        """Switch everything off; calls that hang go on."""
        self._active = []
        self._clearings += 1

    def active(self) -> list[Fault]:
        """What is still switched on."""
        now = self._clock.now()
        self._active = [
            one for one in self._active if (one.until is None or now < one.until) and one.left != 0
        ]
        return self._active

    def hit(self, provider: str, account: str, name: str) -> Fault | None:
        """The fault of that name that this call meets, if any; it counts as one time."""
        if not self._active:
            return None
        for fault in self.active():
            if fault.name == name and fault.meets(provider, account):
                if fault.left is not None:
                    fault.left -= 1
                return fault
        return None

    async def hang(self, request: Request, provider: str, account: str) -> None:
        """Keep a call waiting while its fault lasts, its caller stays, and nobody clears it."""
        if slow := self.hit(provider, account, "slow"):
            await asyncio.sleep(float(slow.options.get("each_s", 1.0)))
        fault = self.hit(provider, account, "hang")
        if fault is None:
            return
        until = fault.until or self._clock.now() + timedelta(seconds=_LONGEST_HANG_S)
        clearing = self._clearings
        await request.body()  # asking whether the caller is there would swallow it
        while self._clock.now() < until and clearing == self._clearings:
            if await request.is_disconnected():
                return
            await asyncio.sleep(0.05)
