"""Requests and overtaking cancels in MongoDB, forgotten after seven days."""

from datetime import datetime, timedelta

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError
from service_kit.mongo import Document
from sync_contracts.requests import SyncCancel
from sync_contracts.runs import RunAccepted, RunCancelling, RunRejected

from sync_orchestrator.records import Answer, StoredRequest

_KEPT = timedelta(days=7)
_ANSWERS: dict[str, type[Answer]] = {kind.topic: kind for kind in (RunAccepted, RunRejected, RunCancelling)}


class MongoRequests:
    """Implements `RequestStore`: one document per company and request id."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._requests = database["requests"]

    async def ensure_indexes(self) -> None:
        """Run once at start; `_id` is company and request id, so it is unique by itself."""
        await self._requests.create_index("received_at", expireAfterSeconds=int(_KEPT.total_seconds()))

    async def keep(self, request: StoredRequest) -> StoredRequest:
        key = _key(request.company_id, request.request_id)
        try:
            await self._requests.insert_one(request.model_dump(exclude={"answer"}) | {"_id": key})
        except DuplicateKeyError:
            return await self.get(request.company_id, request.request_id) or request
        return request

    async def get(self, company_id: str, request_id: str) -> StoredRequest | None:
        document = await self._requests.find_one({"_id": _key(company_id, request_id)})
        return None if document is None else _request(document)

    async def answer(self, request: StoredRequest, answer: Answer) -> Answer:
        stored = {"topic": answer.topic, "body": answer.model_dump_json()}
        unanswered = {"_id": _key(request.company_id, request.request_id), "answer": None}
        result = await self._requests.update_one(unanswered, {"$set": {"answer": stored}})
        if result.matched_count == 1:
            return answer
        found = await self.get(request.company_id, request.request_id)
        return found.answer if found and found.answer else answer


class MongoCancels:
    """Implements `CancelStore`: one document per cancelling request."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._cancels = database["cancels"]

    async def ensure_indexes(self) -> None:
        """Run once at start."""
        await self._cancels.create_index([("target", ASCENDING)])
        await self._cancels.create_index("kept_at", expireAfterSeconds=int(_KEPT.total_seconds()))

    async def keep(self, cancel: SyncCancel, target_request_id: str, at: datetime) -> None:
        kept = {
            "target": _key(cancel.meta.company_id, target_request_id),
            "kept_at": at,
            "body": cancel.model_dump_json(),
        }
        await self._cancels.update_one({"_id": _cancel_key(cancel)}, {"$set": kept}, upsert=True)

    async def of(self, company_id: str, target_request_id: str) -> list[SyncCancel]:
        found = self._cancels.find({"target": _key(company_id, target_request_id)})
        return [SyncCancel.model_validate_json(document["body"]) async for document in found]

    async def before(self, instant: datetime) -> list[SyncCancel]:
        found = self._cancels.find({"kept_at": {"$lt": instant}})
        return [SyncCancel.model_validate_json(document["body"]) async for document in found]

    async def drop(self, cancel: SyncCancel) -> None:
        await self._cancels.delete_one({"_id": _cancel_key(cancel)})


def _key(company_id: str, request_id: str) -> str:
    return f"{company_id}/{request_id}"


def _cancel_key(cancel: SyncCancel) -> str:
    return _key(cancel.meta.company_id, cancel.request_id)


def _request(document: Document) -> StoredRequest:
    stored = document.get("answer")
    answer = _ANSWERS[stored["topic"]].model_validate_json(stored["body"]) if stored else None
    return StoredRequest.model_validate(document | {"answer": answer})
