"""The database does what our stores count on."""

import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from bson.decimal128 import Decimal128
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo import InsertOne, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError
from sandbox.embedded import EmbeddedStack

pytestmark = pytest.mark.integration

Database = AsyncIOMotorDatabase[dict[str, Any]]


@pytest.fixture
async def database(mongo_url: str) -> AsyncIterator[Database]:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongo_url, tz_aware=True)
    name = f"test-{uuid.uuid4()}"
    yield client[name]
    await client.drop_database(name)
    client.close()


async def test_a_partial_unique_index_counts_only_its_part(database: Database) -> None:
    runs = database["runs"]
    await runs.create_index(
        "identity", unique=True, partialFilterExpression={"state": {"$in": ["planning", "open"]}}
    )
    await runs.insert_many([{"_id": i, "identity": "a", "state": "ended"} for i in range(2)])
    await runs.insert_one({"_id": 2, "identity": "a", "state": "planning"})

    with pytest.raises(DuplicateKeyError):
        await runs.insert_one({"_id": 3, "identity": "a", "state": "open"})
    with pytest.raises(DuplicateKeyError):
        await runs.update_one({"_id": 0}, {"$set": {"state": "open"}})


async def test_an_unordered_bulk_reports_each_loser_and_writes_the_rest(database: Database) -> None:
    rows = database["rows"]
    await rows.create_index([("client", 1), ("month", 1)], unique=True)
    key = {"client": "c", "month": "2026-04"}
    await rows.insert_one({**key, "rev": 5})
    older = UpdateOne({**key, "rev": {"$lt": 4}}, {"$set": {"rev": 4}}, upsert=True)

    with pytest.raises(BulkWriteError) as caught:
        await rows.bulk_write([older, InsertOne({"client": "d", "month": "2026-04"})], ordered=False)

    assert [(error["index"], error["code"]) for error in caught.value.details["writeErrors"]] == [(0, 11000)]
    assert await rows.count_documents({}) == 2


async def test_a_pipeline_update_keeps_the_newer_decimal(database: Database) -> None:
    rows = database["rows"]

    for revision, net in ((2, "20.00"), (1, "10.00")):
        newer = {"$gt": [revision, {"$ifNull": ["$rev", -1]}]}
        fields = {
            "net": {"$cond": [newer, Decimal128(net), "$net"]},
            "rev": {"$max": ["$rev", revision]},
        }
        await rows.update_one({"_id": 1}, [{"$set": fields}], upsert=True)

    assert await rows.find_one({"_id": 1}) == {"_id": 1, "net": Decimal128("20.00"), "rev": 2}


async def test_a_transaction_is_whole_or_nothing(database: Database) -> None:
    rows = database["rows"]

    async with await database.client.start_session() as session:
        async with session.start_transaction():
            await rows.insert_one({"_id": "kept"}, session=session)
        with suppress(RuntimeError):
            async with session.start_transaction():
                await rows.insert_one({"_id": "dropped"}, session=session)
                raise RuntimeError

    assert await rows.distinct("_id") == ["kept"]


async def test_acknowledged_writes_survive_a_crash(tmp_path: Path) -> None:
    stack = EmbeddedStack(tmp_path)
    await stack.database.start()
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(stack.settings.mongo_url)
    rows = client["crash"]["rows"]
    try:
        for number in range(50):
            await rows.insert_one({"_id": number})

        await stack.database.kill()
        await stack.database.start()

        assert sorted(await rows.distinct("_id")) == list(range(50))
    finally:
        client.close()
        await stack.database.stop()
