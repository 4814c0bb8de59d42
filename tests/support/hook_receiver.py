"""A receiver of webhooks: a real HTTP server on loopback that answers as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Answering = Callable[[], web.StreamResponse]


@dataclass
class HookReceiver:
    """`answers` by path, the last one for ever; /hang never answers, /endless never ends its body."""

    url: str = ""
    answers: dict[str, list[Answering]] = field(default_factory=dict)
    received: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    def at(self, path: str) -> list[tuple[bytes, dict[str, str]]]:
        """What came to a path."""
        return [(body, headers) for where, body, headers in self.received if where == path]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.received.append((request.path, await request.read(), dict(request.headers)))
        if request.path == "/hang":
            await asyncio.sleep(3_600)
        if request.path == "/endless":
            return await _endless(request)
        told = self.answers.get(request.path, [])
        answer = told.pop(0) if len(told) > 1 else (told[0] if told else _fine)
        return answer()


def status(code: int, **headers: str) -> Answering:
    """Answers with a status, and headers whose underscores are dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: web.Response(status=code, headers=named)


def _fine() -> web.StreamResponse:
    return web.Response(status=204)


async def _endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 65_536)


@asynccontextmanager
async def hook_receiver() -> AsyncIterator[HookReceiver]:
    """Listens for as long as the block lasts."""
    receiver = HookReceiver()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        await runner.cleanup()
