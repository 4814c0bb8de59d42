"""A service that is told to stop in the middle of a bulk ends in order, and nothing is read twice or lost."""

import asyncio
import os
import signal
import time

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from ledgerbus_cli.system import SERVICES, System
from sandbox.embedded import Server
from support.kafka import eventually
from support.system import Firm
from sync_contracts.jobs import JobCounted, JobFailed, JobRequested
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import RunEnding, RunFinished

pytestmark = pytest.mark.e2e

JULY = Month(2026, 7)
CLIENTS = ["client-1", "client-2", "client-3", "client-4"]
STOPS_WITHIN_S = 30
IN_ORDER = {0, 128 + signal.SIGTERM, -signal.SIGTERM}
GROUPS = {
    "credentials": [],
    "sync-orchestrator": [f"sync-orchestrator.{JobFailed.topic}"],
    "connector-workers": [f"connector-workers.{JobRequested.topic}"],
    "summary-writer": [f"summary-writer.{JobCounted.topic}"],
    "notifier": [f"notifier.{RunFinished.topic}"],
}
# Who merely falls silent stays in its group for so long, so only a goodbye explains an empty group.
# It begins with a restart: on the embedded broker a group's very first member cannot say goodbye.
SILENCE = "30000"


@pytest.mark.parametrize("name", SERVICES)
async def test_a_service_that_stops_in_the_middle_of_a_bulk_loses_and_repeats_nothing(
    name: str, system: System, firm: Firm
) -> None:
    await system.restart(name, **patient(name))
    request = await slow_bulk(firm, seconds=1)

    code, lasted_s = await told_to_stop(system.services[name])
    left = await members(system, name)
    await system.begin(name)
    receipt = await firm.platform.receipt(request, within_s=90)

    assert code in IN_ORDER
    assert lasted_s < STOPS_WITHIN_S
    assert left == 0
    assert (receipt.ending, receipt.counts.written) == (RunEnding.COMPLETED, len(CLIENTS))
    calls = [await calls_of(firm, client) for client in CLIENTS]
    await firm.run_bulk(["client-1"], Provider.TRIPLETEX, JULY)
    once = await calls_of(firm, "client-1") - calls[0]
    assert calls == [once] * len(CLIENTS)
    for client in CLIENTS:
        await firm.assert_truth(client, Provider.TRIPLETEX, JULY)
        assert len(await firm.platform.history(client, Provider.TRIPLETEX, JULY)) == 1


async def test_a_worker_whose_provider_hangs_hands_back_what_it_has(system: System, firm: Firm) -> None:
    name = "connector-workers"
    await system.restart(name, **patient(name))
    request = await slow_bulk(firm, seconds=100)

    code, lasted_s = await told_to_stop(system.services[name])
    left = await members(system, name)
    await firm.sandbox.heal()
    await system.begin(name)
    receipt = await firm.platform.receipt(request, within_s=90)

    assert code in IN_ORDER
    assert lasted_s < STOPS_WITHIN_S
    assert left == 0
    assert (receipt.ending, receipt.counts.written) == (RunEnding.COMPLETED, len(CLIENTS))
    for client in CLIENTS:
        await firm.assert_truth(client, Provider.TRIPLETEX, JULY)


def patient(name: str) -> dict[str, str]:
    prefix = name.replace("-", "_").upper()
    return {f"{prefix}__KAFKA__SESSION_TIMEOUT_MS": SILENCE} if GROUPS[name] else {}


async def slow_bulk(firm: Firm, *, seconds: int) -> str:
    """A bulk whose provider takes its time with each call, once a job of it runs."""
    for client in CLIENTS:
        await firm.connect(client, Provider.TRIPLETEX)
        await firm.sandbox.fault(firm.accounts[client, Provider.TRIPLETEX], "hang", seconds=seconds)
    request = await firm.platform.bulk(CLIENTS, Provider.TRIPLETEX, JULY)
    run = (await firm.platform.accepted(request)).run_id

    async def all_run() -> bool:
        return bool((await firm.platform.run(run))["progress"]["running"] == len(CLIENTS))

    await eventually(all_run)
    return request


async def told_to_stop(service: Server) -> tuple[int | None, float]:
    """Its exit code, and how long it took after SIGTERM."""
    process = service._child._process
    assert process is not None
    began = time.monotonic()
    os.kill(process.pid, signal.SIGTERM)
    await eventually(lambda: process.poll() is not None, within_s=STOPS_WITHIN_S + 15)
    return process.returncode, time.monotonic() - began


async def members(system: System, name: str) -> int:
    """How many the service's groups have, once the broker has had a moment."""
    admin = AIOKafkaAdminClient(bootstrap_servers=system.addresses.kafka)
    await admin.start()
    try:
        for _ in range(20):
            described = [await admin.describe_consumer_groups([group]) for group in GROUPS[name]]
            number = sum(
                len(group[5]) for answers in described for answer in answers for group in answer.groups
            )
            if number == 0:
                break
            await asyncio.sleep(0.1)
        return number
    finally:
        await admin.close()


async def calls_of(firm: Firm, client: str) -> int:
    return (await firm.sandbox.calls(firm.accounts[client, Provider.TRIPLETEX]))["read"]
