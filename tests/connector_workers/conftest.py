"""A use case for each test, at a provider that would fail if it were really called."""

from collections.abc import AsyncIterator

import httpx
import pytest
from connectors.session import Session, build_session
from support.counting import World


@pytest.fixture
async def session() -> AsyncIterator[Session]:
    async with build_session(transport=httpx.MockTransport(lambda _: httpx.Response(500))) as found:
        yield found


@pytest.fixture
def world(session: Session) -> World:
    return World(session)
