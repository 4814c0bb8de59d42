"""`ledgerbus demo`: the whole road on one machine, with a known truth at its end."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
from rich.console import Console
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import RunEnding, SyncCompleted

from ledgerbus_cli.addresses import Addresses
from ledgerbus_cli.comparison import Comparison, compare
from ledgerbus_cli.follow import follow
from ledgerbus_cli.identity import PlatformKey
from ledgerbus_cli.platform_client import Platform, open_platform
from ledgerbus_cli.sandbox_client import SandboxAccount, SandboxClient
from ledgerbus_cli.service_calls import Json
from ledgerbus_cli.system import System

NEWCOMERS = ("newcomer-1", "newcomer-2", "newcomer-3")
RUN_S = 60.0
_AT_ONCE = 8


@dataclass(slots=True)
class Findings:
    """What the demo found out."""

    steps: dict[str, float] = field(default_factory=dict)
    tests: list[Json] = field(default_factory=list)
    connected: dict[str, list[str]] = field(default_factory=dict)
    consents: list[str] = field(default_factory=list)
    receipts: list[SyncCompleted] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    calls: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Take the time of a step."""
        began = time.monotonic()
        yield
        self.steps[name] = time.monotonic() - began

    @property
    def ok(self) -> bool:
        return not self.faults and not any(one.differences for one in self.comparisons)

    def expect(self, held: bool, otherwise: str) -> None:
        if not held:
            self.faults.append(otherwise)


async def run_demo(system: System, console: Console) -> Findings:
    """Start everything, connect, test, sync, compare; stop everything."""
    findings = Findings()
    try:
        with findings.step("starting servers, sandbox and services"):
            await system.start()
        await _perform(system.addresses, system.key, console, findings)
    finally:
        with findings.step("stopping everything"):
            await system.stop()
    return findings


async def run_demo_on(addresses: Addresses, key: PlatformKey, console: Console) -> Findings:
    """The same on a system that runs already, with a sandbox, and knows none of its clients yet."""
    findings = Findings()
    await _perform(addresses, key, console, findings)
    return findings


async def _perform(addresses: Addresses, key: PlatformKey, console: Console, findings: Findings) -> None:
    async with (
        httpx.AsyncClient(timeout=60, trust_env=False) as http,
        open_platform(addresses, key) as platform,
    ):
        await _Demo(platform, SandboxClient(http, str(addresses.sandbox)), console, findings).run()


@dataclass(slots=True)
class _Demo:
    platform: Platform
    sandbox: SandboxClient
    console: Console
    findings: Findings
    accounts: dict[str, SandboxAccount] = field(default_factory=dict)

    async def run(self) -> None:
        accounts = await self.sandbox.accounts()
        self.accounts = {one.account: one for one in accounts}  # a client is named like its books
        month = accounts[0].last_month
        with self.findings.step("testing a good and a bad key"):
            await self._try_keys(next(one for one in accounts if one.provider is Provider.MERIT_AKTIVA))
        with self.findings.step(f"connecting {len(accounts)} clients"):
            await self._connect(accounts)
        with self.findings.step("reloading one client, 12 months"):
            await self._reload(self.findings.consents[0])
        with self.findings.step(f"bulk of {month} for each system"):
            await self._bulk(month)
        with self.findings.step("comparing with the truth"):
            await self._compare()
        self.findings.calls = await self.sandbox.calls()

    async def _try_keys(self, account: SandboxAccount) -> None:
        """The same key twice, the second time with another country."""
        other = "FI" if account.credentials["country"] == "EE" else "EE"
        for name, fields in (
            ("right key", account.credentials),
            ("wrong country", {**account.credentials, "country": other}),
        ):
            outcome = await self.platform.test(account.provider, fields)
            outcome.pop("test_token", None)
            self.findings.tests.append({"name": name, "client": account.account, **outcome})
        good, bad = self.findings.tests
        self.findings.expect(good["ok"], f"the right key was refused: {good['message']}")
        named = not bad["ok"] and "country" in bad["cause"].lower()
        self.findings.expect(named, "the wrong country was not named as a likely cause")

    async def _connect(self, accounts: list[SandboxAccount]) -> None:
        for provider in {one.provider for one in accounts}:
            await self.platform.enable(provider)
        by_consent = [one for one in accounts if one.provider is Provider.XERO][:3]  # one user's three
        by_file = [one for one in accounts if one not in by_consent]
        places = asyncio.Semaphore(_AT_ONCE)

        async def save(account: SandboxAccount) -> None:
            async with places:
                await self.platform.save(account.account, account.provider, account.credentials)

        await asyncio.gather(self._consent_to(by_consent), *map(save, by_file))
        for one in await self.platform.connections():
            self.findings.connected.setdefault(one["provider"], []).append(one["client_id"])
        missing = set(self.accounts) - {
            client for clients in self.findings.connected.values() for client in clients
        }
        self.findings.expect(not missing, f"not connected: {', '.join(sorted(missing))}")

    async def _consent_to(self, accounts: Iterable[SandboxAccount]) -> None:
        """As in a browser, one after another: link, log in, allow, back with the code."""
        for account in accounts:
            link = await self.platform.start_consent(account.account, account.provider)
            await self.sandbox.allow(link["url"], account)
            state = (await self.platform.consent(link["consent_id"]))["state"]
            self.findings.expect(state == "done", f"the consent for {account.account} is {state}")
            self.findings.consents.append(account.account)

    async def _reload(self, client: str) -> None:
        provider = self.accounts[client].provider
        request = await self.platform.reload(client, provider, overwrite_confirmed=True)
        (receipt,) = await self._ended({f"reload {client}": request})
        self.findings.expect(
            receipt.ending is RunEnding.COMPLETED, f"the reload ended {receipt.ending.value}"
        )

    async def _bulk(self, month: Month) -> None:
        requests = {
            f"bulk {provider}": await self.platform.bulk(
                [*self.findings.connected[provider], *NEWCOMERS], provider, month
            )
            for provider in map(Provider, self.findings.connected)
        }
        for receipt in await self._ended(requests):
            left_out = {line.client_id for line in receipt.lines if line.code == "NO_CREDENTIALS"}
            whole = receipt.counts.failed == 0 and left_out == set(NEWCOMERS)
            self.findings.expect(whole, f"bulk {receipt.provider}: {receipt.message}")

    async def _ended(self, requests: dict[str, str]) -> list[SyncCompleted]:
        runs = {(await self.platform.accepted(request)).run_id: name for name, request in requests.items()}
        receipts = await follow(self.platform, runs, self.console, within_s=RUN_S)
        self.findings.receipts += receipts
        return receipts

    async def _compare(self) -> None:
        """Every summary there is, and every one there should be."""
        stored = {(one["client_id"], one["month"]): one["values"] for one in await self.platform.summaries()}
        wanted = {
            (client, str(month))
            for receipt in self.findings.receipts
            for month in receipt.months
            for client in (line.client_id for line in receipt.lines)
            if client in self.accounts
        }
        places = asyncio.Semaphore(_AT_ONCE)

        async def one(client: str, month: str) -> Comparison:
            async with places:
                truth = await self.sandbox.truth(self.accounts[client], Month.parse(month))
            return compare(client, month, stored.get((client, month)), truth)

        self.findings.comparisons = await asyncio.gather(
            *(one(*key) for key in sorted(wanted | stored.keys()))
        )
