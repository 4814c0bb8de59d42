"""Ports on the loopback interface."""

import random
import socket

from sandbox.embedded.errors import EmbeddedError

HOST = "127.0.0.1"

# Below the range of outgoing connections: in it, a client that dials while the server is down may be given
# that very port as its own end, connect to itself, and keep the server from coming back.
_CANDIDATES = range(20_000, 32_000)


def free_port() -> int:
    """A port that nobody listens on now."""
    for port in random.sample(_CANDIDATES, k=100):
        if is_free(port):
            return port
    raise EmbeddedError("No free loopback port between 20000 and 32000.")


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def accepts(port: int) -> bool:
    """Whether something answers on this loopback port."""
    try:
        with socket.create_connection((HOST, port), timeout=1.0):
            return True
    except OSError:
        return False
