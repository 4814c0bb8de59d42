"""Broker, vault and database as child processes: the whole outside world of a laptop or a test."""

from sandbox.embedded.errors import EmbeddedError
from sandbox.embedded.provisioning import AppRole
from sandbox.embedded.server import Server
from sandbox.embedded.stack import EmbeddedStack, Ports, StackSettings
from sandbox.embedded.topics import create_topics
from sandbox.embedded.vault import VaultAccess

__all__ = [
    "AppRole",
    "EmbeddedError",
    "EmbeddedStack",
    "Ports",
    "Server",
    "StackSettings",
    "VaultAccess",
    "create_topics",
]
