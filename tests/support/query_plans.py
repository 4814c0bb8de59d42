"""How the database finds what a store asks for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import uuid4

import bson
from bson.binary import UuidRepresentation
from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorDatabase
from pymongo.monitoring import CommandListener, CommandStartedEvent

_AS_STORED: CodecOptions[Any] = CodecOptions(tz_aware=True, uuid_representation=UuidRepresentation.STANDARD)


class Effort(NamedTuple):
    """Documents that the database looked at, and those that it returned."""

    examined: int
    returned: int


@dataclass
class Watched(CommandListener):
    """A database of its own that remembers every `find`."""

    database: AsyncIOMotorDatabase[dict[str, Any]] = field(init=False)
    finds: list[dict[str, Any]] = field(default_factory=list)

    async def efforts(self) -> list[Effort]:
        """Of all finds so far."""
        efforts = []
        for find in tuple(self.finds):
            plan = await self.database.command("explain", find, verbosity="executionStats")
            stats = plan["executionStats"]
            efforts.append(Effort(stats["totalDocsExamined"], stats["nReturned"]))
        return efforts

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name == "find":
            asked = {name: event.command[name] for name in ("find", "filter")}
            self.finds.append(bson.decode(bson.encode(asked, codec_options=_AS_STORED)))

    def succeeded(self, event: object) -> None:
        """Not of interest."""

    def failed(self, event: object) -> None:
        """Not of interest."""


@asynccontextmanager
async def watched_database(mongo_url: str) -> AsyncIterator[Watched]:
    """Dropped afterwards."""
    watched = Watched()
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
        mongo_url, tz_aware=True, uuidRepresentation="standard", event_listeners=[watched]
    )
    watched.database = client[f"watched-{uuid4().hex}"]
    try:
        yield watched
    finally:
        await client.drop_database(watched.database.name)
        client.close()
