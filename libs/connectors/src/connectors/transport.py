"""Requests over shared connections, as a transport of httpx: its own pool walks through all of them."""

import ssl
from collections.abc import Mapping
from functools import cache, cached_property
from urllib.parse import urlsplit

import aiohttp
import httpx
from yarl import URL

from connectors.errors import UnreadableAnswerError

MAX_BODY_BYTES = 200 * 1024 * 1024
MAX_CONNECTIONS = 1_000
# They tell how the body came; here it is whole and unpacked.
_OF_THE_WAY = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})
_NOTHING = httpx.ByteStream(b"")


class Outgoing(httpx.Request):
    """A request to an address that is already encoded; what httpx makes of it is made where somebody asks.

    Its parsing takes as long as half of the call.
    """

    def __init__(
        self, method: str, address: str, headers: Mapping[str, str], body: bytes, timeout: httpx.Timeout
    ) -> None:
        self.method = method
        self.address = address
        self.plain_headers = headers
        self.body = body
        self.extensions = {"timeout": timeout.as_dict()}

    @cached_property
    def url(self) -> httpx.URL:  # type: ignore[override]  # attributes there
        return httpx.URL(self.address)

    @cached_property
    def headers(self) -> httpx.Headers:  # type: ignore[override]
        return httpx.Headers({"Host": urlsplit(self.address).netloc, **self.plain_headers}, encoding="utf-8")

    @cached_property
    def stream(self) -> httpx.ByteStream:  # type: ignore[override]
        return httpx.ByteStream(self.body)

    @property
    def content(self) -> bytes:
        return self.body


class _Answer(httpx.Response):
    """One whose body is here, so that it need not pass through httpx's streams."""

    def __init__(
        self, status: int, headers: list[tuple[bytes, bytes]], content: bytes, request: httpx.Request
    ) -> None:
        super().__init__(status, headers=headers, stream=_NOTHING, request=request)
        self._content = content
        self.is_closed = self.is_stream_consumed = True


class PooledTransport(httpx.AsyncBaseTransport):
    """Keeps no cookie, follows no redirect; answers come whole, unpacked and of a bounded size."""

    def __init__(self, trust: ssl.SSLContext | None = None, *, max_bytes: int = MAX_BODY_BYTES) -> None:
        self._trust = trust or _certificates()
        self._max_bytes = max_bytes
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises what httpx would, and UnreadableAnswerError for an answer that grows too large."""
        headers: Mapping[str, str] | list[tuple[str, str]]
        if isinstance(request, Outgoing):
            address, headers, body = request.address, request.plain_headers, request.body
        else:
            address, body = str(request.url), await request.aread()
            headers = [(name.decode(), value.decode()) for name, value in request.headers.raw]
        limits = request.extensions.get("timeout", {})
        try:
            async with self._opened().request(
                request.method,
                URL(address, encoded=True),
                headers=headers,
                data=body or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    connect=limits.get("pool"),
                    sock_connect=limits.get("connect"),
                    sock_read=limits.get("read"),
                ),
            ) as answer:
                content = await self._whole(answer)
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is one
            raise _of_httpx(error) from error
        told = [(name, value) for name, value in answer.raw_headers if name.lower() not in _OF_THE_WAY]
        return _Answer(answer.status, told, content, request)

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _whole(self, answer: aiohttp.ClientResponse) -> bytes:
        pieces, size = [], 0
        while piece := await answer.content.readany():
            size += len(piece)
            if size > self._max_bytes:
                raise UnreadableAnswerError(f"an answer of more than {self._max_bytes} bytes")
            pieces.append(piece)
        return b"".join(pieces)

    def _opened(self) -> aiohttp.ClientSession:
        """Made inside the running loop, on first use."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=MAX_CONNECTIONS, ssl=self._trust),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _of_httpx(error: Exception) -> httpx.TransportError:
    match error:
        case aiohttp.ConnectionTimeoutError():
            return httpx.ConnectTimeout(str(error))
        case TimeoutError():
            return httpx.ReadTimeout(str(error))
        case aiohttp.ClientConnectorError():
            return httpx.ConnectError(str(error))
    return httpx.ReadError(str(error))


@cache
def _certificates() -> ssl.SSLContext:
    """Whom we trust: httpx's choice, read once, for it takes longer than many a call."""
    return httpx.create_ssl_context()
