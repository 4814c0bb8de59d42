"""Deliveries in MongoDB."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from motor.motor_asyncio import AsyncIOMotorDatabase
from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError
from service_kit.mongo import Document

from notifier.delivery import KEPT, DeathReason, Delivery, DeliveryState, delivery_id
from notifier.endpoint import Endpoint
from notifier.webhook_event import WebhookEvent

_PENDING = DeliveryState.PENDING.value


class MongoDeliveries:
    """Implements `DeliveryStore`; `due_at` and `claim` stand only in what is pending."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._deliveries = database["deliveries"]

    async def ensure_indexes(self) -> None:
        """Run once at start; the unique one makes the numbers."""
        number = [("endpoint_id", ASCENDING), ("sequence", ASCENDING)]
        await self._deliveries.create_index(number, unique=True)
        await self._deliveries.create_index(
            [("endpoint_id", ASCENDING), ("state", ASCENDING), ("sequence", ASCENDING)]
        )
        await self._deliveries.create_index("due_at", sparse=True)
        await self._deliveries.create_index("expires_at", expireAfterSeconds=0)

    async def add(self, event: WebhookEvent, endpoint: Endpoint, *, due_at: datetime) -> int:
        name = delivery_id(endpoint.endpoint_id, event.event_id)
        while True:
            known = await self._deliveries.find_one({"_id": name}, {"sequence": 1})
            if known:
                return int(known["sequence"])
            # What is stored counts; the endpoint's own figure only where the retention has taken all.
            sequence = max(endpoint.last_sequence, await self._highest(endpoint.endpoint_id)) + 1
            delivery = Delivery.of(event, endpoint.endpoint_id, sequence=sequence, due_at=due_at)
            try:
                await self._deliveries.insert_one(_document(delivery))
            except DuplicateKeyError:
                continue  # the same event, or another one has taken the number
            return sequence

    async def due(self, now: datetime, *, limit: int, leaving_out: Sequence[UUID] = ()) -> list[Delivery]:
        wanted: Document = {"due_at": {"$lte": now}}
        if leaving_out:
            wanted["endpoint_id"] = {"$nin": list(leaving_out)}
        cursor = self._deliveries.find(wanted).sort("due_at", ASCENDING).limit(limit)
        return [Delivery.model_validate(document) async for document in cursor]

    async def waiting(self) -> int:
        return int(await self._deliveries.count_documents({"due_at": {"$exists": True}}))

    async def claim(self, delivery: Delivery, *, claim: UUID, now: datetime, until: datetime) -> bool:
        expected = {"_id": delivery.delivery_id, "state": _PENDING, "due_at": {"$lte": now}}
        answer = await self._deliveries.update_one(expected, {"$set": {"due_at": until, "claim": claim}})
        return answer.matched_count == 1

    async def record(self, delivery: Delivery, *, claim: UUID) -> bool:
        expected: Document = {"_id": delivery.delivery_id, "claim": claim}
        if delivery.state is not DeliveryState.DELIVERED:
            expected["state"] = _PENDING
        answer = await self._deliveries.replace_one(expected, _document(delivery))
        return answer.matched_count == 1

    async def forget(self, delivery: Delivery) -> None:
        await self._deliveries.delete_one({"_id": delivery.delivery_id})

    async def forget_all(self, endpoint_id: UUID) -> None:
        await self._deliveries.delete_many({"endpoint_id": endpoint_id})

    async def bury_pending(self, endpoint_id: UUID, reason: DeathReason, at: datetime) -> int:
        dead = {
            "state": DeliveryState.DEAD.value,
            "death_reason": reason.value,
            "ended_at": at,
            "expires_at": at + KEPT,
        }
        answer = await self._deliveries.update_many(
            {"endpoint_id": endpoint_id, "state": _PENDING}, {"$set": dead, "$unset": {"due_at": ""}}
        )
        return int(answer.modified_count)

    async def known(self, delivery_ids: Sequence[UUID]) -> set[UUID]:
        cursor = self._deliveries.find({"_id": {"$in": list(delivery_ids)}}, {"_id": 1})
        return {document["_id"] async for document in cursor}

    async def again(
        self, delivery_ids: Sequence[UUID], *, states: Sequence[DeliveryState], due_at: datetime
    ) -> int:
        ended = {"_id": {"$in": list(delivery_ids)}, "state": {"$in": [state.value for state in states]}}
        fresh = {"state": _PENDING, "attempts": 0, "due_at": due_at}
        gone = dict.fromkeys(("claim", "ended_at", "expires_at", "death_reason"), "")
        answer = await self._deliveries.update_many(ended, {"$set": fresh, "$unset": gone})
        return int(answer.modified_count)

    async def of_endpoint(
        self,
        company_id: str,
        endpoint_id: UUID,
        *,
        state: DeliveryState | None,
        before: int | None,
        limit: int,
    ) -> list[Delivery]:
        wanted: Document = {"endpoint_id": endpoint_id, "company_id": company_id}
        if state is not None:
            wanted["state"] = state.value
        if before is not None:
            wanted["sequence"] = {"$lt": before}
        cursor = self._deliveries.find(wanted).sort("sequence", DESCENDING).limit(limit)
        return [Delivery.model_validate(document) async for document in cursor]

    async def _highest(self, endpoint_id: UUID) -> int:
        newest = self._deliveries.find({"endpoint_id": endpoint_id}, {"sequence": 1})
        found = await newest.sort("sequence", DESCENDING).limit(1).to_list(1)
        return int(found[0]["sequence"]) if found else 0


def _document(delivery: Delivery) -> Document:
    return delivery.model_dump(exclude_none=True) | {"_id": delivery.delivery_id}
