"""Calls of one reading, test or sign-in: signed, within limits, retried, counted and traced."""

import asyncio
import random
import re
import socket
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import httpx
from opentelemetry import trace
from sync_contracts.providers import Provider

from connectors.errors import (
    AccessRefusedError,
    ConnectorError,
    ProviderDownError,
    RejectedRequestError,
    ThrottledError,
    UnknownHostError,
)
from connectors.limits import MAX_WAIT_S, Budget, Limiter
from connectors.rows import parse_json
from connectors.session import CONNECT_TIMEOUT_S, Session
from connectors.transport import Outgoing

RETRY_WAITS_S = (2.0, 8.0, MAX_WAIT_S)
THROTTLE_TRIES = 3
LONGEST_TOLD_S = 48 * 3600.0
_HEADERS = {"User-Agent": "ledgerbus", "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
_TIMEOUT = httpx.Timeout(None, connect=CONNECT_TIMEOUT_S)  # the whole call has a deadline of its own
_NO_ADDRESS = "The installation has no address for this system yet: its operator sets CONNECTORS__ENDPOINTS."

# A step upwards, plain or encoded, or what ends a path.
_LEADS_AWAY = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)|[\\?#\x00-\x20\x7f]", re.IGNORECASE)

# What may stand in a path as it is; what is encoded already stays so.
_IN_A_PATH = "/%:@!$&'()*+,;=~"
_WHOLE = re.compile(r"[0-9]{1,12}")

Params = Mapping[str, str | tuple[str, ...]]  # a tuple: the name is repeated


class CallKind(StrEnum):
    READ = "read"
    IDENTITY = "identity"
    SIGN_IN = "sign_in"


class SignAgainError(AccessRefusedError):
    """The same call, signed once more, may pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request below a host's address; `path` is the same for every client, for traces show it."""

    method: str = "GET"
    path: str
    params: Params = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    path_tail: str = ""
    patience: float = 1.0  # times the usual timeout, for answers that take their time

    def with_headers(self, headers: Mapping[str, str]) -> "Call":
        return replace(self, headers={**self.headers, **headers})


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """How one host of a provider is spoken to."""

    provider: Provider
    address: str
    account_key: str
    budgets: Sequence[Budget]
    sign: Callable[[Call, datetime], Call]
    refusal: Callable[[httpx.Response, datetime], ConnectorError | None]
    observe: Callable[[Limiter, httpx.Response], None] = lambda _limiter, _response: None
    tries: int = 3


class Api:
    """One host, until `deadline_s` of the session's clock."""

    def __init__(self, session: Session, host: Host, *, budget_s: float) -> None:
        self.session = session
        self.calls: Counter[CallKind] = Counter()
        self.facts: dict[str, str] = {}  # what identifying told beside the books, for the plan
        self._host = host
        self._server = urlsplit(host.address).netloc
        self._clock = session.clock
        self._deadline_s = session.clock.monotonic_s() + budget_s
        self._is_down = False

    @property
    def address(self) -> str:
        """Where the host is: links in its answers are followed below it only."""
        return self._host.address

    async def json(self, call: Call, kind: CallKind = CallKind.READ) -> Any:
        """The answer, parsed with exact decimal numbers."""
        return parse_json((await self.send(call, kind)).content)

    async def send(self, call: Call, kind: CallKind = CallKind.READ) -> httpx.Response:
        """A good answer, after short waits and retries; raises ConnectorError."""
        if not self._host.address:
            raise RejectedRequestError(
                f"the installation has no address for {self._host.provider}", cause=_NO_ADDRESS
            )
        attempt, was_silent = 1, False
        while True:
            try:
                return await self._once(call, kind)
            except ConnectorError as error:
                if isinstance(error, AccessRefusedError):
                    error.after_silence = was_silent
                was_silent |= isinstance(error, ProviderDownError)
                wait_s = self._wait_s(error, attempt)
                if wait_s is None:
                    raise
            attempt += 1
            await self._clock.sleep(wait_s)

    async def _once(self, call: Call, kind: CallKind) -> httpx.Response:
        host, limiter = self._host, self.session.limiter
        left_s = self._left_s()
        async with limiter.slot(host.provider, host.account_key, host.budgets, max_wait_s=left_s):
            now = self._clock.now()
            self.calls[kind] += 1
            response = await self._exchange(host.sign(call, now), self._left_s())
        host.observe(limiter, response)
        error = host.refusal(response, now)
        if isinstance(error, ThrottledError):
            self.session.measures.throttled(host.provider)
            limiter.pause(error.budget_key, error.retry_after_s, daily=error.daily)
        if error is not None:
            raise error
        return response

    async def _exchange(self, call: Call, left_s: float) -> httpx.Response:
        attributes = {
            "http.request.method": call.method,
            "server.address": self._server,
            "url.template": call.path,
            "provider": str(self._host.provider),
        }
        span = _tracer().start_span(
            f"{call.method} {call.path}", kind=trace.SpanKind.CLIENT, attributes=attributes
        )
        began_s, status = self._clock.monotonic_s(), None
        try:
            async with asyncio.timeout(min(left_s, self.session.call_timeout_s * call.patience)):
                response = await self._transfer(call)
            status = response.status_code
            span.set_attribute("http.response.status_code", status)
            if status >= 400:
                span.set_status(trace.StatusCode.ERROR)
        except (httpx.RequestError, TimeoutError) as error:
            name = type(error).__name__
            span.set_status(trace.StatusCode.ERROR, name)
            # The error itself may quote the address with its query.
            kind = UnknownHostError if _is_unknown_host(error) else ProviderDownError
            raise kind(f"{call.method} {call.path}: {name}") from None
        finally:
            span.end()
            self.session.measures.answered(self._host.provider, status, self._clock.monotonic_s() - began_s)
        return response

    async def _transfer(self, call: Call) -> httpx.Response:
        url = _below(self._host.address, call.path + call.path_tail)
        if call.params:
            url += "?" + query_text(call.params)
        request = Outgoing(call.method, url, {**_HEADERS, **call.headers}, call.body, _TIMEOUT)
        response = await self.session.transport.handle_async_request(request)
        await response.aread()
        response.request = request
        return response

    def _left_s(self) -> float:
        left_s = self._deadline_s - self._clock.monotonic_s()
        if left_s <= 0:
            raise ProviderDownError("the reading's time is up")
        return left_s

    def _wait_s(self, error: ConnectorError, attempt: int) -> float | None:
        """Seconds until the next try; None when this was the last."""
        left_s = self._deadline_s - self._clock.monotonic_s()
        match error:
            case SignAgainError():
                return 0.0 if attempt == 1 else None
            case ThrottledError(retry_after_s=wait_s):
                return wait_s if attempt < THROTTLE_TRIES and wait_s <= min(MAX_WAIT_S, left_s) else None
            case ProviderDownError():
                wait_s = min(RETRY_WAITS_S[min(attempt, 3) - 1] * random.uniform(0.75, 1.25), MAX_WAIT_S)  # noqa: S311 (jitter)
                if not self._is_down and attempt < (error.tries or self._host.tries) and wait_s < left_s:
                    return wait_s
                self._is_down = True  # the reading's other calls do not wait for it all over again
        return None


@cache
def _tracer() -> trace.Tracer:
    return trace.get_tracer("connectors")


@lru_cache(maxsize=1_000)
def _below(address: str, path: str) -> str:
    """The path below the host's address, whatever an id in either says; RejectedRequestError otherwise."""
    host = urlsplit(address)
    leaves = path[:1] not in {"", "/"} or _LEADS_AWAY.search(host.path + path) is not None
    if leaves or host.query or host.fragment or host.username is not None:
        raise RejectedRequestError("an id would lead to another address")
    return address + quote(path, safe=_IN_A_PATH)


def _is_unknown_host(error: Exception) -> bool:
    """The name is not known; a name server that does not answer is something else."""
    reason = error.__cause__
    if not isinstance(reason, aiohttp.ClientConnectorDNSError):
        return False
    return reason.os_error.errno != socket.EAI_AGAIN


def query_text(params: Params) -> str:
    """The query as it is sent, for providers that sign it."""
    return urlencode(params, doseq=True, quote_via=quote, safe="")


def clock_ahead(response: httpx.Response, now: datetime) -> timedelta:
    """How far the Date header is ahead of us; nothing where there is none."""
    try:
        return parsedate_to_datetime(response.headers.get("date", "")) - now
    except (ValueError, TypeError, OverflowError):
        return timedelta(0)


def retry_after_s(response: httpx.Response, now: datetime, default_s: float) -> float:
    """What Retry-After says, in seconds or as a date; never negative, and never longer than two days."""
    told_s: float | None = header_number(response, "retry-after")
    if told_s is None:
        try:
            told_s = (parsedate_to_datetime(response.headers.get("retry-after", "")) - now).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return default_s
    return min(max(0.0, told_s), LONGEST_TOLD_S)


def header_number(response: httpx.Response, name: str) -> int | None:
    """A header that is a whole number."""
    told = response.headers.get(name, "").strip()
    return int(told) if _WHOLE.fullmatch(told) else None
