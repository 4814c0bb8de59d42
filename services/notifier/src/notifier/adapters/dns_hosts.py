"""The addresses of a host, as this machine's resolver tells them."""

import asyncio
import socket
from ipaddress import ip_address

from notifier.destination import Address

_TIMEOUT_S = 5.0


class DnsHosts:
    """Implements `ResolveHost`."""

    async def __call__(self, host: str) -> list[Address]:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):  # a timeout is an OSError too
            return []
        return [ip_address(address[0]) for *_, address in found]
