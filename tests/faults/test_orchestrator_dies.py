"""An orchestrator that dies between two steps of a cancelling, an expiry or a limit goes on where it was."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from ledgerbus_cli.system import System
from support.kafka import eventually
from support.large_system import LargeFirm
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import RunCancelling, RunEnding

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

ORCHESTRATOR = "sync-orchestrator"
MERIT, XERO = Provider.MERIT_AKTIVA, Provider.XERO
APRIL = Month(2026, 4)


@asynccontextmanager
async def dies_at(system: System, point: str, **settings: str) -> AsyncIterator[None]:
    """It dies at the point while the block runs; afterwards it runs again, with the same settings."""
    await system.restart(ORCHESTRATOR, LEDGERBUS_CRASH_AT=point, **settings)
    try:
        yield
        await eventually(lambda: system.services[ORCHESTRATOR].pid is None)
    finally:
        await system.services[ORCHESTRATOR].stop()
        await system.begin(ORCHESTRATOR, **settings)


async def test_cancelling_is_acknowledged_although_it_dies_after_storing_it(
    large_system: System, large_firm: LargeFirm
) -> None:
    clients = await large_firm.connect_many(MERIT, 5)
    await large_firm.sandbox.fault_all(MERIT, "hang")
    async with dies_at(large_system, "run_cancelling"):
        request = await large_firm.platform.bulk(clients, MERIT, APRIL)
        await large_firm.platform.accepted(request)
        cancel = await large_firm.platform.cancel(request)

    answer = await large_firm.platform.answer(cancel, within_s=60)
    await large_firm.sandbox.heal()
    receipt = await large_firm.platform.receipt(request, within_s=60)

    assert isinstance(answer, RunCancelling)
    assert (receipt.ending, receipt.counts.total) == (RunEnding.CANCELLED, 5)


async def test_run_expires_with_one_receipt_although_it_dies_in_the_middle_of_that(
    large_system: System, large_firm: LargeFirm
) -> None:
    clients = await large_firm.connect_many(MERIT, 5)
    await large_firm.sandbox.fault_all(MERIT, "hang")
    try:
        async with dies_at(large_system, "run_expiring", SYNC_ORCHESTRATOR__DEADLINE_H="0.002"):
            request = await large_firm.platform.bulk(clients, MERIT, APRIL)
        receipt = await large_firm.platform.receipt(request, within_s=60)
    finally:
        await large_system.restart(ORCHESTRATOR)

    assert (receipt.ending, receipt.counts.failed) == (RunEnding.EXPIRED, 5)


async def test_job_behind_a_limit_is_read_although_it_dies_between_limit_and_job(
    large_system: System, large_firm: LargeFirm
) -> None:
    [client] = await large_firm.connect_many(XERO, 1)
    account = large_firm.accounts[client, XERO]
    await large_firm.sandbox.fault(account, "throttle_429", problem="day", retry_after_s=25, times=1)
    async with dies_at(large_system, "limit_stored"):
        request = await large_firm.platform.bulk([client], XERO, APRIL)
    receipt = await large_firm.platform.receipt(request, within_s=120)

    assert (receipt.ending, receipt.counts.written) == (RunEnding.COMPLETED, 1)
    assert await large_firm.times_written([client], XERO, APRIL) == {1}
