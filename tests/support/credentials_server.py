"""A stand-in for the credentials service: leases of given access, in a thread of this process."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.serving import build_server, listen
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


@dataclass
class LeaseServer:
    """Leases what it was given to whoever shows a token, and keeps what it was told."""

    settings: Mapping[str, str]
    access: Mapping[str, str]
    account_key: str
    url: str = ""
    leases: int = 0
    observed: list[dict[str, Any]] = field(default_factory=list)

    async def lease(self, request: Request) -> Response:
        if not request.headers.get("Authorization", "").startswith("Bearer ey"):
            return JSONResponse({"code": "UNAUTHENTICATED"}, status_code=401)
        self.leases += 1
        wish = await request.json()
        return JSONResponse(
            {
                "connection_id": request.path_params["connection_id"],
                "generation": wish["generation"],
                "access_id": "7b0ed8a4-0000-4000-8000-000000000001",
                "access": dict(self.access),
                "expires_at": (datetime.now(UTC) + timedelta(minutes=15)).isoformat(),
                "settings": dict(self.settings),
                "account_key": self.account_key,
                "books": None,
                "health": "untested",
            }
        )

    async def observe(self, request: Request) -> Response:
        self.observed.append(await request.json())
        return Response(status_code=204)


@contextmanager
def running_lease_server(
    settings: Mapping[str, str], access: Mapping[str, str], account_key: str
) -> Iterator[LeaseServer]:
    """Answers while the block runs."""
    service = LeaseServer(settings, access, account_key)
    app = Starlette(
        routes=[
            Route("/internal/connections/{connection_id}:lease", service.lease, methods=["POST"]),
            Route("/internal/connections/{connection_id}:observe", service.observe, methods=["POST"]),
        ]
    )
    server, bound = build_server(app), listen(0)
    service.url = f"http://127.0.0.1:{bound.getsockname()[1]}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        bound.close()
