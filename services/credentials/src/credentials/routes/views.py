"""What connections look like over HTTP; nothing here holds a secret."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from sync_contracts.codes import ProblemCode, sentence
from sync_contracts.connections import ConnectionHealth
from sync_contracts.jobs import Books
from sync_contracts.providers import Provider

from credentials.connection import CODE_OF_HEALTH, Connection, Stage

FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]
FieldValue = Annotated[SecretStr, Field(max_length=8_192)]
Fields = Annotated[dict[FieldName, FieldValue], Field(max_length=20)]


class Body(BaseModel):
    """A request's body; what it holds is never quoted."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class TestBody(Body):
    """What a user has entered and not saved."""

    __test__ = False

    provider: Provider
    fields: Fields


class SaveBody(Body):
    """What a user saves; `test_token` proves that it was tested within 15 minutes."""

    fields: Fields
    test_token: Annotated[SecretStr, Field(max_length=4_096)] | None = None


class TestView(BaseModel):
    """The outcome of a test, with the likely cause of a failure."""

    __test__ = False

    ok: bool
    message: str
    code: ProblemCode | None = None
    cause: str = ""
    books: Books | None = Field(default=None, description="Whose books, as far as the provider tells.")
    identity_known: bool = False
    test_token: str | None = Field(default=None, description="Send it along when saving this input.")
    calls: int = Field(default=0, description="Calls to the provider besides signing in.")


class ConnectionView(BaseModel):
    """A client's connection and how well it reads."""

    connection_id: UUID
    client_id: str
    provider: Provider
    state: str = Field(examples=["saving", "active", "deleting"])
    generation: int
    health: ConnectionHealth | None
    code: ProblemCode | None
    message: str | None = Field(description="What to do about the health, where there is something to do.")
    cause: str
    books: Books | None
    settings: dict[str, str]
    expires_on: date | None = Field(
        description="When the credentials end by themselves, as far as the user told."
    )
    saved_at: AwareDatetime | None
    observed_at: AwareDatetime | None


class ConnectionsView(BaseModel):
    """A page of connections."""

    connections: list[ConnectionView]
    next: UUID | None = Field(default=None, description="Send it as `after` to go on.")


def plain(fields: dict[str, SecretStr]) -> dict[str, str]:
    """The fields' values, for the connector only."""
    return {name: value.get_secret_value() for name, value in fields.items()}


def view_of(connection: Connection) -> ConnectionView:
    """A connection for people to see."""
    terms = connection.terms
    code = None if terms is None else CODE_OF_HEALTH.get(terms.health)
    return ConnectionView(
        connection_id=connection.connection_id,
        client_id=connection.client_id,
        provider=connection.provider,
        state="saving" if connection.saving else connection.stage.value,
        generation=connection.generation,
        health=terms and terms.health,
        code=code,
        message=code and sentence(code),
        cause=connection.cause if connection.stage is Stage.ACTIVE else "",
        books=terms and terms.books,
        settings=terms.settings if terms else {},
        expires_on=terms and terms.expires_on,
        saved_at=connection.saved_at,
        observed_at=connection.observed_at,
    )
