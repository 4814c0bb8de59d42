from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sandbox.clock import Clock
from support.sandbox_server import RunningSandbox, running_sandbox

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with running_sandbox(seed=7, clients=6, documents=24, clock=Clock(stopped_at=NOON)) as started:
        yield started


@pytest.fixture
def sandbox(running: RunningSandbox) -> Iterator[RunningSandbox]:
    """The module's sandbox with fresh limits and counters; what a test breaks is mended after it."""
    running.world.clock.advance(61)
    running.world.calls.reset()
    yield running
    running.world.faults.clear()
