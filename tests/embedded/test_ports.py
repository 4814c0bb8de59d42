"""Ports: no process is given one twice, and no server takes one that it was not given."""

import psutil
import pytest
from sandbox.embedded import EmbeddedStack, Server, VaultAccess
from sandbox.embedded.ports import free_port


def test_many_ports_are_all_different() -> None:
    ports = [free_port() for _ in range(100)]

    assert len(set(ports)) == len(ports)


@pytest.mark.integration
def test_the_vault_takes_no_port_besides_its_own(embedded_stack: EmbeddedStack, vault: VaultAccess) -> None:
    assert listening_ports(embedded_stack.vault) == {int(vault.address.rsplit(":", 1)[-1])}


def listening_ports(server: Server) -> set[int]:
    process = psutil.Process(server.pid)
    connections = [
        each for one in (process, *process.children(recursive=True)) for each in one.net_connections("tcp")
    ]
    return {each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN}
