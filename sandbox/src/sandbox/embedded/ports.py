"""Ports on the loopback interface."""

import os
import random
import socket
from collections.abc import Iterator
from functools import cache
from itertools import cycle, islice

from sandbox.embedded.errors import EmbeddedError

HOST = "127.0.0.1"

# Below the range of outgoing connections: in it, a client that dials while the server is down may be given
# that very port as its own end, connect to itself, and keep the server from coming back.
_FIRST, _PARTS, _PART = 20_000, 25, 480


def free_port() -> int:
    """A port that nobody listens on now, and that this process was not given lately."""
    for port in islice(_candidates(), _PART):
        if is_free(port):
            return port
    raise EmbeddedError("No free loopback port between 20000 and 32000.")


@cache
def _candidates() -> Iterator[int]:
    # A port is bound seconds after it was chosen: processes that start together choose from different parts.
    first = _FIRST + os.getpid() % _PARTS * _PART
    return cycle(random.sample(range(first, first + _PART), k=_PART))


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
