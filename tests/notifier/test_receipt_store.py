"""Every receipt store keeps these promises: the one in memory and the one in MongoDB."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from notifier.adapters.mongo_receipts import MongoReceipts
from notifier.ports import ReceiptStore
from notifier.receipt import Receipt
from service_kit.mongo import build_mongo, database
from service_kit.settings import MongoSettings
from support.fakes import FakeClock
from support.receipts import MemoryReceipts, finished


@pytest.fixture(params=["memory", pytest.param("mongo", marks=pytest.mark.integration)])
def mongo_address(request: pytest.FixtureRequest) -> str | None:
    """Where the database is that keeps the receipts; None for the store in memory."""
    return request.getfixturevalue("mongo_url") if request.param == "mongo" else None


@pytest.fixture
async def store(mongo_address: str | None) -> AsyncIterator[ReceiptStore]:
    if mongo_address is None:
        yield MemoryReceipts()
        return
    where = MongoSettings(url=mongo_address, database=f"notifier-{uuid4().hex}")
    client = build_mongo(where)
    yield MongoReceipts(database(client, where), FakeClock())
    await client.drop_database(where.database)
    client.close()


async def test_a_receipt_comes_back_as_it_was_kept(store: ReceiptStore) -> None:
    receipt = Receipt.of(finished(), source="notifier")

    kept = await store.keep_first(receipt)

    assert kept == receipt
    assert await store.find("company-1", receipt.run_id) == receipt


async def test_the_first_receipt_of_a_run_stays(store: ReceiptStore) -> None:
    first = Receipt.of(finished(), source="notifier")
    await store.keep_first(first)

    kept = await store.keep_first(replace(first, body=b"{}"))

    assert kept == first


async def test_writers_at_once_all_get_the_same_receipt(store: ReceiptStore) -> None:
    receipt = Receipt.of(finished(), source="notifier")

    kept = await asyncio.gather(*(store.keep_first(replace(receipt, body=b"%d" % n)) for n in range(8)))

    assert len({each.body for each in kept}) == 1


async def test_another_company_does_not_find_it(store: ReceiptStore) -> None:
    receipt = Receipt.of(finished(), source="notifier")
    await store.keep_first(receipt)

    assert await store.find("company-2", receipt.run_id) is None
    assert await store.find("company-1", uuid4()) is None


async def test_receipts_are_forgotten_once_they_are_old(store: ReceiptStore) -> None:
    receipt = await store.keep_first(Receipt.of(finished(), source="notifier"))
    now = FakeClock().now()

    await store.forget(now)
    kept = await store.find("company-1", receipt.run_id)
    await store.forget(now + timedelta(seconds=1))

    assert kept == receipt
    assert await store.find("company-1", receipt.run_id) is None
