"""A stand-in for the credentials service: says of every client that it is connected, in a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.serving import build_server, listen
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from support.orchestration import connection_id


async def look_up(request: Request) -> Response:
    if not request.headers.get("Authorization", "").startswith("Bearer ey"):
        return JSONResponse({"code": "UNAUTHENTICATED"}, status_code=401)
    question = await request.json()
    connections = {
        client: {
            "connection_id": str(connection_id(question["company_id"], client)),
            "generation": 1,
            "account_key": f"account-of-{client}",
            "site_key": f"{question['provider']}/app",
            "health": "ok",
        }
        for client in question["client_ids"]
    }
    return JSONResponse({"integrations_on": True, "provider_enabled": True, "connections": connections})


@contextmanager
def running_lookup_server() -> Iterator[str]:
    """Its address; answers while the block runs."""
    app = Starlette(routes=[Route("/internal/connections:lookup", look_up, methods=["POST"])])
    server, bound = build_server(app), listen(0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        bound.close()
