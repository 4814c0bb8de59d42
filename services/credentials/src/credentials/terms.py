"""What a connection's record is made of: where it stands, who asked, what a save lays down."""

from datetime import date
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field
from sync_contracts.connections import ConnectionHealth
from sync_contracts.event import Actor
from sync_contracts.ids import PlatformId
from sync_contracts.jobs import Books
from sync_contracts.providers import Provider

_NAMESPACE = UUID("2f1be5f6-95e3-5a43-8e32-6f6a1b7d9c04")


class Stored(BaseModel):
    """A frozen part of a stored record; what a newer version has added is ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Place(Stored):
    """There is one connection per client and provider, and its id never changes."""

    company_id: PlatformId
    client_id: PlatformId
    provider: Provider

    @property
    def connection_id(self) -> UUID:
        return uuid5(_NAMESPACE, f"{self.company_id}/{self.client_id}/{self.provider}")


class Click(Stored):
    """Who asked for a change, in which trace."""

    actor: Actor
    correlation_id: str
    traceparent: str | None = None


class Terms(Stored):
    """What a save lays down."""

    ref: UUID = Field(description="This use of the token set: the save that took it.")
    token_set_id: UUID | None = Field(default=None, description="Known once the save has finished.")
    settings: dict[str, str]
    account_key: str
    owner_key: str
    books: Books = Books()
    health: ConnectionHealth = ConnectionHealth.UNTESTED
    expires_on: date | None = None


class Observation(Stored):
    """What a reading or a probe found out about a connection."""

    outcome: ConnectionHealth
    cause: str = Field(default="", max_length=500)
    books: Books = Books()
