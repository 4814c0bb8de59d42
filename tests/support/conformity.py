"""The sandbox that all connectors are compared on."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sandbox.clock import Clock
from support.sandbox_server import RunningSandbox, running_sandbox

CLIENTS = 15
# Whenever the suite runs, the same months are read: years of any kind begin and end somewhere.
TODAY = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def running() -> Iterator[RunningSandbox]:
    clock = Clock()
    clock.advance((TODAY - clock.now()).total_seconds())
    with running_sandbox(clients=CLIENTS, documents=6, clock=clock) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: RunningSandbox) -> Iterator[RunningSandbox]:
    """The sandbox without faults, and with the limits of a new minute."""
    yield running
    running.http.delete("/_control").raise_for_status()
    running.world.clock.advance(61)
