"""What people send about webhooks, and what they are shown."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, HttpUrl
from sync_contracts.ids import PlatformId

from notifier.delivery import KEPT, Delivery, DeliveryState, Outcome
from notifier.endpoint import DisabledBy, Endpoint
from notifier.ports import EventFilter
from notifier.webhook_event import WebhookType

Types = Annotated[
    tuple[WebhookType, ...],
    Field(min_length=1, max_length=len(WebhookType)),
    AfterValidator(lambda types: tuple(dict.fromkeys(types))),
]
Description = Annotated[str, Field(max_length=200, description="For people; told when it is disabled.")]


def _written_out(told: Any) -> Any:
    if told is not None and not isinstance(told, str):
        raise ValueError("an instant is written out")
    return told


# Pydantic would also take a number for seconds since 1970.
Instant = Annotated[AwareDatetime, BeforeValidator(_written_out, json_schema_input_type=AwareDatetime)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class AddBody(_Body):
    """A new endpoint."""

    url: HttpUrl
    types: Types = tuple(WebhookType)
    description: Description = ""


class ChangeBody(_Body):
    """What is left out stays."""

    url: HttpUrl | None = None
    types: Types | None = None
    description: Description | None = None


class RotateBody(_Body):
    """For how long the secret before signs too."""

    overlap_hours: float = Field(24.0, ge=0, le=168, strict=True)


class ReplayBody(_Body):
    """Which events: all of the last 30 days that the endpoint subscribes to, unless told."""

    since: Instant | None = None
    until: Instant | None = None
    client_id: PlatformId | None = None
    type: WebhookType | None = None
    dead_only: bool = Field(False, strict=True, description="Only dead letters.")

    def of(self, endpoint: Endpoint, now: datetime) -> EventFilter:
        earliest = now - KEPT
        return EventFilter(
            company_id=endpoint.company_id,
            types=endpoint.types if self.type is None else (self.type,),
            since=max(self.since or earliest, earliest),
            until=self.until or now.astimezone(UTC) + timedelta(seconds=1),
            client_id=self.client_id,
        )


class WebhookView(BaseModel):
    """An endpoint without its secret."""

    webhook_id: UUID
    url: str
    types: tuple[WebhookType, ...]
    description: str
    enabled: bool
    disabled_by: DisabledBy | None
    disabled_at: datetime | None
    failing_since: datetime | None = Field(description="The first failure after the last success.")
    last_success_at: datetime | None
    last_sequence: int = Field(description="The number of the newest event.")
    rotating_until: datetime | None = Field(description="Until then the secret before signs too.")
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, endpoint: Endpoint) -> Self:
        shown = endpoint.model_dump(include=set(cls.model_fields) & set(Endpoint.model_fields))
        return cls(
            **shown,
            webhook_id=endpoint.endpoint_id,
            enabled=endpoint.is_enabled,
            rotating_until=endpoint.previous_until,
        )


class WebhooksView(BaseModel):
    """All endpoints of the company."""

    webhooks: list[WebhookView]


class SecretView(WebhookView):
    """An endpoint with its new secret, which is shown this once."""

    secret: str = Field(description="As Standard Webhooks libraries take it.", examples=["whsec_…"])

    @classmethod
    def made(cls, endpoint: Endpoint, secret: str) -> Self:
        return cls(**WebhookView.of(endpoint).model_dump(), secret=secret)


class AnswerView(BaseModel):
    """What came of a test event."""

    ok: bool
    outcome: Outcome
    status: int | None


class DeliveryView(BaseModel):
    """A delivery; its `message_id` is the header `webhook-id`."""

    message_id: str
    event_id: UUID
    type: WebhookType
    occurred_at: datetime
    sequence: int
    state: DeliveryState
    attempts: int
    due_at: datetime | None
    last_attempt_at: datetime | None
    last_outcome: Outcome | None
    last_status: int | None
    death_reason: str | None
    ended_at: datetime | None

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        shown = delivery.model_dump(include=set(cls.model_fields))
        return cls(**shown, message_id=delivery.webhook_id)


class DeliveriesView(BaseModel):
    """The newest first; `next` goes into `after` for the following page."""

    deliveries: list[DeliveryView]
    next: int | None


class ReplayView(BaseModel):
    """What is due again, and what the endpoint had never had."""

    again: int
    added: int
