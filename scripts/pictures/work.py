"""Some minutes of a firm's work, with trouble at two accounting systems in the middle."""

import asyncio
import itertools
import time
from collections.abc import Iterator

import httpx
from ledgerbus_cli.platform_client import Platform
from ledgerbus_cli.sandbox_client import SandboxClient
from sync_contracts.month import Month, Months
from sync_contracts.providers import Provider

PROVIDERS = (Provider.MERIT_AKTIVA, Provider.XERO, Provider.DIRECTO, Provider.SCORO, Provider.TRIPLETEX)
DOWN, SLOW = Provider.TRIPLETEX, Provider.DIRECTO
REVOKED = 3
_PAUSE_S = 12.0


async def work(platform: Platform, sandbox_url: str, lasts_s: float) -> None:
    """Bulks of all systems one after the other, a reload now and then."""
    async with httpx.AsyncClient(timeout=120, trust_env=False) as http:
        sandbox = SandboxClient(http, sandbox_url)
        clients = await _connected(platform, sandbox)
        last = (await sandbox.accounts())[0].last_month
        until = time.monotonic() + lasts_s
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_trouble(sandbox, clients, lasts_s))
            tasks.create_task(_bulks(platform, clients, last, until))
            tasks.create_task(_reloads(platform, clients, until))


async def _connected(platform: Platform, sandbox: SandboxClient) -> dict[Provider, list[str]]:
    clients: dict[Provider, list[str]] = {provider: [] for provider in PROVIDERS}
    for provider in PROVIDERS:
        await platform.enable(provider)
    for account in await sandbox.accounts():
        if account.provider in clients:
            await platform.save(account.account, account.provider, account.credentials)
            clients[account.provider].append(account.account)
    return clients


async def _bulks(platform: Platform, clients: dict[Provider, list[str]], last: Month, until: float) -> None:
    for month, provider in _rounds(last):
        if time.monotonic() > until:
            return
        await platform.bulk(clients[provider], provider, month)
        await asyncio.sleep(_PAUSE_S / len(PROVIDERS))


def _rounds(last: Month) -> Iterator[tuple[Month, Provider]]:
    for month in itertools.cycle(Months.ending(last, 6)):
        for provider in PROVIDERS:
            yield month, provider


async def _reloads(platform: Platform, clients: dict[Provider, list[str]], until: float) -> None:
    for client in itertools.cycle(clients[Provider.MERIT_AKTIVA]):
        if time.monotonic() > until:
            return
        await platform.reload(client, Provider.MERIT_AKTIVA)
        await asyncio.sleep(_PAUSE_S)


async def _trouble(sandbox: SandboxClient, clients: dict[Provider, list[str]], lasts_s: float) -> None:
    await asyncio.sleep(lasts_s / 3)
    await sandbox.fault(DOWN, "error_500")
    await sandbox.fault(SLOW, "slow", each_s=1.5)
    for client in clients[Provider.MERIT_AKTIVA][:REVOKED]:
        await sandbox.fault(Provider.MERIT_AKTIVA, "revoke", client)
    await asyncio.sleep(lasts_s / 3)
    await sandbox.heal()
