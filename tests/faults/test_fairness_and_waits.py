"""A large bulk, a provider that is down, a used-up day: nobody else waits, and who waits is told why."""

import os
import signal
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from ledgerbus_cli.system import System
from support.job_log import job_log
from support.kafka import eventually
from support.large_system import LargeFirm, Say, another_firm
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import RunCancelling, RunEnding

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

MERIT, TRIPLETEX, XERO = Provider.MERIT_AKTIVA, Provider.TRIPLETEX, Provider.XERO
APRIL = Month(2026, 4)
TOLD_S = 5.0
# A worker hears of the cancelling as the platform does, each in its time.
A_MESSAGE_TAKES_S = 1.0
# A site's probes in the time that is watched, three tries each; without a breaker it is ten times as many.
FEW_CALLS = 60


@pytest_asyncio.fixture
async def other_firm(
    large_system: System, known_accounts: dict[Provider, list[dict[str, Any]]]
) -> AsyncIterator[LargeFirm]:
    async with another_firm(large_system, known_accounts) as firm:
        yield firm


async def waiting(firm: LargeFirm, request: str) -> dict[str, int]:
    run = await firm.platform.run(firm.platform.run_id(request))
    return dict(run["progress"]["waiting"])


async def test_a_reload_does_not_wait_behind_another_firms_large_bulk(
    large_system: System, large_firm: LargeFirm, other_firm: LargeFirm, say: Say
) -> None:
    clients = await large_firm.connect_many(MERIT, 460)
    [client] = await other_firm.connect_many(MERIT, 1, after=460)
    kafka = large_system.addresses.kafka
    async with (
        job_log(kafka, large_firm.platform.company_id) as bulk_log,
        job_log(kafka, other_firm.platform.company_id) as log,
    ):
        request = await large_firm.platform.bulk(clients, MERIT, APRIL)
        await eventually(lambda: len(bulk_log.starts) >= 100)

        asked_s = time.monotonic()
        reload = await other_firm.platform.reload(client, MERIT)
        await eventually(lambda: bool(log.starts))
        started_s, bulk_started = log.starts[0].heard_s - asked_s, len(bulk_log.starts)
        receipt = await other_firm.platform.receipt(reload, within_s=120)
        bulk = await large_firm.platform.run(large_firm.platform.run_id(request))

    say(f"the reload started {started_s:.2f} s after its request, {bulk_started} jobs into the bulk of 460")
    assert bulk_started < 460
    assert bulk["ending"] is None
    assert (receipt.ending, receipt.counts.written) == (RunEnding.COMPLETED, 12)
    assert (await large_firm.platform.receipt(request, within_s=240)).counts.written == 460


async def test_provider_that_is_down_is_asked_now_and_then_and_slows_nobody_else(
    large_system: System, large_firm: LargeFirm, other_firm: LargeFirm, say: Say
) -> None:
    clients = await large_firm.connect_many(MERIT, 120)
    neighbours = await other_firm.connect_many(TRIPLETEX, 60)
    well = await other_firm.run_bulk(neighbours, TRIPLETEX, APRIL.plus(-1), within_s=120)
    await large_system.restart(
        "sync-orchestrator",
        SYNC_ORCHESTRATOR__SITE_FIRST_GAP_S="4",
        SYNC_ORCHESTRATOR__SITE_LONGEST_GAP_S="8",
    )
    try:
        await large_firm.sandbox.fault_all(MERIT, "error_500")
        first = await large_firm.platform.bulk(clients[:60], MERIT, APRIL)
        await large_firm.platform.accepted(first)

        async def is_told() -> bool:
            return await waiting(large_firm, first) == {"provider_down": 60}

        await eventually(is_told)
        asked_s, calls = time.monotonic(), await large_firm.sandbox.calls_of(MERIT)
        second = await large_firm.platform.bulk(clients[60:], MERIT, APRIL)
        beside = await other_firm.run_bulk(neighbours, TRIPLETEX, APRIL, within_s=120)
        untried = await waiting(large_firm, second)
        await eventually(lambda: time.monotonic() - asked_s > 20)
        calls = await large_firm.sandbox.calls_of(MERIT) - calls
        await large_firm.sandbox.heal()
        healed_s = time.monotonic()
        receipts = [await large_firm.platform.receipt(each, within_s=120) for each in (first, second)]
    finally:
        await large_system.restart("sync-orchestrator")

    took_s = [(each.ended_at - each.requested_at).total_seconds() for each in (well, beside)]
    say(f"{calls} calls in 20 s to the provider that was down, with 120 jobs waiting")
    say(f"another provider's bulk of 60: {took_s[0]:.1f} s before, {took_s[1]:.1f} s beside it")
    say(f"all 120 jobs done {time.monotonic() - healed_s:.1f} s after it was well again")
    assert untried.get("provider_down", 0) >= 55
    assert calls < FEW_CALLS
    assert beside.counts.written == 60
    assert [each.counts.written for each in receipts] == [60, 60]


