"""Unordered bulk writes in which meeting a unique index is an answer, not an error."""

from collections.abc import Sequence
from dataclasses import dataclass

from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo import InsertOne, ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError
from service_kit.mongo import Document

Write = InsertOne[Document] | ReplaceOne[Document] | UpdateOne
_DUPLICATE_KEY = 11000


@dataclass(frozen=True, slots=True)
class BulkDone:
    """How many documents matched, and the places of the writes that met the unique index."""

    matched: int
    duplicates: frozenset[int]


async def bulk_write(collection: AsyncIOMotorCollection[Document], writes: Sequence[Write]) -> BulkDone:
    """All of them; raises BulkWriteError if one failed for another reason than a duplicate key."""
    try:
        result = await collection.bulk_write(list(writes), ordered=False)
    except BulkWriteError as error:
        details = error.details
        failed = details["writeErrors"]
        if details["writeConcernErrors"] or any(each["code"] != _DUPLICATE_KEY for each in failed):
            raise
        return BulkDone(details["nMatched"], frozenset(each["index"] for each in failed))
    return BulkDone(result.matched_count, frozenset())
