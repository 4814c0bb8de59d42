"""Receipts in MongoDB."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError
from service_kit.clock import Clock
from service_kit.mongo import Document

from notifier.receipt import Receipt


class MongoReceipts:
    """Implements `ReceiptStore`: the run's id is the document's, so the first one stays."""

    def __init__(self, database: AsyncIOMotorDatabase[Document], clock: Clock) -> None:
        self._receipts = database["receipts"]
        self._clock = clock

    async def ensure_indexes(self) -> None:
        """Run once at start."""
        await self._receipts.create_index([("company_id", ASCENDING), ("stored_at", ASCENDING)])
        await self._receipts.create_index("stored_at")

    async def keep_first(self, receipt: Receipt) -> Receipt:
        document = {
            "_id": receipt.run_id,
            "company_id": receipt.company_id,
            "key": receipt.key,
            "headers": receipt.headers,
            "body": receipt.body,
            "stored_at": self._clock.now(),
        }
        with suppress(DuplicateKeyError):
            await self._receipts.insert_one(document)
        stored = await self._receipts.find_one({"_id": receipt.run_id})
        return _receipt_from(stored or document)

    async def find(self, company_id: str, run_id: UUID) -> Receipt | None:
        stored = await self._receipts.find_one({"_id": run_id, "company_id": company_id})
        return _receipt_from(stored) if stored else None

    async def forget(self, stored_before: datetime) -> None:
        await self._receipts.delete_many({"stored_at": {"$lt": stored_before}})


def _receipt_from(document: Document) -> Receipt:
    return Receipt(
        run_id=document["_id"],
        company_id=document["company_id"],
        key=document["key"],
        headers=document["headers"],
        body=document["body"],
    )
