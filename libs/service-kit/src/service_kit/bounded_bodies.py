"""Refuses bodies that are larger than any good one."""

from contextlib import suppress
from dataclasses import dataclass

from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BYTES = 262_144


class _TooLargeError(Exception):
    """Ends the reading; what the app makes of it is not sent."""


@dataclass(slots=True)
class _Exchange:
    """One request's way in and answer's way out."""

    receive: Receive
    send: Send
    max_bytes: int
    received: int = 0
    has_begun: bool = False

    @property
    def is_refused(self) -> bool:
        return self.received > self.max_bytes and not self.has_begun

    async def take(self) -> Message:
        message = await self.receive()
        self.received += len(message.get("body", b""))
        if self.received > self.max_bytes:
            raise _TooLargeError
        return message

    async def answer(self, message: Message) -> None:
        if not self.is_refused:
            self.has_begun = True
            await self.send(message)


@dataclass(frozen=True, slots=True)
class BoundedBodies:
    """An ASGI middleware: 413 past the bound, whatever the headers say."""

    app: ASGIApp
    max_bytes: int = MAX_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        exchange = _Exchange(receive, send, self.max_bytes)
        with suppress(_TooLargeError):
            await self.app(scope, exchange.take, exchange.answer)
        if exchange.is_refused:
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
