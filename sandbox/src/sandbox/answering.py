"""How long the imitations took for their answers, all calls together."""

from __future__ import annotations

import time
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.calls import Calls


@dataclass(frozen=True, slots=True)
class Answering:
    """An ASGI middleware around one provider's imitation."""

    app: ASGIApp
    calls: Calls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began_s = time.monotonic()
        try:
            await self.app(scope, receive, send)
        finally:
            self.calls.answering_s += time.monotonic() - began_s
