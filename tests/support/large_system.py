"""A system with standard settings and a thousand books, where processes are killed and bulks are large."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from ledgerbus_cli.platform_client import open_platform
from ledgerbus_cli.system import SandboxOptions, System
from sandbox.embedded import chosen_broker
from support.system import Firm, Sandbox, run_to_end
from sync_contracts.month import Month
from sync_contracts.providers import Provider

Say = Callable[[str], None]

ACCOUNTS = 480
_AT_ONCE = 16


@dataclass
class LargeFirm(Firm):
    """A firm with hundreds of clients; firms share the sandbox's books, not what is written of them."""

    known: dict[Provider, list[dict[str, Any]]] = field(default_factory=dict)

    async def connect_many(self, provider: Provider, number: int, *, after: int = 0) -> list[str]:
        """So many clients, connected to the accounts `after` the first ones."""
        if not self.known:
            for account in await self.sandbox.accounts():
                self.known.setdefault(Provider(account["provider"]), []).append(account)
        await self.platform.enable(provider)
        places = asyncio.Semaphore(_AT_ONCE)

        async def save(client: str, account: dict[str, Any]) -> None:
            async with places:
                await self.platform.save(client, provider, account["credentials"])
            self.accounts[client, provider] = account

        accounts = self.known[provider][after : after + number]
        chosen = {f"client-{n}": account for n, account in enumerate(accounts, after + 1)}
        assert len(chosen) == number
        await asyncio.gather(*(save(client, account) for client, account in chosen.items()))
        return list(chosen)

    async def times_written(self, clients: list[str], provider: Provider, month: Month) -> set[int]:
        """How often each client's month was written."""
        places = asyncio.Semaphore(_AT_ONCE)

        async def times(client: str) -> int:
            async with places:
                return len(await self.platform.history(client, provider, month))

        return set(await asyncio.gather(*(times(client) for client in clients)))


@pytest.fixture(scope="session")
def large_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Tests that stop or add a part of it put it back."""
    running = System(
        tmp_path_factory.mktemp("large-system"),
        SandboxOptions(clients=ACCOUNTS, documents=5),
        broker=chosen_broker(),
    )
    run_to_end(running.start())
    yield running
    run_to_end(running.stop())


@pytest.fixture
def say(pytestconfig: pytest.Config) -> Say:
    """Puts a measured figure into the report."""
    plugins = pytestconfig.pluginmanager
    reporter, capture = plugins.get_plugin("terminalreporter"), plugins.get_plugin("capturemanager")

    def write(line: str) -> None:
        with capture.global_and_fixture_disabled():  # type: ignore[union-attr]  # pytest always has it
            reporter.write_line(f" {line}")  # type: ignore[union-attr]

    return write


@pytest.fixture(scope="session")
def known_accounts() -> dict[Provider, list[dict[str, Any]]]:
    """The sandbox's accounts, asked for once."""
    return {}


@pytest_asyncio.fixture
async def large_firm(
    large_system: System, known_accounts: dict[Provider, list[dict[str, Any]]]
) -> AsyncIterator[LargeFirm]:
    async with another_firm(large_system, known_accounts) as firm:
        yield firm
        await firm.sandbox.heal()


@asynccontextmanager
async def another_firm(
    system: System, known: dict[Provider, list[dict[str, Any]]]
) -> AsyncIterator[LargeFirm]:
    """A firm that no other test has."""
    company = f"firm-{uuid4().hex[:12]}"
    async with open_platform(system.addresses, system.key, company_id=company) as platform:
        yield LargeFirm(platform, Sandbox(str(system.addresses.sandbox)), known=known)
