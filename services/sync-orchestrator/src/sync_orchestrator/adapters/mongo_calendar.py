"""What the release needs to know besides jobs: connections, pauses and who leads; in MongoDB."""

from collections.abc import Collection
from datetime import UTC, datetime

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError
from service_kit.mongo import Document

from sync_orchestrator.records import ClientKey, ConnectionFact, Pause


class MongoConnectionFacts:
    """Implements `ConnectionFacts`: one document per client and provider."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._facts = database["connections"]

    async def learn(self, fact: ConnectionFact) -> bool:
        key = {"_id": _key((fact.company_id, fact.client_id, fact.provider))}
        change = {"$set": fact.model_dump()}
        older = {"generation": {"$lt": fact.generation}}
        try:
            await self._facts.update_one(key | older, change, upsert=True)
        except DuplicateKeyError:
            # As new or newer is known, or another instance was the first.
            said_before = {"generation": fact.generation, "said_at": {"$lte": fact.said_at}}
            for not_newer in (said_before, older):
                result = await self._facts.update_one(key | not_newer, change)
                if result.matched_count == 1:
                    return True
            return False
        return True

    async def of(self, keys: Collection[ClientKey]) -> dict[ClientKey, ConnectionFact]:
        found = self._facts.find({"_id": {"$in": [_key(key) for key in keys]}})
        facts = [ConnectionFact.model_validate(document) async for document in found]
        return {(fact.company_id, fact.client_id, fact.provider): fact for fact in facts}


class MongoPauses:
    """Implements `PauseStore`: one document per limit."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._pauses = database["pauses"]

    async def ensure_indexes(self) -> None:
        """Run once at start."""
        await self._pauses.create_index("until", expireAfterSeconds=0)

    async def put(self, pause: Pause) -> None:
        earlier = {"_id": pause.key, "until": {"$lt": pause.until}}
        for upsert in (True, False):
            try:
                await self._pauses.update_one(earlier, {"$set": pause.model_dump()}, upsert=upsert)
            except DuplicateKeyError:
                continue
            return

    async def active(self, now: datetime) -> list[Pause]:
        found = self._pauses.find({"until": {"$gt": now}})
        return [Pause.model_validate(document) async for document in found]


class MongoLeases:
    """Implements `LeaseStore`: one document per lease; its epoch rises with each new holder."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._leases = database["leases"]

    async def hold(self, name: str, holder: str, now: datetime, until: datetime) -> int | None:
        mine = {"_id": name, "holder": holder, "until": {"$gt": now}}
        renewed = await self._leases.find_one_and_update(
            mine, {"$set": {"until": until}}, return_document=ReturnDocument.AFTER
        )
        return int(renewed["epoch"]) if renewed else await self._take(name, holder, now, until)

    async def _take(self, name: str, holder: str, now: datetime, until: datetime) -> int | None:
        free = {"_id": name, "until": {"$lte": now}}
        change = {"$set": {"holder": holder, "until": until}, "$inc": {"epoch": 1}}
        try:
            taken = await self._leases.find_one_and_update(
                free, change, upsert=True, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:
            return None
        return int(taken["epoch"]) if taken else None

    async def give_up(self, name: str, holder: str) -> None:
        over = {"until": datetime.fromtimestamp(0, UTC)}
        await self._leases.update_one({"_id": name, "holder": holder}, {"$set": over})


def _key(key: ClientKey) -> str:
    return "/".join(key)
