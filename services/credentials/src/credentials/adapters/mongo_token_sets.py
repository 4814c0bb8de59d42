"""The register of token sets in MongoDB; their secrets stand in Vault."""

from contextlib import suppress
from uuid import UUID, uuid4

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ASCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError
from service_kit.mongo import Document
from sync_contracts.providers import Provider

from credentials.ports import LastUse, Owner

_LIVE = "live"
_ENDING = "ending"


class MongoTokenSets:
    """Implements `TokenSetRegister`: one live set of a name per company; it is not taken once it ends."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._sets = database["token_sets"]

    async def ensure_indexes(self) -> None:
        """Run once at start."""
        await self._sets.create_index(
            [(name, ASCENDING) for name in ("company_id", "provider", "name")],
            unique=True,
            partialFilterExpression={"state": _LIVE},
        )
        await self._sets.create_index("refs")
        await self._sets.create_index([("provider", ASCENDING), ("owner_key", ASCENDING)])

    async def take(self, company_id: str, provider: Provider, owner: Owner, ref: UUID) -> UUID:
        named = {
            "company_id": company_id,
            "provider": provider.value,
            "name": owner.name,
            "state": _LIVE,
        }
        made = {"_id": uuid4(), "owner_key": owner.key}
        while True:
            # Of several who make it at the same moment, one does; the others look again.
            with suppress(DuplicateKeyError):
                taken: Document | None = await self._sets.find_one_and_update(
                    named,
                    {"$addToSet": {"refs": ref}, "$setOnInsert": made},
                    upsert=True,
                    return_document=ReturnDocument.AFTER,
                )
                if taken is not None:
                    return UUID(str(taken["_id"]))

    async def taken(self, company_id: str, ref: UUID) -> UUID | None:
        found = await self._sets.find_one({"company_id": company_id, "refs": ref})
        return None if found is None else UUID(str(found["_id"]))

    async def give_back(self, company_id: str, ref: UUID) -> LastUse | None:
        used = {"company_id": company_id, "refs": ref}
        while True:
            # The last use stays written, so that an interrupted end is found again by it.
            last: Document | None = await self._sets.find_one_and_update(
                used | {"refs": [ref]}, {"$set": {"state": _ENDING}}
            )
            if last is not None:
                return await self._last_use(last)
            shared = await self._sets.update_one(
                used | {"refs.1": {"$exists": True}}, {"$pull": {"refs": ref}}
            )
            if shared.matched_count or await self._sets.find_one(used) is None:
                return None

    async def forget(self, company_id: str, token_set_id: UUID) -> None:
        await self._sets.delete_one({"_id": token_set_id, "company_id": company_id, "state": _ENDING})

    async def is_known(self, company_id: str, token_set_id: UUID) -> bool:
        return await self._sets.find_one({"_id": token_set_id, "company_id": company_id}) is not None

    async def _last_use(self, last: Document) -> LastUse:
        owner = {"provider": last["provider"], "owner_key": last["owner_key"]}
        other = await self._sets.find_one(owner | {"_id": {"$ne": last["_id"]}})
        return LastUse(UUID(str(last["_id"])), owner_has_others=other is not None)
