"""Sends a request and receives its answer in pieces, so that one that never ends cannot fill the memory."""

from contextlib import aclosing

import httpx

from connectors.errors import UnreadableAnswerError

MAX_BODY_BYTES = 200 * 1024 * 1024
# They tell how the pieces came; the whole is neither packed nor in pieces.
_OF_THE_WAY = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


async def transfer(
    transport: httpx.AsyncBaseTransport, request: httpx.Request, *, max_bytes: int = MAX_BODY_BYTES
) -> httpx.Response:
    """The answer, whole and unpacked; UnreadableAnswerError when it grows too large.

    Past the client of httpx, which costs as much again: no cookie is kept, no redirect is followed.
    """
    async with aclosing(await transport.handle_async_request(request)) as streamed:
        body = bytearray()
        async for piece in streamed.aiter_bytes():
            body += piece
            if len(body) > max_bytes:
                raise UnreadableAnswerError(f"an answer of more than {max_bytes} bytes")
    kept = [(name, value) for name, value in streamed.headers.raw if name.lower() not in _OF_THE_WAY]
    return httpx.Response(streamed.status_code, headers=kept, content=bytes(body), request=request)
