"""`/v1/records/SERVICE/{client_id}`: all that a service keeps about one client, to export and to erase."""

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Protocol
from uuid import UUID, uuid4

from bson.decimal128 import Decimal128
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field
from sync_contracts.codes import RefusalCode
from sync_contracts.event import Role
from sync_contracts.ids import PlatformId

from service_kit.problems import ProblemError, problem_answers
from service_kit.tokens import User

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/x-ndjson"


@dataclass(frozen=True, slots=True)
class Kept:
    """One record as it is stored."""

    collection: str
    document: Mapping[str, Any]

    def line(self) -> bytes:
        told = {"collection": self.collection, "record": self.document}
        return json.dumps(told, ensure_ascii=False, default=_plain).encode() + b"\n"


class Erased(BaseModel):
    """How much named the client; nothing does any more, unless `left` says what does."""

    records: dict[str, int] = Field(description="By collection; 0 where nothing named the client.")
    left: str | None = Field(None, description="What could not be erased yet, and when to ask again.")


class ClientRecords(Protocol):
    """One service's records of a client; both may raise whatever `is_outage` knows."""

    def of(self, company_id: str, client_id: str) -> AsyncIterator[Kept]:
        """Everything but secrets."""
        ...

    async def erase(self, user: User, client_id: str) -> Erased:
        """Safe to repeat; a ProblemError where it must not be done now."""
        ...


def build_router(
    service: str, records: ClientRecords, current_user: Callable[[Request], Awaitable[User]]
) -> APIRouter:
    """For owners alone: it reaches further than any other change.

    The service is in the path, so that one proxy before several of them cannot send it to another.
    """
    router = APIRouter(
        prefix=f"/v1/records/{service}/{{client_id}}",
        tags=["records"],
        responses=problem_answers(401, 403, 422, 503),
    )
    Owner = Annotated[User, Depends(_owner(current_user))]  # noqa: N806 (a type)
    lines: dict[int | str, dict[str, Any]] = {200: {"content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}}

    @router.get("", summary="All that is kept about a client, a JSON object a line", responses=lines)
    async def export(client_id: PlatformId, user: Owner) -> Response:
        kept = [one.line() async for one in records.of(user.company_id, client_id)]
        return Response(b"".join(kept), media_type=MEDIA_TYPE)

    @router.delete(
        "", summary="Erase a client; what has to stay no longer names it", responses=problem_answers(409)
    )
    async def erase(client_id: PlatformId, user: Owner) -> Erased:
        erased = await records.erase(user, client_id)
        told = {"company_id": user.company_id, "actor": user.id, "records": erased.records}
        logger.warning("a client was erased", extra=told)
        return erased

    return router


def pseudonym() -> str:
    """An id in the place of a client's; nothing leads back from it."""
    return f"erased-{uuid4().hex}"


def renamed_lines(body: bytes, client_id: str, name: str) -> bytes | None:
    """A receipt whose lines call the client by another name; None where none is about it."""
    receipt = json.loads(body)
    lines = [line for line in receipt.get("lines", ()) if line["client_id"] == client_id]
    for line in lines:
        line["client_id"] = name
    return json.dumps(receipt, ensure_ascii=False, separators=(",", ":")).encode() if lines else None


def _owner(current_user: Callable[[Request], Awaitable[User]]) -> Callable[[Request], Awaitable[User]]:
    async def owner(request: Request) -> User:
        user = await current_user(request)
        if user.role is not Role.OWNER:
            told = "Only an owner of the company may export or erase a client; ask one."
            raise ProblemError(403, RefusalCode.FORBIDDEN.value, told)
        return user

    return owner


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case Decimal128() | UUID():
            return str(value)
        case bytes():
            return value.decode()
    raise TypeError(f"{type(value).__name__} has no form in an export")
