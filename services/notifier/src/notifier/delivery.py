"""One event on its way to one endpoint."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict

from notifier.webhook_event import WebhookEvent, WebhookType

KEPT = timedelta(days=30)


class DeliveryState(StrEnum):
    """A dead letter is a delivery that nobody tries any more until it is replayed."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class DeathReason(StrEnum):
    """Why a delivery became a dead letter."""

    ATTEMPTS_USED_UP = "attempts_used_up"
    ENDPOINT_DISABLED = "endpoint_disabled"


class Outcome(StrEnum):
    """What came of one attempt."""

    DELIVERED = "delivered"
    GONE = "gone"
    REDIRECTED = "redirected"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    ADDRESS_NOT_PUBLIC = "address_not_public"


class Answer(BaseModel):
    """What a receiver answered, as far as it is kept: never its body."""

    model_config = ConfigDict(frozen=True)

    outcome: Outcome
    status: int | None = None
    retry_after_s: float | None = None

    @property
    def is_good(self) -> bool:
        return self.outcome is Outcome.DELIVERED


class Delivery(BaseModel):
    """Due at `due_at`, which lies ahead while an instance has claimed it; an ended one has none."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    delivery_id: UUID
    endpoint_id: UUID
    company_id: str
    event_id: UUID
    type: WebhookType
    occurred_at: datetime
    sequence: int
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    due_at: datetime | None = None
    last_attempt_at: datetime | None = None
    last_outcome: Outcome | None = None
    last_status: int | None = None
    death_reason: DeathReason | None = None
    ended_at: datetime | None = None
    expires_at: datetime | None = None

    @classmethod
    def of(cls, event: WebhookEvent, endpoint_id: UUID, *, sequence: int, due_at: datetime) -> Self:
        return cls(
            delivery_id=delivery_id(endpoint_id, event.event_id),
            endpoint_id=endpoint_id,
            company_id=event.company_id,
            event_id=event.event_id,
            type=event.type,
            occurred_at=event.occurred_at,
            sequence=sequence,
            due_at=due_at,
        )

    @property
    def webhook_id(self) -> str:
        """The same over all attempts and replays; receivers drop repeats by it."""
        return f"msg_{self.delivery_id.hex}"

    def attempted(self, answer: Answer, at: datetime) -> Self:
        changes = {
            "attempts": self.attempts + 1,
            "last_attempt_at": at,
            "last_outcome": answer.outcome,
            "last_status": answer.status,
        }
        return self.model_copy(update=changes)

    def due(self, at: datetime) -> Self:
        return self.model_copy(update={"due_at": at})

    def ended(self, state: DeliveryState, at: datetime, reason: DeathReason | None = None) -> Self:
        changes = {
            "state": state,
            "death_reason": reason,
            "due_at": None,
            "ended_at": at,
            "expires_at": at + KEPT,
        }
        return self.model_copy(update=changes)


def delivery_id(endpoint_id: UUID, event_id: UUID) -> UUID:
    """One for each endpoint and event, however often either is told."""
    return uuid5(endpoint_id, str(event_id))
