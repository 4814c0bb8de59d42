"""The credentials service, over HTTP."""

import asyncio
from contextlib import suppress
from typing import Any, Protocol

import httpx
from connectors.protocol import Access, Account, reading_budget_s
from pydantic import AwareDatetime, BaseModel, ConfigDict, SecretStr
from service_kit.errors import DependencyDownError, PermanentError
from service_kit.health import Health
from service_kit.telemetry import current_traceparent
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.connections import ConnectionHealth
from sync_contracts.jobs import Books, JobRequested

from connector_workers.ports import Lease, LeaseDelayedError, LeaseRefusedError, Observation

_NAME = "credentials"
_NEW_GENERATION_S = 2.0


class Token(Protocol):
    """Our own service's token."""

    async def header(self) -> dict[str, str]: ...


class _LeaseAnswer(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    access_id: str
    access: dict[str, SecretStr]
    expires_at: AwareDatetime | None = None
    settings: dict[str, str]
    account_key: str
    books: Books | None = None
    health: ConnectionHealth


class HttpCredentials:
    """Implements `CredentialSource`; keeps no secret beyond the answer it returns."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        *,
        token: Token,
        health: Health,
        timeout_s: float,
        pauses_s: tuple[float, ...] = (0.3, 1.0, 2.0),
    ) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._token = token
        self._health = health
        self._timeout_s = timeout_s
        self._pauses_s = pauses_s

    async def lease(self, request: JobRequested, *, refused_access: str | None = None) -> Lease:
        wish = {
            "generation": request.generation,
            "refused_access": refused_access,
            "needed_s": reading_budget_s(len(request.jobs)),
        }
        answer = await self._post(request, "lease", wish)
        if answer.status_code != httpx.codes.OK:
            raise _refusal(answer)
        given = _LeaseAnswer.model_validate_json(answer.content)
        values = {name: value.get_secret_value() for name, value in given.access.items()}
        return Lease(
            access_id=given.access_id,
            account=Account(
                access=Access(values, given.expires_at),
                settings=given.settings,
                account_key=given.account_key,
            ),
            books=given.books,
            health=given.health,
        )

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
        headers = await self._token.header()
        if (traceparent := current_traceparent()) is not None:
            headers["traceparent"] = traceparent
        try:
            answer = await self._http.post(url, json=body, headers=headers, timeout=self._timeout_s)
        except httpx.TransportError as error:
            raise DependencyDownError(_NAME, type(error).__name__) from error
        refuses_us = answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
        if refuses_us or (answer.is_server_error and _code(answer) != ProblemCode.PROVIDER_DOWN):
            raise DependencyDownError(_NAME, f"answered {answer.status_code}")
        return answer


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
