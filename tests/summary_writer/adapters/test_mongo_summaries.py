"""What only the MongoDB store has to stand: other writers, and being stopped between two steps."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from decimal import Inexact
from uuid import uuid4

import pytest
from bson.decimal128 import Decimal128
from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo.errors import AutoReconnect, DuplicateKeyError
from service_kit.mongo import Document, build_mongo, database
from service_kit.settings import MongoSettings
from summary_writer.adapters.mongo_bulk_writes import Write
from summary_writer.adapters.mongo_fences import MongoFences
from summary_writer.adapters.mongo_summaries import MongoSummaries
from summary_writer.summary import Outcome, Reading, Summary, SummaryKey, Unchanged, Updated
from support.fakes import FakeClock
from support.summaries import CONNECTION, READ_AT, counted, values
from sync_contracts.jobs import JobCounted
from sync_contracts.summaries import UnchangedReason

pytestmark = pytest.mark.integration

Database = AsyncIOMotorDatabase[Document]
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def mongo(mongo_url: str) -> AsyncIterator[Database]:
    where = MongoSettings(url=mongo_url, database=f"summaries-{uuid4().hex}")
    client = build_mongo(where)
    await MongoSummaries(
        database(client, where), MongoFences(database(client, where)), FakeClock()
    ).ensure_indexes()
    yield database(client, where)
    await client.drop_database(where.database)
    client.close()


class StoppedBeforeSummary(MongoSummaries):
    """Loses its connection after the history was written."""

    async def _store(self, summaries: Sequence[Summary], writes: Sequence[Write]) -> set[SummaryKey]:
        raise AutoReconnect(f"gone before {len(summaries)} of {len(writes)} writes")


class StoppedAfterSummary(MongoSummaries):
    """Loses its connection after the summary was written, before it hears so."""

    async def _store(self, summaries: Sequence[Summary], writes: Sequence[Write]) -> set[SummaryKey]:
        await super()._store(summaries, writes)
        raise AutoReconnect("gone")


def a_writer(mongo: Database, kind: type[MongoSummaries] = MongoSummaries) -> MongoSummaries:
    return kind(mongo, MongoFences(mongo), FakeClock())


async def write(store: MongoSummaries, *messages: JobCounted) -> list[Outcome]:
    return await store.write([Reading.of(message) for message in messages])


async def entries_in(mongo: Database) -> set[str]:
    return {entry["_id"] async for entry in mongo["summary_history"].find()}


async def test_money_is_stored_as_decimal128_with_its_currency(mongo: Database) -> None:
    await write(a_writer(mongo), counted(net="1650.50"))

    document = await mongo["client_summaries"].find_one()

    assert document is not None
    assert document["values"]["sales_net"] == {
        "value": Decimal128("1650.50"),
        "unit": "EUR",
        "source": "documents",
        "basis": "accounting_date",
    }


async def test_an_amount_that_does_not_fit_leaves_nothing_behind(mongo: Database) -> None:
    with pytest.raises(Inexact):
        await write(a_writer(mongo), counted(net="9" * 35))

    assert await entries_in(mongo) == set()


async def test_the_database_itself_refuses_a_second_summary_of_a_month(mongo: Database) -> None:
    await write(a_writer(mongo), counted())
    document = await mongo["client_summaries"].find_one()
    assert document is not None

    with pytest.raises(DuplicateKeyError):
        await mongo["client_summaries"].insert_one({**document, "_id": "another"})


async def test_many_writers_at_once_end_with_the_newest_and_a_true_history(mongo: Database) -> None:
    amounts = [f"{n % 5}.00" for n in range(24)]
    messages = [counted(net=net, read_at=READ_AT + n * MINUTE / 4) for n, net in enumerate(amounts)]
    order = messages * 2
    random.Random(7).shuffle(order)
    shares = [order[n::6] for n in range(6)]

    async def work(share: list[JobCounted]) -> list[Outcome]:
        store = a_writer(mongo)
        return [(await write(store, message))[0] for message in share]

    outcomes = await asyncio.gather(*(work(share) for share in shares))

    newest = Reading.of(messages[-1])
    changes = await a_writer(mongo).history(newest.key)
    document = await mongo["client_summaries"].find_one()
    assert document is not None
    assert document["read_at"] == newest.summary.read_at
    assert document["values"]["sales_net"]["value"] == Decimal128(amounts[-1])
    assert await entries_in(mongo) == {str(change.cause) for change in changes}
    told = zip(
        (each for share in shares for each in share), (o for some in outcomes for o in some), strict=True
    )
    updated = {str(Reading.of(message).cause) for message, outcome in told if isinstance(outcome, Updated)}
    assert updated == {str(change.cause) for change in changes}
    assert all(
        change.replaced is not None and change.replaced.version == change.version - 1
        for change in changes[:-1]
    )
    assert [change.read_at for change in changes] == sorted(
        (change.read_at for change in changes), reverse=True
    )


async def test_many_writers_at_once_each_write_a_batch_of_other_months(mongo: Database) -> None:
    clients = [f"client-{n}" for n in range(40)]
    batches = [
        [counted(client_id=client, net=f"{age}.00", read_at=READ_AT + age * MINUTE) for client in clients]
        for age in range(1, 5)
    ]

    await asyncio.gather(*(write(a_writer(mongo), *batch) for batch in batches))

    stored = [document async for document in mongo["client_summaries"].find()]
    assert {document["client_id"] for document in stored} == set(clients)
    assert {str(document["values"]["sales_net"]["value"]) for document in stored} == {"4.00"}


async def test_a_writer_stopped_after_history_writes_the_summary_when_it_comes_again(mongo: Database) -> None:
    await write(a_writer(mongo), counted(net="10.00"))
    message = counted(net="20.00", read_at=READ_AT + MINUTE)
    with pytest.raises(AutoReconnect):
        await write(a_writer(mongo, StoppedBeforeSummary), message)

    outcomes = await write(a_writer(mongo), message)

    assert outcomes == [Updated(values("10.00"))]
    assert len(await a_writer(mongo).history(Reading.of(message).key)) == 2


async def test_a_writer_stopped_after_the_summary_still_tells_that_it_was_updated(mongo: Database) -> None:
    await write(a_writer(mongo), counted(net="10.00"))
    message = counted(net="20.00", read_at=READ_AT + MINUTE)
    with pytest.raises(AutoReconnect):
        await write(a_writer(mongo, StoppedAfterSummary), message)
    await write(a_writer(mongo), counted(net="30.00", read_at=READ_AT + 2 * MINUTE))

    outcomes = await write(a_writer(mongo), message)

    assert outcomes == [Updated(values("10.00"))]


async def test_an_entry_whose_change_was_overtaken_is_withdrawn(mongo: Database) -> None:
    message = counted(net="20.00")
    with pytest.raises(AutoReconnect):
        await write(a_writer(mongo, StoppedBeforeSummary), message)
    newer = counted(net="30.00", read_at=READ_AT + MINUTE)
    await write(a_writer(mongo), newer)

    outcomes = await write(a_writer(mongo), message)

    assert outcomes == [Unchanged(UnchangedReason.NEWER_KEPT)]
    assert await entries_in(mongo) == {str(Reading.of(newer).cause)}


async def test_an_entry_whose_change_was_refused_later_is_not_told_as_history(mongo: Database) -> None:
    message = counted(net="20.00", read_at=READ_AT + MINUTE)
    await write(a_writer(mongo), counted(net="10.00", generation=2))
    with pytest.raises(AutoReconnect):
        await write(a_writer(mongo, StoppedBeforeSummary), message)
    await MongoFences(mongo).raise_to(CONNECTION, 2)
    await write(a_writer(mongo), message)

    (change,) = await a_writer(mongo).history(Reading.of(message).key)

    assert change.replaced is None


async def test_a_slower_writer_of_the_same_reading_leaves_its_history_alone(mongo: Database) -> None:
    first, second = counted(net="10.00"), counted(net="20.00", read_at=READ_AT + MINUTE)
    third = counted(net="30.00", read_at=READ_AT + 2 * MINUTE)
    await write(a_writer(mongo), first)
    looked, go_on = asyncio.Event(), asyncio.Event()

    class Slow(MongoSummaries):
        async def _keep_history(self, cases: Sequence[object]) -> None:
            looked.set()
            await go_on.wait()
            await super()._keep_history(cases)  # type: ignore[arg-type]  # the cases' class is private

    slow = asyncio.create_task(write(a_writer(mongo, Slow), third))
    await looked.wait()
    await write(a_writer(mongo), second)
    await write(a_writer(mongo), third)
    go_on.set()

    assert await slow == [Updated(values("20.00"))]
    newest, *_ = await a_writer(mongo).history(Reading.of(third).key)
    assert newest.replaced is not None
    assert newest.replaced.values == values("20.00")


async def test_fences_rise_together_from_many_writers(mongo: Database) -> None:
    await asyncio.gather(*(MongoFences(mongo).raise_to(CONNECTION, n) for n in (1, 5, 3, 2, 4) * 4))

    assert await MongoFences(mongo).lowest([CONNECTION, uuid4()]) == {CONNECTION: 5}
