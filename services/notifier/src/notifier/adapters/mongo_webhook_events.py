"""Events that had a subscriber, in MongoDB."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError
from service_kit.mongo import Document

from notifier.ports import EventFilter
from notifier.webhook_event import WebhookEvent


class MongoWebhookEvents:
    """Implements `EventStore`: the event's id is the document's, so the first one stays."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._events = database["webhook_events"]

    async def ensure_indexes(self) -> None:
        """Run once at start."""
        await self._events.create_index([("company_id", ASCENDING), ("_id", ASCENDING)])
        await self._events.create_index("expires_at", expireAfterSeconds=0)

    async def keep(self, event: WebhookEvent, *, expires_at: datetime) -> None:
        with suppress(DuplicateKeyError):
            await self._events.insert_one(
                event.model_dump() | {"_id": event.event_id, "expires_at": expires_at}
            )

    async def find(self, event_id: UUID) -> WebhookEvent | None:
        found = await self._events.find_one({"_id": event_id})
        return WebhookEvent.model_validate(found) if found else None

    async def matching(self, wanted: EventFilter, *, after: UUID | None, limit: int) -> list[WebhookEvent]:
        query: Document = {
            "company_id": wanted.company_id,
            "type": {"$in": [each.value for each in wanted.types]},
            "occurred_at": {"$gte": wanted.since, "$lt": wanted.until},
        }
        if wanted.client_id is not None:
            query["$or"] = [{"client_ids": wanted.client_id}, {"is_about_all": True}]
        if after is not None:
            query["_id"] = {"$gt": after}
        cursor = self._events.find(query).sort("_id", ASCENDING).limit(limit)
        return [WebhookEvent.model_validate(document) async for document in cursor]
