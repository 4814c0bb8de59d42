"""The server, put together."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount

from sandbox.answering import Answering
from sandbox.clock import Clock
from sandbox.control import Control
from sandbox.echo import Echo
from sandbox.registry import BUILDERS
from sandbox.world import World


def build_app(seed: int, clients: int, documents: int, clock: Clock | None = None) -> Starlette:
    """A sandbox with so many accounts of each provider and about so many documents in each month."""
    world = World(seed, clients, documents, clock or Clock())
    imitations = {one.provider: one for one in (build(world) for build in BUILDERS)}
    app = Starlette(
        routes=[
            *Control(world, imitations).routes(),
            *(
                Mount(
                    f"/{provider}",
                    routes=list(one.routes()),
                    middleware=[
                        Middleware(Answering, calls=world.calls),
                        Middleware(Echo, world=world, provider=provider),
                    ],
                )
                for provider, one in imitations.items()
            ),
        ],
        exception_handlers={HTTPException: _refused},
    )
    app.state.world = world
    return app


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 (registered for this class alone)
    return JSONResponse({"error": error.detail}, error.status_code)
