"""Connection records in MongoDB."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError
from service_kit.mongo import Document
from sync_contracts.providers import Provider

from credentials.connection import Connection, Stage
from credentials.terms import Place

# The embedded database compares each document with the whole list: a thousand at once cost six times as much.
_CLIENTS_A_QUERY = 100


class MongoConnections:
    """Implements `ConnectionStore`: one document per company, client and provider, kept after a delete."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._connections = database["connections"]

    async def ensure_indexes(self) -> None:
        """Run once at start."""
        place = [(name, ASCENDING) for name in ("company_id", "provider", "client_id")]
        await self._connections.create_index(place, unique=True)
        await self._connections.create_index([("company_id", ASCENDING), ("_id", ASCENDING)])
        await self._connections.create_index("terms.token_set_id", sparse=True)
        await self._connections.create_index("terms.account_key", sparse=True)
        await self._connections.create_index("open_since", sparse=True)
        await self._connections.create_index("probe_due", sparse=True)
        await self._connections.create_index("renew_due", sparse=True)
        await self._connections.create_index("warn_due", sparse=True)

    async def at(self, place: Place) -> Connection | None:
        found = await self._connections.find_one({"_id": place.connection_id})
        # A forgotten one no longer knows whose it was.
        return _connection(found and found | place.model_dump(mode="json"))

    async def by_ids(self, connection_ids: Collection[UUID]) -> dict[UUID, Connection]:
        found = await self._connections.find({"_id": {"$in": list(connection_ids)}}).to_list(None)
        return {document["_id"]: Connection.model_validate(document) for document in found}

    async def by_id(self, company_id: str, connection_id: UUID) -> Connection | None:
        wanted = {"_id": connection_id, "company_id": company_id}
        return _connection(await self._connections.find_one(wanted))

    async def put(self, connection: Connection) -> bool:
        document = _document(connection)
        if connection.revision == 0:
            try:
                await self._connections.insert_one(document)
            except DuplicateKeyError:
                return False
            return True
        expected = {"_id": connection.connection_id, "revision": connection.revision}
        answer = await self._connections.replace_one(expected, document)
        return answer.matched_count == 1

    async def forget(self, connection: Connection) -> bool:
        nobody = {"client_id": f"erased-{connection.connection_id.hex}"}
        expected = {"_id": connection.connection_id, "revision": connection.revision}
        answer = await self._connections.replace_one(expected, _document(connection.forgotten()) | nobody)
        return answer.matched_count == 1

    async def of_company(
        self,
        company_id: str,
        *,
        client_id: str | None,
        provider: Provider | None,
        after: UUID | None,
        limit: int,
    ) -> list[Connection]:
        wanted: Document = {"company_id": company_id, "$or": _SHOWN}
        if client_id is not None:
            wanted["client_id"] = client_id
        if provider is not None:
            wanted["provider"] = provider.value
        if after is not None:
            wanted["_id"] = {"$gt": after}
        return await self._found(wanted, limit)

    async def of_clients(
        self, company_id: str, provider: Provider, client_ids: Sequence[str]
    ) -> list[Connection]:
        place = {"company_id": company_id, "provider": provider.value}
        found: list[Connection] = []
        for start in range(0, len(client_ids), _CLIENTS_A_QUERY):
            clients = list(client_ids[start : start + _CLIENTS_A_QUERY])
            found += await self._found(place | {"client_id": {"$in": clients}}, len(clients))
        return [connection for connection in found if connection.stage is Stage.ACTIVE]

    async def is_account_used(self, account_key: str) -> bool:
        wanted = {"terms.account_key": account_key} | _USABLE
        return await self._connections.find_one(wanted, {"_id": 1}) is not None

    async def sharing(self, company_id: str, token_set_id: UUID) -> list[Connection]:
        return await self._found({"terms.token_set_id": token_set_id, "company_id": company_id} | _USABLE, 0)

    async def left_open(self, before: datetime, limit: int) -> list[Connection]:
        return await self._found({"open_since": {"$lt": before}}, limit)

    async def to_probe(self, now: datetime, limit: int) -> list[Connection]:
        return await self._found({"probe_due": {"$lte": now}} | _USABLE, limit)

    async def to_renew(self, now: datetime, limit: int) -> list[Connection]:
        return await self._found({"renew_due": {"$lte": now}} | _USABLE, limit)

    async def to_warn(self, now: datetime, limit: int) -> list[Connection]:
        return await self._found({"warn_due": {"$lte": now}} | _USABLE, limit)

    async def _found(self, wanted: Document, limit: int) -> list[Connection]:
        cursor = self._connections.find(wanted).sort("_id", ASCENDING).limit(limit)
        return [Connection.model_validate(document) async for document in cursor]


_USABLE: Document = {"stage": Stage.ACTIVE.value}
_SHOWN: list[Document] = [
    {"stage": {"$in": [Stage.ACTIVE.value, Stage.DELETING.value]}},
    {"saving": {"$ne": None}},
]


def _connection(document: Document | None) -> Connection | None:
    return None if document is None else Connection.model_validate(document)


def _document(connection: Connection) -> Document:
    document = connection.model_dump(mode="json") | {
        "_id": connection.connection_id,
        "revision": connection.revision + 1,
    }
    if connection.terms is not None:
        document["terms"]["token_set_id"] = connection.terms.token_set_id
    # Instants that are searched for stand as dates of their own, and only where something is due.
    if connection.is_open:
        document["open_since"] = connection.changed_at
    if connection.probe_at is not None:
        document["probe_due"] = connection.probe_at
    if connection.renew_at is not None:
        document["renew_due"] = connection.renew_at
    if connection.warn_at is not None:
        document["warn_due"] = connection.warn_at
    return document
