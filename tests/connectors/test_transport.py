import asyncio
import gzip
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from connectors.errors import UnreadableAnswerError
from connectors.transport import Outgoing, PooledTransport

Handler = Callable[[web.Request, bytes], web.StreamResponse]
PATIENT = httpx.Timeout(20.0)


@pytest.fixture
async def transport() -> AsyncIterator[PooledTransport]:
    async with PooledTransport(max_bytes=10_000) as transport:
        yield transport


def outgoing(
    address: str, *, method: str = "GET", body: bytes = b"", timeout: httpx.Timeout = PATIENT
) -> Outgoing:
    return Outgoing(method, address, {"Accept": "*/*", "X-Name": "Põhjala"}, body, timeout)


async def answered(transport: PooledTransport, answer: web.Response) -> httpx.Response:
    async with serving(lambda *_: answer) as server:
        return await transport.handle_async_request(outgoing(str(server.make_url("/x"))))


def serving(handler: Handler) -> TestServer:
    async def handle(request: web.Request) -> web.StreamResponse:
        return handler(request, await request.read())

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    return TestServer(app)


async def test_an_answer_comes_whole_and_unpacked_with_its_headers(transport: PooledTransport) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": "text/plain; charset=utf-8", "Retry-After": "3"}

    answer = await answered(
        transport, web.Response(status=503, headers=headers, body=gzip.compress("Põhjala".encode()))
    )

    assert (answer.status_code, answer.text, answer.headers["retry-after"]) == (503, "Põhjala", "3")
    assert answer.request.url.path == "/x"


async def test_a_request_arrives_as_it_was_made(transport: PooledTransport) -> None:
    seen: list[tuple[str, str, str, bytes]] = []

    def handle(request: web.Request, body: bytes) -> web.Response:
        seen.append((request.method, request.raw_path, request.headers["X-Name"], body))
        return web.Response()

    async with serving(handle) as server:
        address = str(server.make_url("/")) + "a%2Fb?signature=a%2Bb%3D&name=a&name=%C3%B5"
        await transport.handle_async_request(outgoing(address, method="POST", body=b'{"a":1}'))

    assert seen == [("POST", "/a%2Fb?signature=a%2Bb%3D&name=a&name=%C3%B5", "Põhjala", b'{"a":1}')]


async def test_an_answer_of_more_than_the_bound_is_left(transport: PooledTransport) -> None:
    with pytest.raises(UnreadableAnswerError):
        await answered(transport, web.Response(body=b"x" * 10_001))


async def test_what_swells_when_it_is_unpacked_counts_unpacked(transport: PooledTransport) -> None:
    packed = gzip.compress(b"x" * 20_000)

    with pytest.raises(UnreadableAnswerError):
        await answered(transport, web.Response(headers={"Content-Encoding": "gzip"}, body=packed))

    assert len(packed) < 10_000


async def test_no_cookie_is_kept_and_no_redirect_followed(transport: PooledTransport) -> None:
    seen: list[str | None] = []

    def handle(request: web.Request, _: bytes) -> web.Response:
        seen.append(request.headers.get("Cookie"))
        return web.Response(
            status=302, headers={"Location": "/elsewhere", "Set-Cookie": "session=of-client-1; Path=/"}
        )

    async with serving(handle) as server:
        answers = [
            await transport.handle_async_request(outgoing(str(server.make_url("/x")))) for _ in range(2)
        ]

    assert [answer.status_code for answer in answers] == [302, 302]
    assert seen == [None, None]


async def test_errors_are_those_of_httpx(transport: PooledTransport) -> None:
    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    for behaviour, error in ((drop, httpx.ReadError), (hang, httpx.ReadTimeout)):
        async with await asyncio.start_server(behaviour, "127.0.0.1", 0) as server:
            address = "http://{}:{}/".format(*server.sockets[0].getsockname())
            with pytest.raises(error):
                await transport.handle_async_request(outgoing(address, timeout=httpx.Timeout(0.2)))
            await transport.aclose()
            transport = PooledTransport()
    with pytest.raises(httpx.ConnectError):
        await transport.handle_async_request(outgoing(address))
    await transport.aclose()
