"""The fault `echo`: an answer that repeats the whole request, keys included, as careless systems do."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.world import World

# Where vendors put the text that people are to read.
_NAMES = ("error", "error_description", "message", "Message", "detail", "Detail", "title", "developerMessage")


@dataclass(frozen=True, slots=True)
class Echo:
    """An ASGI middleware around one provider's imitation; the fault is for all its accounts at once."""

    app: ASGIApp
    world: World
    provider: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self.world.faults.hit(self.provider, "", "echo")
        if scope["type"] != "http" or fault is None:
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        headers = " ".join(f"{name}: {value}" for name, value in request.headers.items())
        body = (await request.body()).decode(errors="replace")
        text = f"cannot {request.method} {request.url} with {headers} and {body}"
        answer = JSONResponse(dict.fromkeys(_NAMES, text), int(fault.options.get("status", 400)))
        await answer(scope, receive, send)
