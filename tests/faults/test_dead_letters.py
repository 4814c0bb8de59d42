"""What was parked by a bug is replayed once the bug is gone, and the books' true values are written."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from ledgerbus_cli.system import DATABASES, System
from motor.motor_asyncio import AsyncIOMotorClient
from support.command import Answer, ledgerbus
from support.kafka import producer, read_all
from support.system import Firm
from sync_contracts.codes import ProblemCode
from sync_contracts.jobs import JobCounted, JobRequested
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import RunEnding, SyncCompleted
from sync_contracts.summaries import SummaryUpdated

pytestmark = pytest.mark.e2e

APRIL = Month(2026, 4)
CLIENTS = ["client-1", "client-2"]
WRITER = "summary-writer"


async def test_requests_parked_by_a_wrong_deployment_are_read_after_a_replay_and_the_receipt_stays(
    system: System, firm: Firm
) -> None:
    for client in CLIENTS:
        await firm.connect(client, Provider.MERIT_AKTIVA)
    no_credentials_there = str(system.addresses.sandbox)
    await system.restart("connector-workers", CONNECTOR_WORKERS__CREDENTIALS_URL=no_credentials_there)
    receipt = await firm.run_bulk(CLIENTS, Provider.MERIT_AKTIVA, APRIL)
    await system.restart("connector-workers")

    assert (receipt.ending, receipt.counts.failed) == (RunEnding.FAILED, 2)
    assert {line.code for line in receipt.lines} == {ProblemCode.INTERNAL}
    before = await state_of(firm, receipt)
    parked = await letters(system, firm)
    assert [(one["error"], one["service"], one["replayed_at"]) for one in parked] == [
        ("PermanentError", "connector-workers", None)
    ] * 2
    shown = await dead_letters(system, "show", parked[0]["place"], "--body")
    assert str(receipt.run_id) in shown.json["body"]

    for first in (True, False):
        for letter in parked:
            assert (await dead_letters(system, "replay", letter["place"])).exit_code == 0
        if first:
            await reported(system, receipt)
        else:  # Its worker has read them; another month of the same clients comes behind them.
            await firm.run_bulk(CLIENTS, Provider.MERIT_AKTIVA, APRIL.plus(-1))
        for client in CLIENTS:
            await firm.assert_truth(client, Provider.MERIT_AKTIVA, APRIL)
            assert len(await firm.platform.history(client, Provider.MERIT_AKTIVA, APRIL)) == 1

    assert await state_of(firm, receipt) == before
    assert all(one["replayed_at"] for one in await letters(system, firm))
    assert len({one.body for one in firm.platform.inbox.received if one.event == receipt}) == 1


async def test_results_parked_while_the_database_refuses_them_are_written_after_a_replay(
    system: System, firm: Firm
) -> None:
    for client in CLIENTS:
        await firm.connect(client, Provider.TRIPLETEX)
    async with nothing_fits(system):
        receipt = await firm.run_bulk(CLIENTS, Provider.TRIPLETEX, APRIL)
    chosen = ("--topic", JobCounted.topic, "--company", firm.platform.company_id)
    replayed = await dead_letters(system, "replay", *chosen, "--yes")
    nothing_left = await dead_letters(system, "replay", *chosen, "--yes")

    assert {line.code for line in receipt.lines} == {ProblemCode.INTERNAL}
    assert (len(replayed.json["replayed"]), nothing_left.json["replayed"]) == (2, [])
    await reported(system, receipt)
    for client in CLIENTS:
        await firm.assert_truth(client, Provider.TRIPLETEX, APRIL)
    assert (await firm.platform.run(receipt.run_id))["ending"] == RunEnding.FAILED


async def test_what_nobody_can_read_is_parked_again_after_a_replay_and_says_so(
    system: System, firm: Firm
) -> None:
    rubbish = f'{{"rubbish": "{uuid4()}"'.encode()
    async with producer(system.addresses.kafka) as send:
        await send.send_and_wait(JobCounted.topic, rubbish, key=b"key")
    place = await parked_as(system, rubbish, 0)

    await dead_letters(system, "replay", place)
    again = await parked_as(system, rubbish, 1)

    listed = {one["place"]: one for one in (await dead_letters(system, "list")).json}
    assert listed[place]["replayed_at"]
    assert (listed[again]["replay_of"], listed[again]["replayed_at"]) == (place, None)
    await firm.connect("client-1", Provider.MERIT_AKTIVA)
    assert (await firm.run_bulk(["client-1"], Provider.MERIT_AKTIVA, APRIL)).counts.written == 1


async def dead_letters(system: System, *arguments: object) -> Answer:
    """The command in a thread of its own, since it has an event loop of its own."""
    whole = ("dead-letters", *arguments, "--data", system.data_dir, "--json")
    return await asyncio.to_thread(ledgerbus, *whole)


async def letters(system: System, firm: Firm) -> list[dict[str, Any]]:
    """The requests that were parked for a firm."""
    options = ("--topic", JobRequested.topic, "--company", firm.platform.company_id)
    return list((await dead_letters(system, "list", *options)).json)


async def state_of(firm: Firm, receipt: SyncCompleted) -> tuple[Any, Any, Any]:
    platform, run = firm.platform, receipt.run_id
    return await platform.run(run), await platform.jobs(run), await platform.kept_receipt(run)


async def reported(system: System, receipt: SyncCompleted) -> None:
    """Wait until the writer has told of each month of a run."""

    def ours(found: list[Any]) -> int:
        return sum(str(receipt.run_id).encode() in one.value for one in found)

    every = len(CLIENTS)
    await read_all(system.addresses.kafka, SummaryUpdated.topic, until=lambda found: ours(found) >= every)


async def parked_as(system: System, body: bytes, number: int) -> str:
    """The place of the body's dead letter of that number."""

    def ours(found: list[Any]) -> list[Any]:
        return sorted((one for one in found if one.value == body), key=lambda one: int(one.offset))

    topic = f"{JobCounted.topic}.dead"
    found = await read_all(system.addresses.kafka, topic, until=lambda found: len(ours(found)) > number)
    record = ours(found)[number]
    return f"{topic}/{record.partition}/{record.offset}"


@asynccontextmanager
async def nothing_fits(system: System) -> AsyncIterator[None]:
    """The summaries' collection refuses whatever is written, as after a migration that went wrong."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(system.stack.settings.mongo_url)
    database = client[DATABASES[WRITER]]
    try:
        await database.command("collMod", "client_summaries", validator={"never": {"$exists": True}})
        yield
    finally:
        await database.command("collMod", "client_summaries", validator={})
        client.close()
