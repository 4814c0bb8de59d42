"""Puts a system under load and measures it: many clients' months at once, then one client at a time."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from rich.console import Console
from sandbox.embedded import BrokerKind
from sync_contracts.month import Month, Months
from sync_contracts.providers import Provider
from sync_contracts.runs import RunEnding, SyncCompleted

from ledgerbus_cli.follow import follow
from ledgerbus_cli.load.meters import Meter, Meters
from ledgerbus_cli.platform_client import Platform, open_platform
from ledgerbus_cli.sandbox_client import SandboxAccount, SandboxClient
from ledgerbus_cli.system import System

SERVERS = ("broker", "vault", "database", "sandbox")
_AT_ONCE = 16
_RUN_S = 4 * 3600.0
_IDLE_CPU = 0.02
_IDLE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How much load: one bulk of all clients for each month, so many single clients after it."""

    provider: Provider
    clients: int
    months: int
    call_ms: float
    workers: int
    slots: int | None
    singles: int
    broker: BrokerKind


@dataclass(slots=True)
class Measured:
    """What was seen; CPU and memory by process."""

    wish: Wish
    jobs: int = 0
    calls: int = 0
    connect_s: float = 0.0
    bulk_s: float = 0.0
    first_start_s: float = 0.0
    meters: dict[str, Meter] = field(default_factory=dict)
    single_s: list[float] = field(default_factory=list)
    single_answering_s: float = 0.0  # of each, the provider's own time
    faults: list[str] = field(default_factory=list)

    def cpu_ms_a_job(self, name: str) -> float:
        return self.meters[name].cpu_s * 1000 / self.jobs if self.jobs else 0.0

    @property
    def services(self) -> list[str]:
        """The processes whose cost is ours; servers and sandbox are not."""
        return [name for name in self.meters if name not in SERVERS]

    @property
    def own_cpu_ms_a_job(self) -> float:
        return sum(self.cpu_ms_a_job(name) for name in self.services)

    @property
    def jobs_a_second(self) -> float:
        return self.jobs / self.bulk_s if self.bulk_s else 0.0

    @property
    def calls_a_job(self) -> float:
        return self.calls / self.jobs if self.jobs else 0.0


async def measure(system: System, wish: Wish, console: Console) -> Measured:
    """Start the system, connect the clients, run the load; the system is stopped at the end."""
    measured = Measured(wish)
    async with (
        system,
        httpx.AsyncClient(timeout=120, trust_env=False) as http,
        open_platform(system.addresses, system.key) as platform,
    ):
        for _ in range(wish.workers - 1):
            await system.add("connector-workers")
        load = _Load(system, platform, SandboxClient(http, str(system.addresses.sandbox)), console, measured)
        await load.run()
    return measured


@dataclass(slots=True)
class _Load:
    system: System
    platform: Platform
    sandbox: SandboxClient
    console: Console
    measured: Measured

    async def run(self) -> None:
        wish, measured = self.measured.wish, self.measured
        accounts = [one for one in await self.sandbox.accounts() if one.provider is wish.provider]
        clients = accounts[: wish.clients]
        began_s = time.monotonic()
        await self._connect(clients)
        measured.connect_s = time.monotonic() - began_s
        if wish.call_ms:
            await self.sandbox.slow_down(wish.provider, wish.call_ms / 1000)
        *_, earlier, last = Months.ending(clients[0].last_month, 2)
        months = list(Months.ending(last, wish.months))
        # Once before, as in any month but a connection's first: keys are then at hand and known to be good.
        await self._bulk([one.account for one in clients], [earlier])
        async with self._metered():
            await self._bulk([one.account for one in clients], months)
        answering_s = await self.sandbox.answering_s()
        for number in range(wish.singles):
            await _at_rest(self._pids)
            await self._single(clients[number % len(clients)], clients[0].last_month)
        if wish.singles:
            measured.single_answering_s = (await self.sandbox.answering_s() - answering_s) / wish.singles

    @property
    def _pids(self) -> dict[str, int]:
        return {name: one.pid for name, one in self.system.processes.items() if one.pid is not None}

    async def _connect(self, clients: list[SandboxAccount]) -> None:
        await self.platform.enable(self.measured.wish.provider)
        places = asyncio.Semaphore(_AT_ONCE)

        async def save(client: SandboxAccount) -> None:
            async with places:
                await self.platform.save(client.account, client.provider, client.credentials)

        await asyncio.gather(*map(save, clients))

    @asynccontextmanager
    async def _metered(self) -> AsyncIterator[None]:
        """Cost of the block, from a system that has come to rest to its last receipt."""
        await _at_rest(self._pids)
        calls = (await self.sandbox.calls()).get("read", 0)
        async with Meters(self._pids) as meters:
            yield
        self.measured.meters = meters.of
        self.measured.calls = (await self.sandbox.calls()).get("read", 0) - calls

    async def _bulk(self, clients: list[str], months: list[Month]) -> None:
        began_s = time.monotonic()
        requests = {
            month: await self.platform.bulk(clients, self.measured.wish.provider, month) for month in months
        }
        runs = {
            (await self.platform.accepted(request, within_s=300)).run_id: f"bulk {month}"
            for month, request in requests.items()
        }
        receipts = await follow(self.platform, runs, self.console, within_s=_RUN_S)
        self.measured.bulk_s = time.monotonic() - began_s
        self.measured.jobs = sum(receipt.counts.total for receipt in receipts)
        starts = [one.started_at for one in receipts if one.started_at is not None]
        asked = min(one.requested_at for one in receipts)
        self.measured.first_start_s = (min(starts) - asked).total_seconds() if starts else 0.0
        for receipt in receipts:
            self._expect_whole(receipt)

    async def _single(self, client: SandboxAccount, month: Month) -> None:
        """From the request to its receipt."""
        began_s = time.monotonic()
        request = await self.platform.bulk([client.account], self.measured.wish.provider, month)
        run_id = self.platform.run_id(request)
        receipt = await self.platform.inbox.first(
            (SyncCompleted,), lambda one: one.run_id == run_id, f"the end of run {run_id}", within_s=60
        )
        self.measured.single_s.append(time.monotonic() - began_s)
        self._expect_whole(receipt)

    def _expect_whole(self, receipt: SyncCompleted) -> None:
        if receipt.ending is not RunEnding.COMPLETED:
            self.measured.faults.append(f"a run ended {receipt.ending}: {receipt.message}")


async def _at_rest(pids: dict[str, int]) -> None:
    """Wait until what was asked for has been dealt with, a minute at most."""
    deadline_s = time.monotonic() + _IDLE_S
    while time.monotonic() < deadline_s:
        async with Meters(pids) as meters:
            await asyncio.sleep(1.0)
        if sum(meter.cpu_s for meter in meters.of.values()) < _IDLE_CPU * len(pids):
            return
