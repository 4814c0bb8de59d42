"""Breakers in MongoDB: a handful of documents, one for each site in trouble."""

from collections.abc import Callable

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo.errors import DuplicateKeyError
from service_kit.mongo import Document

from sync_orchestrator.records import Breaker

_ROUNDS = 20


class MongoBreakers:
    """Implements `BreakerStore`."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._breakers = database["breakers"]

    async def all(self) -> list[Breaker]:
        return [Breaker.model_validate(document) async for document in self._breakers.find({})]

    async def change(
        self, site_key: str, decide: Callable[[Breaker | None], Breaker]
    ) -> tuple[Breaker | None, Breaker]:
        for _ in range(_ROUNDS):
            document = await self._breakers.find_one({"_id": site_key})
            known = Breaker.model_validate(document) if document else None
            wanted = decide(known)
            if wanted == known:
                return known, wanted
            wanted = wanted.model_copy(update={"revision": wanted.revision + 1})
            if await self._write(known, wanted):
                return known, wanted
        raise RuntimeError("a breaker was changed by others again and again")

    async def _write(self, known: Breaker | None, wanted: Breaker) -> bool:
        document = wanted.model_dump() | {"_id": wanted.site_key}
        if known is None:
            try:
                await self._breakers.insert_one(document)
            except DuplicateKeyError:
                return False
            return True
        unchanged = {"_id": known.site_key, "revision": known.revision}
        return bool((await self._breakers.replace_one(unchanged, document)).matched_count == 1)

    async def drop(self, site_key: str) -> Breaker | None:
        document = await self._breakers.find_one_and_delete({"_id": site_key})
        return Breaker.model_validate(document) if document else None
