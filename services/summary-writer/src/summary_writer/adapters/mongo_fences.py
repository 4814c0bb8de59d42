"""The lowest valid generations, in MongoDB."""

from collections.abc import Iterable
from uuid import UUID

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo.errors import DuplicateKeyError
from service_kit.mongo import Document


class MongoFences:
    """Implements `Fences`: one document per connection."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._fences = database["fences"]

    async def raise_to(self, connection_id: UUID, generation: int) -> None:
        raised = {"$max": {"lowest_generation": generation}}
        try:
            await self._fences.update_one({"_id": connection_id}, raised, upsert=True)
        except DuplicateKeyError:  # Another process made the document meanwhile.
            await self._fences.update_one({"_id": connection_id}, raised)

    async def lowest(self, connection_ids: Iterable[UUID]) -> dict[UUID, int]:
        """By connection; one without an entry has no fence yet."""
        found = self._fences.find({"_id": {"$in": list(set(connection_ids))}})
        return {fence["_id"]: fence["lowest_generation"] async for fence in found}
