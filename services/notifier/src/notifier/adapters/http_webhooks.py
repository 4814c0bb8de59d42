"""Webhooks over HTTP, to public addresses only; of an answer nothing but its status is looked at."""

import asyncio
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from service_kit.clock import Clock
from yarl import URL

from notifier.delivery import Answer, Outcome
from notifier.destination import AddressRefusedError, DestinationRules

_HEADERS = {"content-type": "application/json", "user-agent": "ledgerbus-webhooks/1"}
_NAMES_KEPT_S = 10


class HttpWebhooks:
    """Implements `SendWebhook`: no redirects, no cookies, no proxies, one deadline for all of a call."""

    def __init__(self, rules: DestinationRules, clock: Clock, *, timeout_s: float, connections: int) -> None:
        self._rules = rules
        self._clock = clock
        self._timeout_s = timeout_s
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(url, body, headers)
        except TimeoutError:
            return Answer(outcome=Outcome.TIMED_OUT)
        except aiohttp.ClientConnectorError as error:
            refused = isinstance(error.os_error, AddressRefusedError)
            return Answer(outcome=Outcome.ADDRESS_NOT_PUBLIC if refused else Outcome.UNREACHABLE)
        except (aiohttp.ClientError, OSError):
            return Answer(outcome=Outcome.UNREACHABLE)

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        request = self._open_session().post(
            URL(url, encoded=True), data=body, headers={**_HEADERS, **headers}, allow_redirects=False
        )
        async with request as response:
            answer = Answer(
                outcome=_outcome(response.status),
                status=response.status,
                retry_after_s=self._retry_after(response.headers.get("Retry-After")),
            )
            response.close()  # its body is not read, so the connection cannot be used again
            return answer

    def _open_session(self) -> aiohttp.ClientSession:
        """Made inside the running loop, on first use."""
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections, ttl_dns_cache=_NAMES_KEPT_S, socket_factory=self._socket
            )
            self._session = aiohttp.ClientSession(
                connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
            )
        return self._session

    def _socket(self, found: tuple[Any, ...]) -> socket.socket:
        # The very address that is connected to: what a name led to a moment ago says nothing.
        family, kind, protocol, _, address = found
        self._rules.check_connection(address[0])
        return socket.socket(family, kind, protocol)

    def _retry_after(self, told: str | None) -> float | None:
        """Seconds, or a date; None for anything else."""
        if told is None:
            return None
        if told.isascii() and told.isdigit():
            return float(told[:9])
        try:
            return max(0.0, (_aware(parsedate_to_datetime(told)) - self._clock.now()).total_seconds())
        except (ValueError, OverflowError):
            return None


def _outcome(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome.DELIVERED
    if 300 <= status < 400:
        return Outcome.REDIRECTED
    return Outcome.GONE if status == 410 else Outcome.REFUSED


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)
