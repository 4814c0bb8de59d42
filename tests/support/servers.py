"""The embedded servers for tests: one set for each test process, each started when first asked for."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager

import pytest
from sandbox.embedded import EmbeddedStack, Server, VaultAccess, chosen_broker
from sync_contracts.topics import all_topics

PARTITIONS = 3


@pytest.fixture(scope="session")
def embedded_stack(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedStack:
    """The stack that this test process shares; each server starts with its fixture below."""
    return EmbeddedStack(tmp_path_factory.mktemp("embedded"), broker=chosen_broker())


@pytest.fixture(scope="session")
def kafka_bootstrap(embedded_stack: EmbeddedStack) -> Iterator[str]:
    """The broker's address, with all topics; use names of groups of your own, since tests share it."""
    with broker_of(embedded_stack) as bootstrap_servers:
        yield bootstrap_servers


@pytest.fixture(scope="session")
def mongo_url(embedded_stack: EmbeddedStack) -> Iterator[str]:
    """The database's address; use a database name of your own, since tests share it."""
    with running(embedded_stack.database):
        yield embedded_stack.settings.mongo_url


@pytest.fixture(scope="session")
def vault(embedded_stack: EmbeddedStack) -> Iterator[VaultAccess]:
    """The vault's address and each service's role; use a company of your own, since tests share it."""
    with running(embedded_stack.vault):
        yield embedded_stack.settings.vault


@contextmanager
def broker_of(stack: EmbeddedStack) -> Iterator[str]:
    """A running broker with all topics, for as long as the block lasts."""
    with running(stack.broker):
        _run(stack.create_topics(all_topics(), PARTITIONS))
        yield stack.settings.bootstrap_servers


@contextmanager
def running(server: Server) -> Iterator[None]:
    """A server for as long as the block lasts, for code outside any event loop."""
    _run(server.start())
    try:
        yield
    finally:
        _run(server.stop())


def _run(work: Coroutine[object, object, None]) -> None:
    # Not asyncio.run, which would take the thread's current loop away from pytest-asyncio.
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(work)
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
