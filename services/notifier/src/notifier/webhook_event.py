"""What subscribers may hear of, as the bytes that every endpoint gets."""

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sync_contracts.connections import (
    ConnectionDeleted,
    ConnectionEvent,
    ConnectionExpiring,
    ConnectionNeedsAuth,
    ConnectionRecovered,
    ConnectionSaved,
)
from sync_contracts.runs import RunFinished, SyncCompleted

from notifier.receipt import Receipt

TEST_TYPE = "webhook.test.v1"


class WebhookType(StrEnum):
    """What an endpoint may subscribe to: messages of these topics."""

    SYNC_COMPLETED = SyncCompleted.topic
    CONNECTION_SAVED = ConnectionSaved.topic
    CONNECTION_DELETED = ConnectionDeleted.topic
    CONNECTION_NEEDS_AUTH = ConnectionNeedsAuth.topic
    CONNECTION_RECOVERED = ConnectionRecovered.topic
    CONNECTION_EXPIRING = ConnectionExpiring.topic


class WebhookEvent(BaseModel):
    """One event of a company; `data` is the message's JSON, never written anew."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    event_id: UUID
    company_id: str
    type: WebhookType
    occurred_at: datetime
    client_ids: tuple[str, ...]
    is_about_all: bool = False  # more clients than are named
    data: bytes
    traceparent: str | None = None

    @classmethod
    def of_receipt(cls, receipt: Receipt, finished: RunFinished) -> Self:
        """The stored receipt itself, byte for byte."""
        return cls(
            event_id=UUID(receipt.headers["ce_id"]),
            company_id=receipt.company_id,
            type=WebhookType.SYNC_COMPLETED,
            occurred_at=finished.ended_at,
            client_ids=tuple(dict.fromkeys(line.client_id for line in finished.lines)),
            is_about_all=finished.lines_total > len(finished.lines),
            data=receipt.body,
        )

    @classmethod
    def of_connection(cls, message: ConnectionEvent) -> Self:
        return cls(
            event_id=message.meta.event_id,
            company_id=message.meta.company_id,
            type=WebhookType(message.topic),
            occurred_at=message.meta.occurred_at,
            client_ids=(message.client_id,),
            data=message.model_dump_json().encode(),
        )

    def body(self, sequence: int) -> bytes:
        """What is signed and sent to an endpoint, where the event has this number."""
        head = {
            "type": self.type.value,
            "timestamp": written(self.occurred_at),
            "company_id": self.company_id,
            "event_id": str(self.event_id),
            "sequence": sequence,
        }
        return json.dumps(head)[:-1].encode() + b', "data": ' + self.data + b"}"


def written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
