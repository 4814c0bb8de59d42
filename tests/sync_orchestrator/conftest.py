"""The stores that a test runs on: in memory, or in a real database."""

from collections.abc import AsyncIterator
from math import inf

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.orchestrator_database import stores_in
from support.orchestrator_stores import memory_stores
from support.tracing import global_tracers
from sync_orchestrator import settle_runs
from sync_orchestrator.use_cases import Stores


@pytest.fixture(params=["memory", pytest.param("mongo", marks=pytest.mark.integration)])
def database_address(request: pytest.FixtureRequest) -> str | None:
    """None for stores in memory."""
    return request.getfixturevalue("mongo_url") if request.param == "mongo" else None


@pytest.fixture
async def stores(database_address: str | None) -> AsyncIterator[Stores]:
    """Both kinds, one after the other."""
    if database_address is None:
        yield memory_stores()
        return
    async with stores_in(database_address) as stored:
        yield stored


@pytest.fixture
def counting_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a run's jobs, for its progress; else it takes a share of the real time only."""
    monkeypatch.setattr(settle_runs, "COUNTING_SHARE", inf)


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """What is traced from now on."""
    exporter = InMemorySpanExporter()
    global_tracers().add_span_processor(SimpleSpanProcessor(exporter))
    return exporter