async def test_used_up_day_is_a_wait_until_the_hour_that_the_provider_named(
    large_firm: LargeFirm, say: Say
) -> None:
    [client] = await large_firm.connect_many(XERO, 1)
    account = large_firm.accounts[client, XERO]
    await large_firm.sandbox.fault(account, "throttle_429", problem="day", retry_after_s=30)
    limited = await large_firm.platform.bulk([client], XERO, APRIL)
    await large_firm.platform.accepted(limited)

    async def is_told(request: str) -> bool:
        return await waiting(large_firm, request) == {"daily_limit": 1}

    await eventually(lambda: is_told(limited))
    asked_s = time.monotonic()
    behind = await large_firm.platform.bulk([client], XERO, APRIL.plus(-1))
    await large_firm.platform.accepted(behind)
    await eventually(lambda: is_told(behind), within_s=TOLD_S)
    told_s = time.monotonic() - asked_s
    [job] = await large_firm.platform.jobs(large_firm.platform.run_id(behind))
    await large_firm.sandbox.heal()
    calls = await large_firm.sandbox.calls(account)
    receipts = [await large_firm.platform.receipt(each, within_s=90) for each in (limited, behind)]

    say(f"a job behind the limit told so {told_s:.2f} s after its request")
    assert (job["attempt"], job["reason"]) == (0, "daily_limit")
    assert job["retry_at"] is not None
    for receipt in receipts:
        assert receipt.counts.written == 1
        assert receipt.ended_at.isoformat() > job["retry_at"]
    assert calls["throttled"] == 1


async def test_a_large_bulk_is_cancelled_and_nothing_starts_afterwards(
    large_system: System, large_firm: LargeFirm, say: Say
) -> None:
    clients = await large_firm.connect_many(MERIT, 240)
    async with job_log(large_system.addresses.kafka, large_firm.platform.company_id) as log:
        request = await large_firm.platform.bulk(clients, MERIT, APRIL)
        await eventually(lambda: len(log.starts) >= 50)

        asked_s, asked_at_s = time.monotonic(), time.time()
        answer = await large_firm.platform.answer(await large_firm.platform.cancel(request))
        acknowledged_s, acknowledged_at_s = time.monotonic() - asked_s, time.time()
        receipt = await large_firm.platform.receipt(request, within_s=120)

    last_at_s = max(start.at_s for start in log.starts)
    last_s = last_at_s - asked_at_s
    say(f"acknowledged after {acknowledged_s:.2f} s; the last job started {last_s:+.2f} s from the request")
    assert isinstance(answer, RunCancelling)
    assert last_at_s < acknowledged_at_s + A_MESSAGE_TAKES_S
    assert receipt.ending is RunEnding.CANCELLED
    assert receipt.counts.total == 240
    assert receipt.counts.cancelled == 240 - receipt.counts.written
    assert receipt.counts.written <= len(log.starts)


async def test_service_that_is_away_is_named_and_no_job_fails_for_it(
    large_system: System, large_firm: LargeFirm, say: Say
) -> None:
    clients = await large_firm.connect_many(MERIT, 5)
    worker = large_system.services["connector-workers"].pid or 0
    os.kill(worker, signal.SIGSTOP)
    try:
        request = await large_firm.platform.bulk(clients, MERIT, APRIL)
        await large_firm.platform.accepted(request)
        await large_system.services["credentials"].kill()
    finally:
        os.kill(worker, signal.SIGCONT)
    began_s = time.monotonic()

    async def is_told() -> bool:
        return await waiting(large_firm, request) == {"service_down": 5}

    try:
        await eventually(is_told)
        told_s = time.monotonic() - began_s
    finally:
        await large_system.services["credentials"].start()
    receipt = await large_firm.platform.receipt(request, within_s=120)

    say(f"five jobs named the service that was away {told_s:.1f} s after the worker went on")
    assert receipt.counts.written == 5
