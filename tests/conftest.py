"""Fixtures that any test may ask for."""

from support.servers import embedded_stack, kafka_bootstrap, mongo_url, vault

__all__ = ["embedded_stack", "kafka_bootstrap", "mongo_url", "vault"]
