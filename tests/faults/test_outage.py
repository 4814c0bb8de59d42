"""The database is away for a minute: everybody waits, nothing is parked, everything goes on."""

import time

import pytest
from ledgerbus_cli.system import DATABASES, System
from support.kafka import eventually, topic_sizes
from support.loopback import loopback_client
from support.system import Firm
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import RunEnding
from sync_contracts.topics import EVENTS, dead_letter_topic

pytestmark = pytest.mark.e2e

JUNE = Month(2026, 6)
AWAY_S = 60
DEAD = [dead_letter_topic(event.topic) for event in EVENTS]


@pytest.mark.timeout(300)
async def test_database_away_for_a_minute_parks_nothing(system: System, firm: Firm) -> None:
    clients = ["client-1", "client-2", "client-3"]
    for client in clients:
        await firm.connect(client, Provider.XERO)
    parked = await topic_sizes(system.addresses.kafka, DEAD)
    request = await firm.platform.bulk(clients, Provider.XERO, JUNE)
    await firm.platform.accepted(request)

    await system.stack.database.kill()
    began = time.monotonic()
    during = await firm.platform.bulk(clients, Provider.XERO, JUNE.plus(-1))
    await eventually(lambda: time.monotonic() - began > AWAY_S, within_s=AWAY_S + 10)
    ready = {name: await _ready(system, name) for name in DATABASES}
    await system.stack.database.start()
    receipts = [await firm.platform.receipt(asked, within_s=90) for asked in (request, during)]

    assert not ready["sync-orchestrator"]
    assert [receipt.ending for receipt in receipts] == [RunEnding.COMPLETED, RunEnding.COMPLETED]
    assert await topic_sizes(system.addresses.kafka, DEAD) == parked
    for client in clients:
        await firm.assert_truth(client, Provider.XERO, JUNE.plus(-1), JUNE)
    await eventually(lambda: _all_ready(system), within_s=60)


async def _ready(system: System, name: str) -> bool:
    async with loopback_client(timeout=30) as client:
        answer = await client.get(f"http://127.0.0.1:{system.ports[name]}/ready")
        return answer.status_code == 200


async def _all_ready(system: System) -> bool:
    return all([await _ready(system, name) for name in DATABASES])
