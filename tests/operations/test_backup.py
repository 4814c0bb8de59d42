"""An older state of database and vault is put back: what it knows is right again, what it lacks it says."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from ledgerbus_cli.platform_client import Platform, open_platform
from ledgerbus_cli.system import SERVICES, SandboxOptions, System
from support.command import ledgerbus
from support.kafka import eventually
from support.loopback import loopback_client
from support.system import QUICK, Firm, Sandbox
from sync_contracts.codes import ProblemCode
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import JobEnding, RunEnding

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

MERIT, QUICKBOOKS = Provider.MERIT_AKTIVA, Provider.QUICKBOOKS
JUNE, JULY = Month(2026, 6), Month(2026, 7)
KEPT = ("vault", "database")


@pytest.fixture
async def system(tmp_path: Path) -> AsyncIterator[System]:
    async with System(
        tmp_path / "data", SandboxOptions(clients=4, documents=5), environment=QUICK
    ) as running:
        yield running


@asynccontextmanager
async def stopped(system: System) -> AsyncIterator[None]:
    """Services and servers stand still; the accounting systems go on, as they do in life."""
    await asyncio.gather(*(system.services[name].stop() for name in SERVICES))
    await system.stack.stop()
    yield
    await system.stack.start()
    await asyncio.gather(*(system.services[name].start() for name in SERVICES))


def copied(source: Path, target: Path) -> None:
    for name in KEPT:
        shutil.rmtree(target / name, ignore_errors=True)
        shutil.copytree(source / name, target / name)


async def test_an_older_backup_is_right_after_a_reload_and_asks_for_consents_it_has_lost(
    system: System, tmp_path: Path
) -> None:
    sandbox = Sandbox(str(system.addresses.sandbox))
    async with platform_of(system) as platform:
        firm = Firm(platform, sandbox)
        for provider in (MERIT, QUICKBOOKS):
            await firm.connect("client-1", provider)
            assert (await firm.run_bulk(["client-1"], provider, JUNE)).counts.written == 1
    async with stopped(system):
        copied(system.data_dir, tmp_path / "backup")

    async with platform_of(system) as platform:
        await life_goes_on(Firm(platform, sandbox, firm.accounts))
    async with stopped(system):
        copied(tmp_path / "backup", system.data_dir)

    async with platform_of(system) as platform:
        restored = Firm(platform, sandbox, firm.accounts)
        await what_the_backup_knows_is_read_again(restored)
        await the_spent_token_is_told_and_a_new_consent_heals_it(restored, system)


async def life_goes_on(firm: Firm) -> None:
    """Books change, a month more is read, and QuickBooks' refresh token changes."""
    merit = firm.accounts["client-1", MERIT]
    await firm.sandbox.mutate(merit, JUNE, "add", "sales_invoice")
    for month in (JUNE, JULY):
        assert (await firm.run_bulk(["client-1"], MERIT, month)).counts.written == 1
    await end_tokens(firm.sandbox)
    assert (await firm.run_bulk(["client-1"], QUICKBOOKS, JULY)).counts.written == 1
    await firm.connect("client-2", MERIT)


async def what_the_backup_knows_is_read_again(firm: Firm) -> None:
    assert len(await firm.platform.summaries("client-1", MERIT)) == 1, "the older state, before any reading"
    receipt = await firm.platform.receipt(await firm.platform.reload("client-1", MERIT), within_s=60)
    assert receipt.ending is RunEnding.COMPLETED
    await firm.assert_truth("client-1", MERIT, *receipt.months)
    assert len(await firm.platform.summaries("client-1", MERIT)) == len(receipt.months)
    changes = [len(await firm.platform.history("client-1", MERIT, month)) for month in receipt.months]
    assert changes == [2 if month == JUNE else 1 for month in receipt.months], "each value written once"
    lost = await firm.run_bulk(["client-2"], MERIT, JUNE)
    assert [line.code for line in lost.lines] == [ProblemCode.NO_CREDENTIALS]


async def the_spent_token_is_told_and_a_new_consent_heals_it(firm: Firm, system: System) -> None:
    refused = await firm.run_bulk(["client-1"], QUICKBOOKS, JULY)
    assert [(line.ending, line.code) for line in refused.lines] == [
        (JobEnding.FAILED, ProblemCode.NEEDS_AUTH)
    ]

    async def is_marked() -> bool:
        (found,) = await firm.platform.connections("client-1", QUICKBOOKS)
        return bool(found["health"] == "needs_auth")

    await eventually(is_marked, within_s=30)
    told = await asyncio.to_thread(ledgerbus, "doctor", "--data", system.data_dir)
    assert "Connections that are needs_auth: 1." in told.stdout
    account = firm.accounts["client-1", QUICKBOOKS]
    (fresh,) = [one for one in await firm.sandbox.accounts() if one["account"] == account["account"]]
    await firm.connect("client-1", QUICKBOOKS, fresh)
    assert (await firm.run_bulk(["client-1"], QUICKBOOKS, JULY)).ending is RunEnding.COMPLETED
    await firm.assert_truth("client-1", QUICKBOOKS, JUNE, JULY)


async def end_tokens(sandbox: Sandbox) -> None:
    """Access has ended, and from its next use on the refresh token of before is worth nothing."""
    async with loopback_client(base_url=sandbox.url, timeout=30) as client:
        wanted = {"expire": True, "change": True, "old_value_life_s": 0}
        (await client.post("/quickbooks/_tokens", json=wanted)).raise_for_status()


@asynccontextmanager
async def platform_of(system: System) -> AsyncIterator[Platform]:
    async with open_platform(system.addresses, system.key) as platform:
        yield platform
