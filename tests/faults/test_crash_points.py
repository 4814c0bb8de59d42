"""Kill the process that does the work between any two durable steps: the run ends all the same, and right."""

import pytest
from ledgerbus_cli.system import System
from service_kit.crash_points import CRASH_POINTS, CrashPoint
from support.kafka import eventually
from support.system import CrashOrder, Firm
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import RunEnding

pytestmark = pytest.mark.e2e

FEBRUARY = Month(2026, 2)
CLIENTS = ["client-1", "client-2"]
OWNERS = {
    "job_started": "connector-workers",
    "job_counted": "connector-workers",
    "history_written": "summary-writer",
    "summary_written": "summary-writer",
    "answer_published": "summary-writer",
    "receipt_stored": "notifier",
}


# Reached only where a provider rotates its tokens or a firm has webhooks (their services' tests show those),
# or where a run is cancelled, lasts too long or meets a limit (tests/faults).
ELSEWHERE = {"grant_renewed", "webhook_answered", "run_cancelling", "run_expiring", "limit_stored"}


@pytest.mark.parametrize("point", sorted(set(CRASH_POINTS) - ELSEWHERE))
async def test_run_ends_right_although_a_process_dies_at(
    point: CrashPoint, system: System, firm: Firm, crash_order: CrashOrder
) -> None:
    owner = OWNERS.get(point, "sync-orchestrator")
    for client in CLIENTS:
        await firm.connect(client, Provider.TRIPLETEX)
    crash_order.give(point)

    request = await firm.platform.bulk(CLIENTS, Provider.TRIPLETEX, FEBRUARY)
    await eventually(lambda: system.services[owner].pid is None)
    await system.begin(owner)
    receipt = await firm.platform.receipt(request, within_s=60)

    assert receipt.ending is RunEnding.COMPLETED
    assert receipt.counts.total == len(CLIENTS)
    for client in CLIENTS:
        await firm.assert_truth(client, Provider.TRIPLETEX, FEBRUARY)
        assert len(await firm.platform.history(client, Provider.TRIPLETEX, FEBRUARY)) == 1
    heard = firm.platform.inbox.received
    await eventually(lambda: any(one.event == receipt for one in heard))  # it is kept before it is sent
    sent = [one for one in heard if one.event == receipt]
    assert len({(one.headers["ce_id"], one.body) for one in sent}) == 1
