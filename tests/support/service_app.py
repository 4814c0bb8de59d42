"""A service inside the test's event loop, on real servers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from asgi_lifespan import LifespanManager
from fastapi import FastAPI
from service_kit.settings import UserTokenSettings

# Nothing is asked of an issuer until somebody shows a token.
NO_ISSUER = UserTokenSettings(issuer="https://platform.example", jwks_url=Path("/nowhere/jwks.json").as_uri())


@asynccontextmanager
async def running_app(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Started as in production; a client for its HTTP side. Stopped in order at the end."""
    async with (
        LifespanManager(app, startup_timeout=60, shutdown_timeout=40) as manager,
        httpx.AsyncClient(transport=httpx.ASGITransport(manager.app), base_url="http://service") as client,
    ):
        yield client


async def is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/ready")).status_code == 200
