"""Broker, vault and database as child processes: the whole outside world of a laptop or a test."""

from sandbox.embedded.brokers import BrokerKind, chosen_broker
from sandbox.embedded.errors import EmbeddedError
from sandbox.embedded.provisioning import AppRole
from sandbox.embedded.server import Server
from sandbox.embedded.stack import EmbeddedStack, Ports, StackSettings
from sandbox.embedded.topics import create_topics
from sandbox.embedded.vault import VaultAccess

__all__ = [
    "AppRole",
    "BrokerKind",
    "EmbeddedError",
    "EmbeddedStack",
    "Ports",
    "Server",
    "StackSettings",
    "VaultAccess",
    "chosen_broker",
    "create_topics",
]
