"""Freezes a document of each collection as today's services write it: `schemas/released/documents`.

Run before a release: it starts a whole system, reads clients' books, and takes the fullest of each.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Any

from bson import json_util
from bson.binary import UuidRepresentation
from ledgerbus_cli.platform_client import Platform, open_platform
from ledgerbus_cli.sandbox_client import SandboxAccount, SandboxClient
from ledgerbus_cli.system import DATABASES, SandboxOptions, System
from pydantic import SecretStr
from service_kit.mongo import build_mongo
from service_kit.settings import MongoSettings
from sync_contracts.month import Month
from sync_contracts.providers import Provider

FOLDER = Path(__file__).parent.parent / "schemas" / "released" / "documents"
OPTIONS = json_util.CANONICAL_JSON_OPTIONS.with_options(uuid_representation=UuidRepresentation.STANDARD)
MERIT, XERO = Provider.MERIT_AKTIVA, Provider.XERO


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with System(Path(folder), SandboxOptions(clients=4, documents=5)) as system:
            async with open_platform(system.addresses, system.key) as platform:
                sandbox = SandboxClient(platform.http, str(platform.addresses.sandbox))
                accounts = await sandbox.accounts()
                await live(platform, next(one for one in accounts if one.provider is MERIT))
                await suffer(platform, sandbox, next(one for one in accounts if one.provider is XERO))
            await freeze(system.stack.settings.mongo_url)


async def live(platform: Platform, books: SandboxAccount) -> None:
    """One of everything: webhook, consent, connection, runs with and without trouble."""
    hook = {"url": "http://127.0.0.1:9/hook", "description": "nobody listens there"}
    await platform.call("POST", f"{platform.addresses.notifier}/v1/webhooks", body=hook)
    await platform.enable(MERIT)
    await platform.enable(XERO)
    await platform.start_consent("client-2", XERO)
    await platform.save("client-1", MERIT, books.credentials)
    for client in (["client-1"], ["client-1", "client-2"]):
        await platform.receipt(await platform.bulk(client, MERIT, books.last_month), within_s=60)


async def suffer(platform: Platform, sandbox: SandboxClient, books: SandboxAccount) -> None:
    """What waits: for a request that never comes, for a system that is down, for the next day."""
    await platform.cancel("never-asked-for")
    await platform.save("client-3", XERO, books.credentials)
    await sandbox.fault(XERO, "error_500")
    await wait(platform, books.last_month)
    await sandbox.heal()
    await sandbox.fault(XERO, "throttle_429", problem="day", retry_after_s=600)
    await wait(platform, books.last_month.plus(-1))


async def wait(platform: Platform, month: Month) -> None:
    """Ask for a month that cannot be read now."""
    run = (await platform.accepted(await platform.bulk(["client-3"], XERO, month))).run_id
    async with asyncio.timeout(60):
        while True:
            if (await platform.run(run))["progress"]["retry_at"]:
                return
            await asyncio.sleep(0.2)


async def freeze(mongo_url: str) -> None:
    mongo = build_mongo(MongoSettings(url=SecretStr(mongo_url), database="any"))
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in DATABASES.values():
        for collection in await mongo[name].list_collection_names():
            found: list[dict[str, Any]] = await mongo[name][collection].find({}).to_list(None)
            if found:
                fullest = max(found, key=lambda document: len(repr(document)))
                text = json_util.dumps(fullest, json_options=OPTIONS, indent=2, ensure_ascii=False)
                (FOLDER / f"{name}.{collection}.json").write_text(text + "\n")
    mongo.close()


if __name__ == "__main__":
    asyncio.run(main())
