"""Cancelling a run and deleting a connection while a provider is being read."""

import time
from typing import TypeVar

import pytest
from ledgerbus_cli.system import System
from support.kafka import eventually
from support.system import Firm
from sync_contracts.codes import RefusalCode
from sync_contracts.event import Event
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import RunAccepted, RunCancelling, RunEnding, RunRejected, SyncCompleted

pytestmark = pytest.mark.e2e

A = TypeVar("A", bound=Event)
MAY = Month(2026, 5)
SLOW_S = 4


async def reading(firm: Firm, clients: list[str]) -> str:
    """A bulk whose provider is slow to answer, once a job of it runs."""
    for client in clients:
        await firm.connect(client, Provider.TRIPLETEX)
        await firm.sandbox.fault(firm.accounts[client, Provider.TRIPLETEX], "hang", seconds=SLOW_S)
    request = await firm.platform.bulk(clients, Provider.TRIPLETEX, MAY)
    run = (await firm.platform.accepted(request)).run_id

    async def runs() -> bool:
        return bool((await firm.platform.run(run))["progress"]["running"])

    await eventually(runs)
    return request


async def test_cancel_is_acknowledged_at_once_and_the_run_ends_cancelled(firm: Firm) -> None:
    request = await reading(firm, ["client-1", "client-2"])

    began = time.monotonic()
    cancel = await firm.platform.cancel(firm.platform.run_id(request))
    answer = await firm.platform.answer(cancel)
    acknowledged_s = time.monotonic() - began
    receipt = await firm.platform.receipt(request, within_s=60)

    assert isinstance(answer, RunCancelling)
    assert receipt.ending is RunEnding.CANCELLED
    assert receipt.counts.total == 2
    assert acknowledged_s < SLOW_S
    written = receipt.counts.written
    assert len(await firm.platform.summaries(provider=Provider.TRIPLETEX)) == written


async def test_cancel_that_overtakes_its_request_still_holds(firm: Firm) -> None:
    await firm.connect("client-1", Provider.TRIPLETEX)
    await firm.platform.cancel("req-overtaken")

    request = await firm.platform.bulk(["client-1"], Provider.TRIPLETEX, MAY, request_id="req-overtaken")
    receipt = await firm.platform.receipt(request, within_s=60)

    assert (receipt.ending, receipt.counts.total) == (RunEnding.CANCELLED, 1)
    assert len(await firm.platform.summaries("client-1", Provider.TRIPLETEX)) == receipt.counts.written


async def test_result_that_arrives_after_the_deletion_is_not_written(firm: Firm) -> None:
    request = await reading(firm, ["client-1"])

    await firm.platform.delete("client-1", Provider.TRIPLETEX)
    receipt = await firm.platform.receipt(request, within_s=60)

    assert receipt.counts.cancelled == receipt.counts.total == 1
    assert await firm.platform.summaries("client-1", Provider.TRIPLETEX) == []
    assert await firm.platform.connections("client-1") == []


async def test_deleted_connection_can_be_saved_and_read_again(firm: Firm) -> None:
    await firm.connect("client-1", Provider.MERIT_AKTIVA)
    await firm.run_bulk(["client-1"], Provider.MERIT_AKTIVA, MAY)
    await firm.platform.delete("client-1", Provider.MERIT_AKTIVA)
    kept = await firm.platform.summaries("client-1", Provider.MERIT_AKTIVA)

    await firm.connect("client-1", Provider.MERIT_AKTIVA, firm.accounts["client-1", Provider.MERIT_AKTIVA])
    receipt = await firm.run_bulk(["client-1"], Provider.MERIT_AKTIVA, MAY)

    assert len(kept) == 1
    assert receipt.counts.unchanged == 1


async def test_identical_requests_join_one_run(firm: Firm) -> None:
    request = await reading(firm, ["client-1"])

    others = [await firm.platform.bulk(["client-1"], Provider.TRIPLETEX, MAY) for _ in range(4)]
    joined = [await firm.platform.accepted(other) for other in others]
    again = await firm.platform.bulk(["client-1"], Provider.TRIPLETEX, MAY, request_id=request)
    receipt = await firm.platform.receipt(request, within_s=60)

    assert {answer.run_id for answer in joined} == {receipt.run_id}
    assert all(answer.joined for answer in joined)
    assert again == request
    receipts = [one for one in firm.platform.inbox.of(SyncCompleted) if one.run_id == receipt.run_id]
    assert len({one.meta.event_id for one in receipts}) == 1


async def test_request_id_gets_its_first_answer_again_and_no_other_request_may_use_it(firm: Firm) -> None:
    await firm.connect("client-1", Provider.MERIT_AKTIVA)
    request = await firm.platform.bulk(["client-1"], Provider.MERIT_AKTIVA, MAY, request_id="req-used")
    receipt = await firm.platform.receipt(request, within_s=60)

    await firm.platform.bulk(["client-1"], Provider.MERIT_AKTIVA, MAY, request_id="req-used")
    await firm.platform.bulk(["client-1"], Provider.MERIT_AKTIVA, MAY.plus(-1), request_id="req-used")

    def answers(kind: type[A]) -> list[A]:
        mine = firm.platform.company_id
        return [one for one in firm.platform.inbox.of(kind) if one.meta.company_id == mine]

    await eventually(lambda: len(answers(RunAccepted)) == 2 and len(answers(RunRejected)) == 1)
    first, again = answers(RunAccepted)
    assert again == first
    assert first.run_id == receipt.run_id
    assert answers(RunRejected)[0].code is RefusalCode.REQUEST_ID_REUSED
    assert [run["run_id"] for run in await firm.platform.runs()] == [str(receipt.run_id)]


async def test_retry_repeats_only_what_failed(firm: Firm, system: System) -> None:
    for client in ("client-1", "client-2"):
        await firm.connect(client, Provider.TRIPLETEX)
    account = firm.accounts["client-1", Provider.TRIPLETEX]
    await firm.sandbox.fault(account, "unreadable", times=8)
    failed = await firm.run_bulk(["client-1", "client-2"], Provider.TRIPLETEX, MAY)
    await firm.sandbox.heal()

    retry = await firm.platform.retry(failed.run_id)
    receipt = await firm.platform.receipt(retry, within_s=60)

    assert (failed.ending, failed.counts.failed) == (RunEnding.COMPLETED_WITH_PROBLEMS, 1)
    assert (receipt.retry_of, receipt.counts.written, receipt.counts.total) == (failed.run_id, 1, 1)
    await firm.assert_truth("client-1", Provider.TRIPLETEX, MAY)
