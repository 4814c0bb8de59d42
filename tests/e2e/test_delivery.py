"""Messages that come twice, late, out of order or unreadable change no number."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer
from ledgerbus_cli.system import PARTITIONS, System
from support.kafka import eventually, producer, read_all
from support.system import Firm
from sync_contracts.event import Event
from sync_contracts.jobs import JobCounted, JobRequested
from sync_contracts.month import Month
from sync_contracts.providers import Provider
from sync_contracts.runs import RunEnding, SyncCompleted
from sync_contracts.summaries import SummaryUnchanged, UnchangedReason
from sync_contracts.topics import EVENTS, dead_letter_topic

pytestmark = pytest.mark.e2e

JANUARY = Month(2026, 1)


@asynccontextmanager
async def everything_twice(bootstrap: str) -> AsyncIterator[list[str]]:
    """Sends each message of every topic once more, as it came; yields the topics of what was repeated."""
    topics = [event.topic for event in EVENTS]
    consumer = AIOKafkaConsumer(
        *topics, bootstrap_servers=bootstrap, group_id=f"repeater-{uuid4().hex}", auto_offset_reset="latest"
    )
    await consumer.start()
    await consumer.seek_to_end()
    repeated: list[str] = []

    async def repeat() -> None:
        async with producer(bootstrap) as send:
            async for record in consumer:
                if ("repeated", b"yes") in record.headers:
                    continue
                headers = [*record.headers, ("repeated", b"yes")]
                await send.send_and_wait(record.topic, record.value, key=record.key, headers=headers)
                repeated.append(record.topic)

    task = asyncio.create_task(repeat())
    try:
        yield repeated
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await consumer.stop()


async def test_every_message_twice_changes_nothing(system: System, firm: Firm) -> None:
    await firm.connect("client-1", Provider.XERO)
    await firm.connect("client-2", Provider.XERO)

    async with everything_twice(system.addresses.kafka) as repeated:
        bulk = await firm.run_bulk(["client-1", "client-2", "client-3"], Provider.XERO, JANUARY)
        reload = await firm.platform.reload("client-1", Provider.XERO)
        year = await firm.platform.receipt(reload, within_s=90)
        await eventually(lambda: repeated.count(SyncCompleted.topic) >= 2)

    assert {JobRequested.topic, JobCounted.topic, "sync.bulk.v1", "run.finished.v1"} <= set(repeated)
    assert (bulk.counts.written, bulk.counts.skipped, bulk.counts.total) == (2, 1, 3)
    assert (year.counts.written + year.counts.unchanged, year.counts.total) == (12, 12)
    await firm.assert_truth("client-1", Provider.XERO, *year.months)
    await firm.assert_truth("client-2", Provider.XERO, JANUARY)
    assert len(await firm.platform.history("client-1", Provider.XERO, JANUARY)) == 1
    receipts = [one for one in firm.platform.inbox.received if isinstance(one.event, SyncCompleted)]
    bodies = {
        (one.headers["ce_id"], one.body)
        for one in receipts
        if one.event.meta.company_id == firm.platform.company_id
    }
    assert len(bodies) == 2


@pytest.mark.parametrize("event", [JobRequested, JobCounted], ids=lambda event: event.topic)
async def test_unreadable_message_is_parked_and_work_goes_on(
    system: System, firm: Firm, event: type[Event]
) -> None:
    await firm.connect("client-1", Provider.MERIT_AKTIVA)
    rubbish = f'{{"rubbish": "{uuid4()}"'.encode()
    async with producer(system.addresses.kafka) as send:
        for partition in range(PARTITIONS):
            await send.send_and_wait(event.topic, rubbish, partition=partition)

    receipt = await firm.run_bulk(["client-1"], Provider.MERIT_AKTIVA, JANUARY)
    parked = await read_all(
        system.addresses.kafka,
        dead_letter_topic(event.topic),
        until=lambda found: sum(record.value == rubbish for record in found) == PARTITIONS,
    )

    assert receipt.ending is RunEnding.COMPLETED
    await firm.assert_truth("client-1", Provider.MERIT_AKTIVA, JANUARY)
    assert all(b"Error" in dict(record.headers)["dead_letter_error"] for record in parked)


async def test_older_reading_that_arrives_last_replaces_nothing(system: System, firm: Firm) -> None:
    await firm.connect("client-1", Provider.MERIT_AKTIVA)
    account = firm.accounts["client-1", Provider.MERIT_AKTIVA]
    first = await firm.run_bulk(["client-1"], Provider.MERIT_AKTIVA, JANUARY)
    await firm.sandbox.mutate(account, JANUARY, "add", "sales_invoice")
    await firm.run_bulk(["client-1"], Provider.MERIT_AKTIVA, JANUARY)
    counted = [
        JobCounted.model_validate_json(record.value)
        for record in await read_all(
            system.addresses.kafka,
            JobCounted.topic,
            until=lambda found: any(_of(record, first) for record in found),
        )
        if _of(record, first)
    ]

    late = counted[0].model_copy(
        update={"attempt": 9, "meta": counted[0].meta.model_copy(update={"event_id": uuid4()})}
    )
    async with producer(system.addresses.kafka) as send:
        await send.send_and_wait(JobCounted.topic, late.model_dump_json().encode(), key=late.key.encode())
    answers = await read_all(
        system.addresses.kafka,
        SummaryUnchanged.topic,
        until=lambda found: any(
            SummaryUnchanged.model_validate_json(one.value).attempt == 9 for one in found
        ),
    )

    answer = next(one for one in map(_unchanged, answers) if one.attempt == 9)
    assert answer.reason is UnchangedReason.NEWER_KEPT
    await firm.assert_truth("client-1", Provider.MERIT_AKTIVA, JANUARY)


def _of(record: object, receipt: SyncCompleted) -> bool:
    value = getattr(record, "value", b"")
    return str(receipt.run_id).encode() in value


def _unchanged(record: object) -> SummaryUnchanged:
    return SummaryUnchanged.model_validate_json(getattr(record, "value", b""))
