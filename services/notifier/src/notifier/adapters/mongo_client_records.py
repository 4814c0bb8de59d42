"""What is kept about one client: its lines in receipts, and the events that webhooks were told."""

import json
from collections.abc import AsyncIterator
from typing import Any

from motor.motor_asyncio import AsyncIOMotorDatabase
from service_kit.client_records import Erased, Kept, pseudonym, renamed_lines
from service_kit.mongo import Document
from service_kit.tokens import User

from notifier.webhook_event import WebhookType

_RECEIPT = WebhookType.SYNC_COMPLETED.value


class MongoClientRecords:
    """Implements `ClientRecords`: receipts stay as evidence, under another name of the client."""

    def __init__(self, database: AsyncIOMotorDatabase[Document]) -> None:
        self._receipts = database["receipts"]
        self._events = database["webhook_events"]

    async def of(self, company_id: str, client_id: str) -> AsyncIterator[Kept]:
        async for receipt in self._receipts_with(company_id, client_id):
            yield Kept("receipts", {"run_id": receipt["_id"], "line": _line_of(receipt["body"], client_id)})
        async for event in self._events.find({"company_id": company_id, "client_ids": client_id}):
            told = {"line": _line_of(event["data"], client_id)} if event["type"] == _RECEIPT else event
            yield Kept("webhook_events", {"event_id": event["event_id"], "type": event["type"], **told})

    async def erase(self, user: User, client_id: str) -> Erased:
        name, receipts, events = pseudonym(), 0, 0
        async for receipt in self._receipts_with(user.company_id, client_id):
            receipts += await self._rename(receipt, client_id, name)
        named = {"company_id": user.company_id, "client_ids": client_id}
        async for event in self._events.find(named | {"type": _RECEIPT}):
            events += await self._rename_event(event, client_id, name)
        gone = await self._events.delete_many(named | {"type": {"$ne": _RECEIPT}})
        return Erased(records={"receipts": receipts, "webhook_events": events + gone.deleted_count})

    async def _receipts_with(self, company_id: str, client_id: str) -> AsyncIterator[Document]:
        quoted = f'"{client_id}"'.encode()
        async for receipt in self._receipts.find({"company_id": company_id}):
            if quoted in receipt["body"] and _line_of(receipt["body"], client_id):
                yield receipt

    async def _rename(self, receipt: Document, client_id: str, name: str) -> int:
        renamed = renamed_lines(receipt["body"], client_id, name)
        seen = {"_id": receipt["_id"], "body": receipt["body"]}
        return int((await self._receipts.update_one(seen, {"$set": {"body": renamed}})).matched_count)

    async def _rename_event(self, event: Document, client_id: str, name: str) -> int:
        data = renamed_lines(event["data"], client_id, name) or event["data"]
        clients = [name if each == client_id else each for each in event["client_ids"]]
        changed = {"$set": {"data": data, "client_ids": clients}}
        return int((await self._events.update_one({"_id": event["_id"]}, changed)).matched_count)


def _line_of(body: bytes, client_id: str) -> Any:
    """The client's line of a receipt; None where it has none."""
    lines = json.loads(body).get("lines", ())
    return next((line for line in lines if line["client_id"] == client_id), None)
