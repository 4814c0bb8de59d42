"""What the platform asks for: `sync.reload.v1`, `sync.bulk.v1`, `sync.cancel.v1`, `sync.retry.v1`."""

from typing import Annotated, ClassVar, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from sync_contracts.event import Event
from sync_contracts.ids import PlatformId
from sync_contracts.month import Month, TimeZone
from sync_contracts.providers import Provider

RequestId = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="The same id within 7 days gets the same answer.",
        examples=["req-2026-05-02-1"],
    ),
]


class SyncRequest(Event):
    """What every request has; read on its own it lets a malformed one be answered."""

    topic: ClassVar[str] = ""

    request_id: RequestId


class SyncReload(SyncRequest):
    """Read one client's last 12 calendar months again, the current one included."""

    topic: ClassVar[str] = "sync.reload.v1"

    client_id: PlatformId
    provider: Provider
    overwrite_confirmed: bool = Field(description="The user confirmed that values may be replaced.")
    time_zone: TimeZone = "Europe/Tallinn"


class SyncBulk(SyncRequest):
    """Read one month of 1 to 10,000 clients."""

    topic: ClassVar[str] = "sync.bulk.v1"

    client_ids: tuple[PlatformId, ...] = Field(
        min_length=1, max_length=10_000, description="Each client once."
    )
    provider: Provider
    month: Month = Field(description="Not in the future, in `time_zone`.", examples=["2026-04"])
    time_zone: TimeZone = "Europe/Tallinn"

    @field_validator("client_ids")
    @classmethod
    def _each_once(cls, clients: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(clients)) != len(clients):
            raise ValueError("a client stands in the list more than once")
        return clients


class SyncCancel(SyncRequest):
    """Start no further job of a run, named by its id or by the request that asked for it."""

    topic: ClassVar[str] = "sync.cancel.v1"

    run_id: UUID | None = Field(default=None, description="The run; or name its request.")
    target_request_id: RequestId | None = Field(
        default=None, description="The request to cancel; may overtake it on its way."
    )

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.run_id is None) == (self.target_request_id is None):
            raise ValueError("name either the run or its request")
        return self


class SyncRetry(SyncRequest):
    """Run again only the failed jobs of an ended run."""

    topic: ClassVar[str] = "sync.retry.v1"

    run_id: UUID
