"""Running the server."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

_BACKLOG = 4096
# Longer than clients keep an idle connection (httpx 5 s): else both let go of it at once and a call is lost.
KEPT_ALIVE_S = 60


def listen(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A socket where callers already queue; port 0 takes a free one."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    bound.listen(_BACKLOG)
    return bound


def build_server(app: Starlette) -> uvicorn.Server:
    """A server for this app; `run(sockets=[…])` starts it, `should_exit` ends it."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            lifespan="off",
            ws="none",
            backlog=_BACKLOG,
            timeout_graceful_shutdown=1,
            timeout_keep_alive=KEPT_ALIVE_S,
            server_header=False,
        )
    )


def serve(app: Starlette, port: int, host: str, announce: Callable[[str], object]) -> None:
    """Announce the address and serve until the process is told to end; port 0 takes a free one."""
    bound = listen(port, host)
    announce(f"http://{host}:{bound.getsockname()[1]}")
    build_server(app).run(sockets=[bound])
