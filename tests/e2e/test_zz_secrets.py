"""No secret outside Vault: not in Kafka, MongoDB, logs, traces, webhooks or process arguments."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from ledgerbus_cli.system import System
from motor.motor_asyncio import AsyncIOMotorClient
from support.hook_receiver import hook_receiver
from support.kafka import eventually, held_by, producer, read_all
from support.otlp import Collector
from support.system import Firm
from sync_contracts.jobs import JobCounted
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.topics import all_topics, dead_letter_topic

pytestmark = pytest.mark.e2e

CONSENT = {"state": "canary-St4te", "code": "canary-C0nsentCode", "token": "canary-Gr4ntToken"}
SECRET_FIELDS = {
    "api_key",
    "client_secret",
    "refresh_token",
    "access_token",
    "consumer_token",
    "employee_token",
}


async def test_secrets_stand_nowhere_but_in_vault(
    system: System, firm: Firm, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    canaries = set(CONSENT.values())
    async with hook_receiver() as hooks:
        endpoint = {"url": f"{hooks.url}/runs", "description": ""}
        answer = await firm.platform.call.json(
            "POST", f"{system.addresses.notifier}/v1/webhooks", body=endpoint
        )
        canaries.add(answer["secret"])
        canaries |= await _work(firm)
        async with httpx.AsyncClient(trust_env=False) as http:
            await http.get(f"{system.addresses.credentials}/v1/oauth/callback", params=CONSENT)
        async with producer(system.addresses.kafka) as send:
            await send.send_and_wait(JobCounted.topic, b"{", partition=0)
        await read_all(system.addresses.kafka, dead_letter_topic(JobCounted.topic), until=bool)
        await eventually(lambda: bool(hooks.at("/runs")))

    places = {
        "kafka": await _kafka(system.addresses.kafka),
        "mongo": await _mongo(system),
        "logs": await asyncio.to_thread(_logs, system.data_dir),
        "traces": str(collector.spans),
        "webhooks": str(hooks.received),
        "arguments": await asyncio.to_thread(_of_processes, system, "cmdline"),
        "our own log": caplog.text,
    }

    # The installation's own keys are settings; what clients entered is in no process's environment.
    environment = await asyncio.to_thread(_of_processes, system, "environ")
    places["environment"] = re.sub(r"CONNECTORS__OPERATORS=[^\0]*", "", environment)

    assert len(canaries) >= 12
    assert not [file for file in system.data_dir.rglob("core*") if file.is_file()]
    assert {name for name, text in places.items() if len(text) <= 100} <= {"our own log"}
    assert JobCounted.topic in places["kafka"]
    found = {(place, canary[:6]) for place, text in places.items() for canary in canaries if canary in text}
    assert found == set()


async def _work(firm: Firm) -> set[str]:
    """Every accounting system is connected, tested with wrong keys and read; the secrets of it all."""
    secrets = await asyncio.gather(*(_work_at(firm, provider) for provider in Provider))
    for provider in Provider:
        await firm.sandbox.fault_all(provider, "echo", status=400)
    await asyncio.gather(*(_read_from_an_echo(firm, provider) for provider in Provider))
    await firm.sandbox.heal()
    return {"canary-Wr0ngKey=", "eyJjYW5hcnkiOjF9"}.union(*secrets)


async def _work_at(firm: Firm, provider: Provider) -> set[str]:
    await firm.connect("client-1", provider)
    credentials = firm.accounts["client-1", provider]["credentials"]
    await firm.platform.test(
        provider, credentials | {"api_key": "canary-Wr0ngKey=", "employee_token": "eyJjYW5hcnkiOjF9"}
    )
    await firm.run_bulk(["client-1"], provider, Month(2026, 8))
    return {credentials[name] for name in SECRET_FIELDS & credentials.keys()}


async def _kafka(bootstrap: str) -> str:
    found = [
        f"{record.headers} {record.key!r} {record.value!r}"
        for records in (await held_by(bootstrap, all_topics())).values()
        for record in records
    ]
    assert found
    return "\n".join(found)


async def _mongo(system: System) -> str:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(system.stack.settings.mongo_url)
    found: list[str] = []
    try:
        for name in await client.list_database_names():
            for collection in await client[name].list_collection_names():
                found += [str(document) async for document in client[name][collection].find()]
    finally:
        client.close()
    return "\n".join(found)


def _logs(data_dir: Path) -> str:
    return "\n".join(file.read_text(errors="replace") for file in (data_dir / "logs").glob("*.log"))


def _of_processes(system: System, what: str) -> str:
    pids = [process.pid for process in system.processes.values()]
    return "\n".join(Path(f"/proc/{pid}/{what}").read_text(errors="replace") for pid in pids)


async def _read_from_an_echo(firm: Firm, provider: Provider) -> None:
    """A system that repeats what it was sent, keys and tokens included, in all its errors."""
    await firm.platform.test(provider, firm.accounts["client-1", provider]["credentials"])
    receipt = await firm.run_bulk(["client-1"], provider, Month(2026, 7))
    assert not receipt.counts.written
