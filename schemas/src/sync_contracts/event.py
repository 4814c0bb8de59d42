"""What every message carries, and how it is written to Kafka (CloudEvents 1.0, binary mode)."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Self
from uuid import UUID, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from sync_contracts.ids import PlatformId


class Role(StrEnum):
    """What the acting person is in the accounting firm."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class Actor(BaseModel):
    """Who asked; on Kafka it is trusted from producers that may write `sync.*`."""

    model_config = ConfigDict(frozen=True)

    id: PlatformId
    role: Role


class Meta(BaseModel):
    """Where a message comes from and what caused it."""

    model_config = ConfigDict(frozen=True)

    event_id: UUID = Field(description="The same each time this message is repeated.")
    occurred_at: AwareDatetime = Field(examples=["2026-05-02T08:15:00Z"])
    company_id: PlatformId = Field(description="The accounting firm.")
    correlation_id: Annotated[str, Field(min_length=1, max_length=128)] = Field(
        description="The user's click that everything goes back to."
    )
    causation_id: UUID | None = Field(default=None, description="The event that led to this one.")
    actor: Actor

    def follow(self, effect: "type[Event]", part: str = "", *, event_id: UUID | None = None) -> Self:
        """Meta of a message caused by this one: the same id each time the cause is redelivered."""
        changes = {
            "event_id": event_id or uuid5(self.event_id, f"{effect.topic}/{part}"),
            "causation_id": self.event_id,
            "occurred_at": datetime.now(UTC),
        }
        return self.model_copy(update=changes)


class Event(BaseModel):
    """A message: its own fields and `meta`; readers ignore fields they do not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    topic: ClassVar[str]

    meta: Meta

    @property
    def key(self) -> str:
        """The partition key; messages of one key keep their order."""
        return self.meta.company_id

    @property
    def subject(self) -> str:
        """What the message is about, for the CloudEvents header."""
        return self.key

    def headers(self, source: str) -> dict[str, str]:
        """CloudEvents attributes of the Kafka protocol binding, binary mode."""
        return {
            "ce_specversion": "1.0",
            "ce_id": str(self.meta.event_id),
            "ce_type": self.topic,
            "ce_source": f"/ledgerbus/{source}",
            "ce_time": self.meta.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "ce_subject": self.subject,
            "content-type": "application/json",
        }
