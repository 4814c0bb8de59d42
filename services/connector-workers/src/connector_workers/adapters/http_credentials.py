"""The credentials service, over HTTP."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol
from uuid import UUID

import httpx
from connectors.protocol import Access, Account, reading_budget_s
from connectors.transport import Outgoing
from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretStr
from service_kit.batches import Batches
from service_kit.errors import DependencyDownError, PermanentError
from service_kit.health import Health
from service_kit.telemetry import current_traceparent
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.connections import ConnectionHealth
from sync_contracts.jobs import Books, JobRequested

from connector_workers.ports import Lease, LeaseDelayedError, LeaseRefusedError, Observation

_NAME = "credentials"
_NEW_GENERATION_S = 2.0
_AT_ONCE = 50


class Token(Protocol):
    """Our own service's token."""

    async def header(self) -> dict[str, str]: ...


class _LeaseAnswer(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    connection_id: UUID
    generation: int
    access_id: str
    access: dict[str, SecretStr]
    expires_at: AwareDatetime | None = None
    settings: dict[str, str]
    account_key: str
    books: Books | None = None
    health: ConnectionHealth


class _LeasesAnswer(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    leases: tuple[_LeaseAnswer, ...]


class HttpCredentials:
    """Implements `CredentialSource`; keeps no secret beyond the answer it returns."""

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        url: str,
        *,
        token: Token,
        health: Health,
        timeout_s: float,
        pauses_s: tuple[float, ...] = (0.3, 1.0, 2.0),
    ) -> None:
        self._transport = transport  # a client around it takes longer than the request
        self._url = url.rstrip("/")
        self._token = token
        self._health = health
        self._timeout = httpx.Timeout(timeout_s)
        self._pauses_s = pauses_s
        self._at_hand: Batches[JobRequested, _LeaseAnswer | None] = Batches(self._all_at_hand, size=_AT_ONCE)

    async def lease(self, request: JobRequested, *, refused_access: str | None = None) -> Lease:
        """Together with other readings' where it is at hand, else alone, with its refusal or its wait."""
        given = None
        if refused_access is None:
            with suppress(DependencyDownError):  # asked alone, it is tried again for a while
                given = await self._at_hand(request)
        return _lease_of(given or await self._alone(request, refused_access))

    async def _alone(self, request: JobRequested, refused_access: str | None) -> _LeaseAnswer:
        answer = await self._post(request, "lease", {**_wish(request), "refused_access": refused_access})
        if answer.status_code != httpx.codes.OK:
            raise _refusal(answer)
        return _LeaseAnswer.model_validate_json(answer.content)

    async def _all_at_hand(self, requests: Sequence[JobRequested]) -> list[_LeaseAnswer | None]:
        wishes = [
            {
                "company_id": request.meta.company_id,
                "connection_id": str(request.connection_id),
                **_wish(request),
            }
            for request in requests
        ]
        answer = await self._answer(f"{self._url}/internal/connections:lease", {"leases": wishes})
        if answer.status_code != httpx.codes.OK:
            return [None] * len(requests)
        given = _LeasesAnswer.model_validate_json(answer.content).leases
        by_wish = {(one.connection_id, one.generation): one for one in given}
        return [by_wish.get((request.connection_id, request.generation)) for request in requests]

    async def observe(self, request: JobRequested, seen: Observation) -> None:
        """A connection that is gone or was saved anew meanwhile needs no observation."""
        books = seen.books.model_dump(mode="json") if seen.books else None
        body = {"generation": request.generation, "outcome": seen.health, "code": seen.code, "books": books}
        answer = await self._post(request, "observe", body)
        if answer.status_code not in {httpx.codes.NO_CONTENT, httpx.codes.NOT_FOUND, httpx.codes.CONFLICT}:
            raise PermanentError("UNEXPECTED_ANSWER", f"credentials answered {answer.status_code}")

    async def _post(self, request: JobRequested, action: str, body: dict[str, Any]) -> httpx.Response:
        """The answer, unless credentials stays out of reach over some tries."""
        url = f"{self._url}/internal/connections/{request.connection_id}:{action}"
        body = {"company_id": request.meta.company_id, **body}
        for pause_s in self._pauses_s:
            with suppress(DependencyDownError):
                return await self._once(url, body)
            await asyncio.sleep(pause_s)
        return await self._once(url, body)

    async def _once(self, url: str, body: dict[str, Any]) -> httpx.Response:
        try:
            answer = await self._answer(url, body)
        except DependencyDownError as error:
            self._health.down(_NAME, str(error))
            raise
        self._health.up(_NAME)
        return answer

    async def _answer(self, url: str, body: dict[str, Any]) -> httpx.Response:
        headers = {**await self._token.header(), "Content-Type": "application/json"}
        if (traceparent := current_traceparent()) is not None:
            headers["traceparent"] = traceparent
        try:
            answer = await self._transport.handle_async_request(
                Outgoing("POST", url, headers, json.dumps(body).encode(), self._timeout)
            )
        except httpx.TransportError as error:
            raise DependencyDownError(_NAME, type(error).__name__) from error
        refuses_us = answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
        if refuses_us or (answer.is_server_error and _code(answer) != ProblemCode.PROVIDER_DOWN):
            raise DependencyDownError(_NAME, f"answered {answer.status_code}")
        return answer


def _wish(request: JobRequested) -> dict[str, Any]:
    return {"generation": request.generation, "needed_s": reading_budget_s(len(request.jobs))}


def _lease_of(given: _LeaseAnswer) -> Lease:
    values = {name: value.get_secret_value() for name, value in given.access.items()}
    return Lease(
        access_id=given.access_id,
        account=Account(
            access=Access(values, given.expires_at), settings=given.settings, account_key=given.account_key
        ),
        books=given.books,
        health=given.health,
    )


def _refusal(answer: httpx.Response) -> Exception:
    match _code(answer):
        case "CONNECTION_NOT_FOUND":
            return LeaseRefusedError(ProblemCode.CONNECTION_DELETED)
        case "GENERATION_OLD":
            return LeaseDelayedError(WaitReason.QUEUED, _NEW_GENERATION_S)
        case "PROVIDER_DOWN":
            told = answer.headers.get("Retry-After", "")
            return LeaseDelayedError(WaitReason.PROVIDER_DOWN, float(told) if told.isdecimal() else 0.0)
        case code if answer.status_code == httpx.codes.CONFLICT and code in set(ProblemCode):
            return LeaseRefusedError(ProblemCode(code))
        case code:
            return PermanentError("UNEXPECTED_ANSWER", f"credentials answered {answer.status_code} {code}")


def _code(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return ""
    return str(body.get("code", "")) if isinstance(body, dict) else ""
