import gzip
from collections.abc import AsyncIterator

import httpx
import pytest
from connectors.errors import UnreadableAnswerError
from connectors.transfer import transfer


class Endless(httpx.AsyncByteStream):
    """Pieces of a kilobyte, and how many were taken."""

    taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            self.taken += 1
            yield b"x" * 1024


async def answer_to(answer: httpx.Response, *, max_bytes: int = 10_000) -> httpx.Response:
    request = httpx.Request("GET", "https://books.example/x")
    return await transfer(httpx.MockTransport(lambda _: answer), request, max_bytes=max_bytes)


async def test_an_answer_comes_whole_and_unpacked_with_its_headers() -> None:
    packed = gzip.compress("Põhjala".encode())
    headers = [
        ("Content-Encoding", "gzip"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Retry-After", "3"),
    ]

    answer = await answer_to(httpx.Response(503, headers=headers, content=packed))

    assert (answer.status_code, answer.text, answer.headers["retry-after"]) == (503, "Põhjala", "3")
    assert answer.request.url.path == "/x"


async def test_an_answer_that_does_not_end_is_left() -> None:
    stream = Endless()

    with pytest.raises(UnreadableAnswerError):
        await answer_to(httpx.Response(200, stream=stream))

    assert stream.taken == 10


async def test_what_swells_when_it_is_unpacked_counts_unpacked() -> None:
    packed = gzip.compress(b"x" * 20_000)

    with pytest.raises(UnreadableAnswerError):
        await answer_to(httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=packed))

    assert len(packed) < 10_000
