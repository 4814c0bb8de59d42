"""The orchestrator's stores in a database of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from service_kit.mongo import build_mongo, database
from service_kit.settings import MongoSettings
from sync_orchestrator.app import mongo_stores, prepare
from sync_orchestrator.use_cases import Stores


@asynccontextmanager
async def stores_in(mongo_url: str) -> AsyncIterator[Stores]:
    """With indexes; dropped afterwards."""
    where = MongoSettings.model_validate({"url": mongo_url, "database": f"orchestrator-{uuid4().hex}"})
    client = build_mongo(where)
    stored = database(client, where)
    try:
        await prepare(stored)
        yield mongo_stores(stored)
    finally:
        await client.drop_database(where.database)
        client.close()
