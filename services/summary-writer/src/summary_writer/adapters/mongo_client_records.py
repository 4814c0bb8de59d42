"""What is kept about one client: summaries and their history, until they are erased."""

import re
from collections.abc import AsyncIterator

from motor.motor_asyncio import AsyncIOMotorDatabase
from service_kit.client_records import Erased, Kept
from service_kit.mongo import Document
from service_kit.tokens import User


class MongoClientRecords:
    """Implements `ClientRecords`; fences stay, for they know connections by number only."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._summaries = database["client_summaries"]
        self._history = database["summary_history"]

    async def of(self, company_id: str, client_id: str) -> AsyncIterator[Kept]:
        async for document in self._summaries.find({"company_id": company_id, "client_id": client_id}):
            yield Kept("client_summaries", document)
        async for document in self._history.find(_changes_of(company_id, client_id)):
            yield Kept("summary_history", document)

    async def erase(self, user: User, client_id: str) -> Erased:
        named = {"company_id": user.company_id, "client_id": client_id}
        history = await self._history.delete_many(_changes_of(user.company_id, client_id))
        summaries = await self._summaries.delete_many(named)
        counts = {"summary_history": history.deleted_count, "client_summaries": summaries.deleted_count}
        return Erased(records=counts)


def _changes_of(company_id: str, client_id: str) -> Document:
    # By the index of the summaries' ids, entries included whose summary was never written.
    return {"summary_id": {"$regex": f"^{re.escape(f'{company_id}/{client_id}/')}"}}
