"""The broker of these tests is theirs alone: nobody answers on it, and nobody reads."""

from collections.abc import Iterator

import pytest
from sandbox.embedded import EmbeddedStack, chosen_broker
from support.servers import broker_of


@pytest.fixture(scope="module")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    stack = EmbeddedStack(tmp_path_factory.mktemp("broker"), broker=chosen_broker())
    with broker_of(stack) as bootstrap_servers:
        yield bootstrap_servers
