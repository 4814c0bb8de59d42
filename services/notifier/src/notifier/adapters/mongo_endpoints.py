"""Companies' endpoints in MongoDB."""

from datetime import datetime
from uuid import UUID

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ASCENDING, ReturnDocument
from service_kit.mongo import Document

from notifier.endpoint import FORGOTTEN_AFTER, Announcement, DisabledBy, Endpoint

# What people change; the rest is what deliveries find out, and is written by itself.
_CHANGED = {
    "url",
    "types",
    "description",
    "changed_at",
    "is_enabled",
    "disabled_by",
    "disabled_at",
    "failing_since",
    "secret",
    "previous",
    "previous_until",
}


class MongoEndpoints:
    """Implements `EndpointStore`: one document for each endpoint."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._endpoints = database["endpoints"]

    async def ensure_indexes(self) -> None:
        """Run once at start."""
        await self._endpoints.create_index([("company_id", ASCENDING), ("created_at", ASCENDING)])
        await self._endpoints.create_index("announcement.at", sparse=True)

    async def add(self, endpoint: Endpoint) -> None:
        await self._endpoints.insert_one(
            endpoint.model_dump(exclude_none=True) | {"_id": endpoint.endpoint_id}
        )

    async def find(self, company_id: str, endpoint_id: UUID) -> Endpoint | None:
        found = await self._endpoints.find_one({"_id": endpoint_id, "company_id": company_id})
        return Endpoint.model_validate(found) if found else None

    async def of_company(self, company_id: str) -> list[Endpoint]:
        cursor = self._endpoints.find({"company_id": company_id}).sort("created_at", ASCENDING)
        return [Endpoint.model_validate(document) async for document in cursor]

    async def change(self, endpoint: Endpoint) -> bool:
        expected = {"_id": endpoint.endpoint_id, "revision": endpoint.revision}
        fields = endpoint.model_dump(include=_CHANGED)
        if endpoint.is_enabled:
            fields["announcement"] = None
        answer = await self._endpoints.update_one(expected, {"$set": fields, "$inc": {"revision": 1}})
        return answer.matched_count == 1

    async def remove(self, company_id: str, endpoint_id: UUID) -> bool:
        answer = await self._endpoints.delete_one({"_id": endpoint_id, "company_id": company_id})
        return answer.deleted_count == 1

    async def numbered(self, endpoint_id: UUID, sequence: int) -> None:
        await self._endpoints.update_one({"_id": endpoint_id}, {"$max": {"last_sequence": sequence}})

    async def succeeded(self, endpoint_id: UUID, at: datetime) -> None:
        changes = {"$max": {"last_success_at": at}, "$set": {"failing_since": None}}
        await self._endpoints.update_one({"_id": endpoint_id}, changes)

    async def failed(self, endpoint_id: UUID, at: datetime) -> None:
        quiet = [{"failing_since": None}, {"last_failure_at": {"$lt": at - FORGOTTEN_AFTER}}]
        await self._endpoints.update_one({"_id": endpoint_id, "$or": quiet}, {"$set": {"failing_since": at}})
        await self._endpoints.update_one({"_id": endpoint_id}, {"$max": {"last_failure_at": at}})

    async def disable(
        self,
        endpoint_id: UUID,
        announcement: Announcement,
        by: DisabledBy,
        *,
        failing_before: datetime | None,
    ) -> Endpoint | None:
        expected: Document = {"_id": endpoint_id, "is_enabled": True}
        if failing_before is not None:
            expected["failing_since"] = {"$lte": failing_before}
        fields = {
            "is_enabled": False,
            "disabled_by": by.value,
            "disabled_at": announcement.at,
            "announcement": announcement.model_dump(),
        }
        found = await self._endpoints.find_one_and_update(
            expected, {"$set": fields, "$inc": {"revision": 1}}, return_document=ReturnDocument.AFTER
        )
        return Endpoint.model_validate(found) if found else None

    async def to_announce(self, before: datetime, limit: int) -> list[Endpoint]:
        cursor = self._endpoints.find({"announcement.at": {"$lt": before}}).limit(limit)
        return [Endpoint.model_validate(document) async for document in cursor]

    async def announced(self, endpoint_id: UUID, announcement: Announcement) -> None:
        told = {"_id": endpoint_id, "announcement.at": announcement.at}
        await self._endpoints.update_one(told, {"$set": {"announcement": None}})
