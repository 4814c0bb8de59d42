"""Clients for servers of this machine."""

import ssl
from typing import Any

import httpx

# They speak plain HTTP: a client that trusts nobody need not read everybody's certificates first.
NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def loopback_client(**options: Any) -> httpx.AsyncClient:
    """An `AsyncClient` that no proxy stands before."""
    return httpx.AsyncClient(**{"trust_env": False, "verify": NOBODY, **options})
