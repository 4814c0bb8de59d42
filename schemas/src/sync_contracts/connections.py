"""What happens to a client's connection; no message ever holds a secret."""

from datetime import date
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from sync_contracts.codes import ProblemCode
from sync_contracts.event import Event
from sync_contracts.ids import PlatformId
from sync_contracts.jobs import Books
from sync_contracts.providers import Provider


class ConnectionHealth(StrEnum):
    """What is known about a connection's ability to read."""

    UNTESTED = "untested"
    OK = "ok"
    NEEDS_AUTH = "needs_auth"
    WRONG_COMPANY = "wrong_company"
    NO_PERMISSION = "no_permission"
    PLAN_TOO_LOW = "plan_too_low"


class ConnectionEvent(Event):
    """A message about one connection; `generation` orders saves and deletes."""

    topic: ClassVar[str] = ""

    connection_id: UUID
    client_id: PlatformId
    provider: Provider
    generation: int = Field(ge=1, description="Raised by each save and delete; older results are refused.")

    @property
    def key(self) -> str:
        return f"{self.meta.company_id}/{self.client_id}/{self.provider}"

    @property
    def subject(self) -> str:
        return str(self.connection_id)


class ConnectionSaved(ConnectionEvent):
    """Credentials were entered or replaced."""

    topic: ClassVar[str] = "connection.saved.v1"

    health: ConnectionHealth
    books: Books = Books()


class ConnectionDeleted(ConnectionEvent):
    """The connection is gone; results read with an older generation are refused."""

    topic: ClassVar[str] = "connection.deleted.v1"


class ConnectionNeedsAuth(ConnectionEvent):
    """The provider refuses the connection until somebody acts; sent once per cause."""

    topic: ClassVar[str] = "connection.needs_auth.v1"

    health: ConnectionHealth
    code: ProblemCode


class ConnectionRecovered(ConnectionEvent):
    """The connection reads again after `connection.needs_auth.v1`."""

    topic: ClassVar[str] = "connection.recovered.v1"


class ConnectionExpiring(ConnectionEvent):
    """The credentials end on a known day; sent 30, 7 and 1 days before, until new ones are saved."""

    topic: ClassVar[str] = "connection.expiring.v1"

    expires_on: date
    days_left: int = Field(ge=0, description="From the UTC day of sending; fewer when it is sent late.")
