"""Consents under way in MongoDB."""

from datetime import datetime, timedelta
from uuid import UUID

from motor.motor_asyncio import AsyncIOMotorDatabase
from service_kit.mongo import Document

from credentials.consent import Consent

_KEPT = timedelta(days=7)


class MongoConsents:
    """Implements `ConsentStore`; a consent is forgotten a week after its end."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._consents = database["consents"]

    async def ensure_indexes(self) -> None:
        """Run once at start."""
        await self._consents.create_index("forget_at", expireAfterSeconds=0)
        await self._consents.create_index("holds_until", sparse=True)

    async def add(self, consent: Consent) -> None:
        await self._consents.insert_one(_document(consent))

    async def by_id(self, consent_id: UUID) -> Consent | None:
        found = await self._consents.find_one({"_id": consent_id})
        return None if found is None else Consent.model_validate(found)

    async def put(self, consent: Consent) -> bool:
        expected = {"_id": consent.consent_id, "revision": consent.revision}
        answer = await self._consents.replace_one(expected, _document(consent, consent.revision + 1))
        return answer.matched_count == 1

    async def of_client(self, company_id: str, client_id: str) -> list[Consent]:
        found = self._consents.find({"place.company_id": company_id, "place.client_id": client_id})
        return [Consent.model_validate(document) async for document in found]

    async def forget(self, consent: Consent) -> None:
        await self._consents.delete_one({"_id": consent.consent_id})

    async def left_over(self, now: datetime, limit: int) -> list[Consent]:
        cursor = self._consents.find({"holds_until": {"$lt": now}}).limit(limit)
        return [Consent.model_validate(document) async for document in cursor]


def _document(consent: Consent, revision: int = 0) -> Document:
    document = consent.model_dump(mode="json") | {"_id": consent.consent_id, "revision": revision}
    if consent.token_set_id is not None:
        document["holds_until"] = consent.expires_at
    else:
        document["forget_at"] = consent.expires_at + _KEPT
    return document
