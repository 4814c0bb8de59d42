"""HTTP to our own servers: whose certificates are believed."""

import ssl
from pathlib import Path

import httpx


def trusting(*ca_files: Path | None) -> ssl.SSLContext:
    """The system's authorities, and those of the files."""
    context = ssl.create_default_context()
    for file in filter(None, ca_files):
        context.load_verify_locations(file)
    return context


def build_http(*ca_files: Path | None, timeout_s: float = 5.0) -> httpx.AsyncClient:
    """One for the process, past any proxy of the environment; closed by whoever built it."""
    return httpx.AsyncClient(verify=trusting(*ca_files), timeout=timeout_s, trust_env=False)
