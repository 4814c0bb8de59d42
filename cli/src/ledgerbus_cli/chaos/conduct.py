"""A whole chaos: blows while people work, then quiet, then the verdict."""

import asyncio
import os
import platform
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

import httpx
from sandbox.embedded import BrokerKind
from sync_contracts.providers import Provider

from ledgerbus_cli.chaos import hearsay
from ledgerbus_cli.chaos.collection import Collection
from ledgerbus_cli.chaos.disturbances import Disturbances, Revivals
from ledgerbus_cli.chaos.evidence import Client, Done, Evidence
from ledgerbus_cli.chaos.findings import Finding
from ledgerbus_cli.chaos.firm import Firm
from ledgerbus_cli.chaos.lag import behind
from ledgerbus_cli.chaos.observer import Observer
from ledgerbus_cli.chaos.oracle import judge
from ledgerbus_cli.chaos.recovery import Recovery, recoveries
from ledgerbus_cli.chaos.schedule import Blow, Kind
from ledgerbus_cli.chaos.workload import Workload
from ledgerbus_cli.inbox import Inbox
from ledgerbus_cli.outbox import Outbox
from ledgerbus_cli.platform_client import COMPANY, OWNER, Platform
from ledgerbus_cli.problems import LedgerbusError
from ledgerbus_cli.sandbox_client import SandboxClient
from ledgerbus_cli.service_calls import TIMEOUT_S
from ledgerbus_cli.supervision import Patience, supervise
from ledgerbus_cli.system import System

DOUBLED = ("connector-workers", "sync-orchestrator")
# Waits of minutes, which would outlast the chaos, last seconds; what is promised stays as it is.
ENVIRONMENT: Mapping[str, str] = MappingProxyType(
    {
        "CONNECTOR_WORKERS__PROVIDER_PAUSE_S": "2",
        "CONNECTOR_WORKERS__LONGEST_READING_S": "60",
        "SYNC_ORCHESTRATOR__OUTAGE_FIRST_GAP_S": "2",
        "SYNC_ORCHESTRATOR__OUTAGE_LONGEST_GAP_S": "10",
        "SYNC_ORCHESTRATOR__OUTAGE_ATTEMPTS": "100",
        "SYNC_ORCHESTRATOR__LOST_AFTER_S": "20",
        "SYNC_ORCHESTRATOR__SILENCE_GRACE_S": "5",
        "SYNC_ORCHESTRATOR__WATCH_EVERY_S": "1",
        "SYNC_ORCHESTRATOR__PLANNING_PATIENCE_S": "5",
        "SYNC_ORCHESTRATOR__LEASE_S": "5",
        "SYNC_ORCHESTRATOR__CANCEL_GRACE_S": "5",
    }
)
BROKERS = {BrokerKind.TANSU: "embedded", BrokerKind.KAFKA: "Apache Kafka"}
_MET_BY_READING = frozenset({Kind.HANG, Kind.ROTATE})  # unless somebody reads, they disturb nothing
REPEATED = 0.15  # of all messages
_QUIET_S = 240.0
_LOOK_EVERY_S = 1.0
_AT_ONCE = 8


@dataclass(slots=True)
class Outcome:
    """What a chaos brought to light."""

    seed: int
    minutes: float
    broker: str
    machine: str
    evidence: Evidence
    findings: list[Finding]
    recoveries: list[Recovery]
    repeated: int
    seconds: dict[str, float]


