"""Carries out blows: by signals, through the sandbox, and at connections as people do."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from sync_contracts.month import Month
from sync_contracts.providers import Provider

from ledgerbus_cli.chaos.evidence import Done
from ledgerbus_cli.chaos.firm import Firm
from ledgerbus_cli.chaos.schedule import Blow, Kind
from ledgerbus_cli.platform_client import Platform
from ledgerbus_cli.problems import ProblemAnswerError, UnreachableError
from ledgerbus_cli.sandbox_client import SandboxClient
from ledgerbus_cli.system import System

T = TypeVar("T")

FAULTS = {
    Kind.FAIL: "error_500",
    Kind.GATEWAY: "gateway_502",
    Kind.HANG: "hang",
    Kind.THROTTLE: "throttle_429",
}
_SIGNALS = {Kind.KILL: signal.SIGKILL, Kind.RESTART: signal.SIGTERM}
_RETRY_AFTER_S = 2
_BACK_S = 180.0
_OTHERWISE_BACK_S = 20.0
_PATIENCE_S = 90.0
_MONTHS = 12
_CHANGES = ("sales_invoice", "purchase_invoice", "sales_credit_note", "manual_journal")


@dataclass(slots=True)
class Revivals:
    """Which processes have come back, and how often."""

    times: dict[str, int] = field(default_factory=dict)

    def told(self, name: str) -> None:
        """Called by the supervision."""
        self.times[name] = self.times.get(name, 0) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbances:
    """One running system and everything that can happen to it."""

    system: System
    sandbox: SandboxClient
    platform: Platform
    firm: Firm
    revivals: Revivals
    last_month: Month
    before_broker: Callable[[], Awaitable[None]]
    after_broker: Callable[[], Awaitable[None]]

    async def carry_out(self, blow: Blow) -> Done:
        """Until what was hit is back, or the trouble over."""
        began_at = datetime.now(UTC)
        match blow.kind:
            case Kind.KILL | Kind.RESTART:
                note = await self._strike(blow)
            case Kind.PAUSE:
                note = await self._pause(blow)
            case Kind.ROTATE:
                note = await self._rotate(Provider(blow.target))
            case Kind.RESAVE | Kind.DELETE | Kind.CHANGE | Kind.UNREADABLE:
                note = await self._at_client(blow)
            case _:
                note = await self._trouble(Provider(blow.target), blow)
        return Done(blow=blow, began_at=began_at, ended_at=datetime.now(UTC), note=note)

    async def _strike(self, blow: Blow) -> str:
        """SIGKILL or SIGTERM; the supervision brings it back."""
        name, before = blow.target, self.revivals.times.get(blow.target, 0)
        if name == "broker":
            await self.before_broker()
        pid = self.system.processes[name].pid
        if pid is None:
            return "was down already"
        os.kill(pid, _SIGNALS[blow.kind])
        async with asyncio.timeout(_BACK_S):
            await self._back(name, pid, before)
        if name == "broker":
            await self.after_broker()
        return str(pid)

    async def _back(self, name: str, pid: int, before: int) -> None:
        """Started again by the supervision, or by a restart of the broker that was under way."""
        other_since: float | None = None
        while self.revivals.times.get(name, 0) == before:
            if self.system.processes[name].pid in {None, pid}:
                other_since = None
            elif other_since is None:
                other_since = time.monotonic()
            elif time.monotonic() - other_since > _OTHERWISE_BACK_S:
                return
            await asyncio.sleep(0.05)

    async def _pause(self, blow: Blow) -> str:
        pid = self.system.processes[blow.target].pid
        if pid is None:
            return "was down already"
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(blow.lasts_s)
        finally:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        return str(pid)

    async def _trouble(self, provider: Provider, blow: Blow) -> str:
        await self.sandbox.fault(
            provider, FAULTS[blow.kind], seconds=blow.lasts_s, retry_after_s=_RETRY_AFTER_S
        )
        await asyncio.sleep(blow.lasts_s)
        return ""

    async def _rotate(self, provider: Provider) -> str:
        if provider is Provider.TRIPLETEX:
            await self.sandbox.fault(provider, "session_expired", times=1)
        else:
            wanted = {"expire": True} | ({"change": True} if provider is Provider.QUICKBOOKS else {})
            await self.sandbox.post(f"/{provider}/_tokens", wanted)
        return ""

    async def _at_client(self, blow: Blow) -> str:
        match blow.kind:
            case Kind.RESAVE:
                return await self._save_again(blow)
            case Kind.DELETE:
                return await self._delete(blow)
            case Kind.CHANGE:
                return await self._change(blow)
            case _:
                return await self._spoil(blow)

    async def _save_again(self, blow: Blow) -> str:
        client = self.firm.chosen_keyed(blow.choice)
        credentials = self.firm.accounts[client].credentials
        times = await _persist(lambda: self.platform.save(client.name, client.provider, credentials))
        self.firm.saved_again[client] = self.firm.saved_again.get(client, 0) + times
        return str(client)

    async def _delete(self, blow: Blow) -> str:
        client = self.firm.chosen_to_delete(blow.choice)
        if client is None:
            return "none to spare"
        self.firm.deleted[client] = datetime.max.replace(tzinfo=UTC)
        await _persist(lambda: self.platform.delete(client.name, client.provider))
        self.firm.deleted[client] = datetime.now(UTC)
        return str(client)

    async def _change(self, blow: Blow) -> str:
        client = self.firm.chosen(blow.choice)
        dice = int(blow.choice * 10**6)
        month = self.last_month.plus(-(dice % _MONTHS))
        kind = _CHANGES[dice // _MONTHS % len(_CHANGES)]
        applied_at = await self.sandbox.change(self.firm.accounts[client], month, "add", kind)
        self.firm.changed.setdefault(client, []).append(applied_at)
        return f"{client}/{month} {kind}"

    async def _spoil(self, blow: Blow) -> str:
        client = self.firm.chosen(blow.choice)
        await self.sandbox.fault(client.provider, "unreadable", client.name, seconds=blow.lasts_s)
        await asyncio.sleep(blow.lasts_s)
        return str(client)


async def _persist(work: Callable[[], Awaitable[object]]) -> int:
    """As a person does: again, while a service is away; tells how many times it took."""
    times = 0
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            times += 1
            try:
                await work()
            except UnreachableError:
                pass
            except ProblemAnswerError as error:
                if error.status < 500 and error.status != 409:
                    raise
            else:
                return times
            await asyncio.sleep(1.0)
