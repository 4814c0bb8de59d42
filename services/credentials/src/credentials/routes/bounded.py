"""Refuses bodies that are larger than any good one."""

from dataclasses import dataclass

from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BYTES = 262_144


class _TooLargeError(Exception):
    pass


@dataclass(frozen=True, slots=True)
class BoundedBodies:
    """An ASGI middleware: 413 past the bound, whatever the headers say."""

    app: ASGIApp
    max_bytes: int = MAX_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        received = 0
        has_begun = False

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_bytes:
                raise _TooLargeError
            return message

        async def noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self.app(scope, bounded, noted)
        except _TooLargeError:
            if not has_begun:
                await _refusal(self.max_bytes)(scope, receive, send)


def _refusal(max_bytes: int) -> JSONResponse:
    problem = {
        "type": "urn:ledgerbus:problem:request_too_large",
        "title": "Content Too Large",
        "status": 413,
        "detail": f"Send at most {max_bytes} bytes.",
        "code": "REQUEST_TOO_LARGE",
        "fields": [],
    }
    return JSONResponse(problem, 413, media_type="application/problem+json")