@dataclass(slots=True)
class Chaos:
    """One system under way, with all that watches and disturbs it; `open_chaos` makes it."""

    system: System
    platform: Platform
    sandbox: SandboxClient
    observer: Observer
    firm: Firm
    workload: Workload
    disturbances: Disturbances
    tell: Callable[[str], None]
    broker: str
    forgets: bool
    helpers: "list[asyncio.Task[None]]"
    done: list[Done] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    async def connect(self) -> None:
        """All clients, at all accounting systems."""
        for provider in self.firm.providers:
            await self.platform.enable(provider)
        places = asyncio.Semaphore(_AT_ONCE)

        async def save(client: Client) -> None:
            async with places:
                account = self.firm.accounts[client]
                await self.platform.save(client.name, client.provider, account.credentials)

        await asyncio.gather(*map(save, self.firm.accounts))

    async def disturb(self, blows: tuple[Blow, ...]) -> None:
        """Each at its time, one beside the other."""
        began_s = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for blow in blows:
                await asyncio.sleep(max(0.0, began_s + blow.at_s - time.monotonic()))
                self.expect_help()
                self.tell(f"{time.monotonic() - began_s:6.1f} s  {blow}")
                group.create_task(self.strike(blow))
                if blow.kind in _MET_BY_READING:
                    group.create_task(self.workload.read_anything_of(Provider(blow.target)))

    async def strike(self, blow: Blow) -> None:
        """One blow, until what it hit is back."""
        began_at = datetime.now(UTC)
        try:
            done = await self.disturbances.carry_out(blow)
        except (TimeoutError, LedgerbusError, httpx.HTTPError) as error:
            told = f"{type(error).__name__} {error}".strip()
            done = Done(blow=blow, began_at=began_at, ended_at=datetime.now(UTC), trouble=told)
        self.done.append(done)

    def expect_help(self) -> None:
        """Raises what ended the supervision or the sending again: then nothing is worth judging."""
        for helper in self.helpers:
            if helper.done():
                helper.result()

    async def settle(self, within_s: float = _QUIET_S) -> None:
        """Heal everything and wait until nothing is left to do, or the patience is over."""
        self.expect_help()
        self.observer.stop_repeating()
        await self.sandbox.heal()
        await self._until(self._is_at_rest, within_s)
        await self.observer.catch_up()

    async def outcome(self, *, seed: int, minutes: float) -> Outcome:
        """The verdict over all that is known now."""
        collection = Collection(
            platform=self.platform,
            sandbox=self.sandbox,
            observer=self.observer,
            firm=self.firm,
            forgets=self.forgets,
        )
        evidence = await collection.evidence(self.workload.asked.values(), self.done, await self._not_ready())
        return Outcome(
            seed=seed,
            minutes=minutes,
            broker=self.broker,
            machine=f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
            evidence=evidence,
            findings=judge(evidence),
            recoveries=recoveries(self.done, hearsay.progress(self.observer.heard)),
            repeated=self.observer.repeated,
            seconds=self.seconds,
        )

    @asynccontextmanager
    async def timed(self, what: str) -> AsyncIterator[None]:
        self.tell(f"{what}…")
        began_s = time.monotonic()
        yield
        self.seconds[what] = time.monotonic() - began_s

    async def _is_at_rest(self) -> bool:
        if self.workload.unanswered or await self._not_ready():
            return False
        open_runs = await self.platform.runs(states=("planning", "open", "cancelling", "expiring"))
        if open_runs:
            return False
        return not await behind(str(self.platform.addresses.kafka), self.observer.ends)

    async def _not_ready(self) -> list[str]:
        names = list(self.system.services)
        ready = await asyncio.gather(*(self._is_ready(name) for name in names))
        return [name for name, is_ready in zip(names, ready, strict=True) if not is_ready]

    async def _is_ready(self, name: str) -> bool:
        with suppress(httpx.TransportError):
            url = f"http://127.0.0.1:{self.system.ports[name]}/ready"
            return (await self.platform.http.get(url, timeout=5)).status_code == 200
        return False

    async def _until(self, condition: Callable[[], Awaitable[bool]], within_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not await condition():  # noqa: ASYNC110 (it looks at other processes)
                    await asyncio.sleep(_LOOK_EVERY_S)


@asynccontextmanager
async def open_chaos(
    system: System,
    *,
    seed: int,
    tell: Callable[[str], None],
    doubled: Iterable[str] = (),
    repeated: float = REPEATED,
) -> AsyncIterator[Chaos]:
    """Start the system, watch over it and listen; everything is stopped at the end."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(system)
        await asyncio.gather(*map(system.add, doubled))
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False))
        observer = await stack.enter_async_context(
            Observer(system.addresses.kafka, seed=seed, share=repeated)
        )
        outboxes = await stack.enter_async_context(AsyncExitStack())
        sandbox = SandboxClient(http, str(system.addresses.sandbox))
        accounts = await sandbox.accounts()
        firm = Firm({Client(one.account, one.provider): one for one in accounts})
        platform = Platform(
            addresses=system.addresses,
            key=system.key,
            inbox=Inbox(system.addresses.kafka),  # stays closed: the observer hears
            outbox=await outboxes.enter_async_context(Outbox(system.addresses.kafka)),
            http=http,
            company_id=COMPANY,
            actor=OWNER,
        )
        workload = Workload(
            firm=firm,
            observer=observer,
            outbox=platform.outbox,
            last_month=accounts[0].last_month,
            chance=random.Random(seed),  # noqa: S311 (what is asked for, not a secret)
        )
        revivals = Revivals()

        async def stand_back() -> None:
            if system.stack.broker_forgets:
                await outboxes.aclose()
                await observer.stand_back()

        async def begin_anew() -> None:
            if system.stack.broker_forgets:
                await observer.begin_anew()
                workload.forgotten |= workload.open_runs
                workload.outbox = await outboxes.enter_async_context(Outbox(system.addresses.kafka))

        disturbances = Disturbances(
            system=system,
            sandbox=sandbox,
            platform=platform,
            firm=firm,
            revivals=revivals,
            last_month=workload.last_month,
            before_broker=stand_back,
            after_broker=begin_anew,
        )
        helpers = [
            supervise(system, tell, patience=Patience(first_s=0.3, longest_s=2.0), revived=revivals.told),
            workload.send_again(),
        ]
        tasks = [asyncio.create_task(one) for one in helpers]
        stack.push_async_callback(_cancel, tasks)
        yield Chaos(
            system=system,
            platform=platform,
            sandbox=sandbox,
            observer=observer,
            firm=firm,
            workload=workload,
            disturbances=disturbances,
            tell=tell,
            broker=BROKERS[system.broker],
            forgets=system.stack.broker_forgets,
            helpers=tasks,
        )


async def conduct(chaos: Chaos, *acts: tuple[Blow, ...], seed: int, minutes: float) -> Outcome:
    """The whole of it on a system that has just been opened; each act begins when the last is over."""
    async with chaos.timed("connecting"):
        await chaos.connect()
    async with chaos.timed("chaos"):
        working = asyncio.create_task(chaos.workload.run())
        try:
            until_s = time.monotonic() + minutes * 60
            for blows in acts:
                await chaos.disturb(blows)
            await asyncio.sleep(max(0.0, until_s - time.monotonic()))
            if working.done():
                working.result()
        finally:
            await _cancel([working])
    async with chaos.timed("quiet"):
        await chaos.settle()
    async with chaos.timed("verdict"):
        return await chaos.outcome(seed=seed, minutes=minutes)


async def _cancel(tasks: "list[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
