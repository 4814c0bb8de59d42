"""Ports: no process is given one twice, and no server takes one that it was not given."""

import pytest
from sandbox.embedded import EmbeddedStack
from sandbox.embedded.ports import free_port, is_free


def test_many_ports_are_all_different() -> None:
    ports = [free_port() for _ in range(100)]

    assert len(set(ports)) == len(ports)


@pytest.mark.integration
def test_the_vault_leaves_the_next_port_alone(embedded_stack: EmbeddedStack, vault: object) -> None:
    port = int(embedded_stack.settings.vault.address.rsplit(":", 1)[-1])

    assert vault
    assert is_free(port + 1)
