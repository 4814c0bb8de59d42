"""The broker dies and comes back: runs end all the same, and right."""

from uuid import UUID

import pytest
from ledgerbus_cli.system import System
from support.kafka import eventually
from support.system import Firm
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import RunEnding, SyncCompleted

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

APRIL = Month(2026, 4)
CLIENTS = ["client-1", "client-2", "client-3"]


async def connect(firm: Firm, *, slow_s: int = 0) -> None:
    for client in CLIENTS:
        await firm.connect(client, Provider.TRIPLETEX)
        if slow_s:
            await firm.sandbox.fault(firm.accounts[client, Provider.TRIPLETEX], "hang", seconds=slow_s)


async def receipt_of(firm: Firm, run: UUID) -> SyncCompleted:
    """As the notifier keeps it: a broker that forgets takes the receipt with it, too."""
    found: list[SyncCompleted] = []

    async def kept() -> bool:
        receipt = await firm.platform.kept_receipt(run)
        found.extend([receipt] if receipt else [])
        return bool(found)

    await eventually(kept, within_s=120)
    return found[0]


async def assert_right(firm: Firm, receipt: SyncCompleted) -> None:
    assert receipt.ending is RunEnding.COMPLETED
    assert receipt.counts.total == len(CLIENTS)
    for client in CLIENTS:
        await firm.assert_truth(client, Provider.TRIPLETEX, APRIL)
        assert len(await firm.platform.history(client, Provider.TRIPLETEX, APRIL)) == 1


async def test_a_run_ends_right_although_the_broker_is_killed_while_jobs_run(
    system: System, firm: Firm
) -> None:
    await connect(firm, slow_s=4)
    request = await firm.platform.bulk(CLIENTS, Provider.TRIPLETEX, APRIL)
    run = (await firm.platform.accepted(request)).run_id

    async def runs() -> bool:
        return bool((await firm.platform.run(run))["progress"]["running"])

    await eventually(runs)

    await system.stack.broker.kill()
    await system.revive("broker")

    await assert_right(firm, await receipt_of(firm, run))


async def test_what_was_sent_before_the_broker_was_killed_is_read_afterwards(
    system: System, firm: Firm
) -> None:
    if system.stack.broker_forgets:
        pytest.skip("this broker keeps nothing; Apache Kafka does")
    await connect(firm)
    others = {name: process.pid for name, process in system.services.items() if name != "sync-orchestrator"}
    await system.services["sync-orchestrator"].stop()
    request = await firm.platform.bulk(CLIENTS, Provider.TRIPLETEX, APRIL)

    await system.stack.broker.kill()
    await system.revive("broker")
    await system.begin("sync-orchestrator")

    await assert_right(firm, await receipt_of(firm, firm.platform.run_id(request)))
    assert {name: system.services[name].pid for name in others} == others
