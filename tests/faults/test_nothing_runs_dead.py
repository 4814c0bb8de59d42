"""Whoever dies, the work goes on or ends with a receipt, and nothing is read or written twice."""

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from ledgerbus_cli.system import System
from support.job_log import JobLog, job_log
from support.kafka import eventually
from support.large_system import LargeFirm, Say
from sync_contracts.codes import ProblemCode
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import RunEnding

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

MERIT = Provider.MERIT_AKTIVA
APRIL = Month(2026, 4)
RUNNING_AGAIN_S = 30.0


@pytest_asyncio.fixture
async def second_worker(large_system: System) -> AsyncIterator[str]:
    """A second worker process beside the first, which runs again at the end."""
    name = await large_system.add("connector-workers")
    yield name
    await large_system.remove(name)
    await large_system.services["connector-workers"].start()


@pytest_asyncio.fixture
async def second_orchestrator(large_system: System) -> AsyncIterator[str]:
    """A second orchestrator beside the first, which runs again at the end."""
    name = await large_system.add("sync-orchestrator")
    yield name
    await large_system.remove(name)
    await large_system.services["sync-orchestrator"].start()


@pytest_asyncio.fixture
async def log(large_system: System, large_firm: LargeFirm) -> AsyncIterator[JobLog]:
    async with job_log(large_system.addresses.kafka, large_firm.platform.company_id) as log:
        yield log


async def test_jobs_of_a_killed_worker_run_again_within_30_s(
    large_system: System, large_firm: LargeFirm, second_worker: str, log: JobLog, say: Say
) -> None:
    clients = await large_firm.connect_many(MERIT, 60)
    killed = large_system.services["connector-workers"]
    pid, other = killed.pid or 0, large_system.services[second_worker].pid or 0
    await large_firm.sandbox.fault_all(MERIT, "hang")
    request = await large_firm.platform.bulk(clients, MERIT, APRIL)
    await eventually(lambda: len(log.started_by(pid, other)) == 60)
    orphans = log.started_by(pid)

    await killed.kill()
    began_s = time.monotonic()
    await eventually(lambda: orphans <= log.started_by(other), within_s=RUNNING_AGAIN_S)
    again_s = time.monotonic() - began_s
    await large_firm.sandbox.heal()
    receipt = await large_firm.platform.receipt(request, within_s=120)

    say(f"{len(orphans)} jobs of the killed worker ran again after {again_s:.1f} s")
    assert len(orphans) >= 10
    assert (receipt.ending, receipt.counts.written) == (RunEnding.COMPLETED, 60)
    assert await large_firm.times_written(clients, MERIT, APRIL) == {1}


async def test_run_without_any_worker_ends_at_its_deadline_with_a_receipt(
    large_system: System, large_firm: LargeFirm
) -> None:
    clients = await large_firm.connect_many(MERIT, 3)
    await large_system.restart("sync-orchestrator", SYNC_ORCHESTRATOR__DEADLINE_H="0.003")
    await large_system.services["connector-workers"].kill()
    try:
        request = await large_firm.platform.bulk(clients, MERIT, APRIL)
        receipt = await large_firm.platform.receipt(request, within_s=60)
    finally:
        await large_system.services["connector-workers"].start()
        await large_system.restart("sync-orchestrator")

    assert receipt.ending is RunEnding.EXPIRED
    assert receipt.counts.failed == 3
    assert {line.code for line in receipt.lines} == {ProblemCode.EXPIRED}


async def test_two_orchestrators_and_two_workers_read_and_write_each_attempt_once(
    large_system: System,
    large_firm: LargeFirm,
    second_worker: str,
    second_orchestrator: str,
    log: JobLog,
) -> None:
    clients = await large_firm.connect_many(MERIT, 160)
    pids = {large_system.services[name].pid for name in ("connector-workers", second_worker)}

    receipt = await large_firm.run_bulk(clients, MERIT, APRIL, within_s=180)

    assert second_orchestrator in large_system.services
    assert (receipt.ending, receipt.counts.written) == (RunEnding.COMPLETED, 160)
    assert {start.pid for start in log.starts} == pids
    assert len(log.times_started) == 160
    assert set(log.times_started.values()) == {1}
    assert await large_firm.times_written(clients, MERIT, APRIL) == {1}


async def test_leader_killed_in_the_middle_is_replaced_and_nothing_is_done_twice(
    large_system: System, large_firm: LargeFirm, second_orchestrator: str, log: JobLog, say: Say
) -> None:
    clients = await large_firm.connect_many(MERIT, 200)
    request = await large_firm.platform.bulk(clients, MERIT, APRIL)
    await eventually(lambda: len(log.starts) >= 50)

    await large_system.services["sync-orchestrator"].kill()
    began_s, at_kill = time.monotonic(), len(log.starts)
    receipt = await large_firm.platform.receipt(request, within_s=120)

    say(f"{at_kill} of 200 jobs had started; the rest took {time.monotonic() - began_s:.1f} s")
    assert at_kill < 200
    assert second_orchestrator in large_system.services
    assert (receipt.ending, receipt.counts.written) == (RunEnding.COMPLETED, 200)
    assert set(log.times_started.values()) == {1}
    assert await large_firm.times_written(clients, MERIT, APRIL) == {1}
