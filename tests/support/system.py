"""The whole system as processes: one for the test process, and a firm of its own for each test."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import pytest
import pytest_asyncio
from ledgerbus_cli.platform_client import Platform, open_platform
from ledgerbus_cli.system import SERVICES, SandboxOptions, System
from sandbox.embedded import chosen_broker
from service_kit.crash_points import CrashPoint
from support.loopback import loopback_client
from support.otlp import Collector, collecting
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import SyncCompleted

ACCOUNTS = 80
# Shorter than in life, so that a test sees in seconds what takes minutes.
QUICK = {
    "CONNECTOR_WORKERS__LONGEST_READING_S": "60",
    "CONNECTOR_WORKERS__PROVIDER_PAUSE_S": "2",
    "SYNC_ORCHESTRATOR__LOST_AFTER_S": "8",
    "SYNC_ORCHESTRATOR__SILENCE_GRACE_S": "5",
    "SYNC_ORCHESTRATOR__WATCH_EVERY_S": "0.5",
    "SYNC_ORCHESTRATOR__PLANNING_PATIENCE_S": "2",
    "SYNC_ORCHESTRATOR__OUTAGE_FIRST_GAP_S": "2",
    "SYNC_ORCHESTRATOR__SITE_FIRST_GAP_S": "2",
    "SYNC_ORCHESTRATOR__LEASE_S": "3",
    "SYNC_ORCHESTRATOR__CANCEL_GRACE_S": "3",
    "SYNC_ORCHESTRATOR__COUNTED_EVERY_S": "1",
    "NOTIFIER__COUNTED_EVERY_S": "1",
    "OTEL_BSP_SCHEDULE_DELAY": "200",
    "OTEL_METRIC_EXPORT_INTERVAL": "2000",
    **{
        f"{name.upper().replace('-', '_')}__KAFKA__{setting}": value
        for name in SERVICES
        for setting, value in (("SESSION_TIMEOUT_MS", "3000"), ("HEARTBEAT_INTERVAL_MS", "500"))
    },
}

T = TypeVar("T")


CRASH_FILE = "LEDGERBUS_CRASH_FILE"


@dataclass(frozen=True)
class CrashOrder:
    """Kills a running service at a named point, once."""

    file: Path

    def give(self, point: CrashPoint) -> None:
        written = self.file.with_suffix(".new")
        written.write_text(point)
        written.rename(self.file)  # whole at once, for services look at any moment


@dataclass(frozen=True)
class Sandbox:
    """The imitations of the running system."""

    url: str
    numbers: dict[str, Iterator[int]] = field(default_factory=dict)

    async def fresh_account(self, provider: Provider) -> dict[str, Any]:
        """One that no other test has."""
        number = next(self.numbers.setdefault(provider, itertools.count(1)))
        accounts = await self._call("GET", f"/_accounts?provider={provider}")
        assert number <= len(accounts), "the sandbox has too few accounts for the tests"
        return dict(accounts[number - 1])

    async def accounts(self) -> list[dict[str, Any]]:
        return list(await self._call("GET", "/_accounts"))

    async def truth(self, account: dict[str, Any], month: Month) -> dict[str, str]:
        """Metric by metric, what the books say now."""
        answer = await self._call("GET", f"/_truth/{account['provider']}/{account['account']}/{month}")
        return {metric: value["value"] for metric, value in answer["values"].items()}

    async def fault(self, account: dict[str, Any], fault: str, **options: Any) -> None:
        body = {"provider": account["provider"], "account": account["account"], "fault": fault, **options}
        await self._call("POST", "/_control", body)

    async def fault_all(self, provider: Provider, fault: str, **options: Any) -> None:
        """Trouble for every account of a provider."""
        await self._call("POST", "/_control", {"provider": provider, "fault": fault, **options})

    async def heal(self) -> None:
        await self._call("DELETE", "/_control")

    async def mutate(self, account: dict[str, Any], month: Month, action: str, kind: str) -> None:
        body = {"provider": account["provider"], "account": account["account"], "month": str(month)}
        await self._call("POST", "/_control/mutate", body | {"action": action, "kind": kind})

    async def calls(self, account: dict[str, Any]) -> dict[str, int]:
        calls = (await self._call("GET", "/_calls"))["calls"]
        return dict(calls.get(account["provider"], {}).get(account["account"], {}))

    async def calls_of(self, provider: Provider) -> int:
        """All calls of a provider so far."""
        accounts = (await self._call("GET", "/_calls"))["calls"].get(provider, {})
        return sum(calls["total"] for calls in accounts.values())

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        async with loopback_client(base_url=self.url, timeout=30) as client:
            answer = (await client.request(method, path, json=body)).raise_for_status()
            return answer.json() if answer.content else None


@dataclass
class Firm:
    """One accounting firm at work: its platform, and which client has which books."""

    platform: Platform
    sandbox: Sandbox
    accounts: dict[tuple[str, Provider], dict[str, Any]] = field(default_factory=dict)

    async def connect(
        self, client_id: str, provider: Provider, account: dict[str, Any] | None = None
    ) -> None:
        """Enable the provider and save the client's credentials."""
        account = account or await self.sandbox.fresh_account(provider)
        await self.platform.enable(provider)
        await self.platform.save(client_id, provider, account["credentials"])
        self.accounts[client_id, provider] = account

    async def assert_truth(self, client_id: str, provider: Provider, *months: Month) -> None:
        """The stored summary of each month says what the books say, no more and no less."""
        for month in months:
            stored = await self.platform.summaries(client_id, provider, first=month, last=month)
            assert len(stored) == 1, f"{client_id} {provider} {month}: {len(stored)} summaries"
            found = {metric: value["value"] for metric, value in stored[0]["values"].items()}
            truth = await self.sandbox.truth(self.accounts[client_id, provider], month)
            assert found == truth, f"{client_id} {provider} {month}"

    async def run_bulk(
        self, clients: list[str], provider: Provider, month: Month, *, within_s: float = 60.0
    ) -> SyncCompleted:
        request = await self.platform.bulk(clients, provider, month)
        return await self.platform.receipt(request, within_s=within_s)


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Receives the spans and metrics of all processes, in memory."""
    with collecting() as running:
        yield running


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[System]:
    """Servers, sandbox and five services; tests that stop a part of it start it again."""
    orders = tmp_path_factory.mktemp("orders") / "crash-at"
    told = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, CRASH_FILE: str(orders)}
    running = System(
        tmp_path_factory.mktemp("system"),
        SandboxOptions(clients=ACCOUNTS, documents=12),
        environment=QUICK | told,
        broker=chosen_broker(),
    )
    run_to_end(running.start())
    yield running
    run_to_end(running.stop())


@pytest.fixture(scope="session")
def crash_order(system: System) -> CrashOrder:
    return CrashOrder(Path(system.environment[CRASH_FILE]))


@pytest.fixture(scope="session")
def sandbox(system: System) -> Sandbox:
    return Sandbox(str(system.addresses.sandbox))


@pytest_asyncio.fixture
async def firm(system: System, sandbox: Sandbox) -> AsyncIterator[Firm]:
    """A new firm, so that tests do not see each other's clients."""
    async with open_platform(system.addresses, system.key, company_id=f"firm-{uuid4().hex[:12]}") as platform:
        yield Firm(platform, sandbox)


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """For fixtures, which run outside any event loop."""
    # Not asyncio.run, which would take the thread's current loop away from pytest-asyncio.
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
