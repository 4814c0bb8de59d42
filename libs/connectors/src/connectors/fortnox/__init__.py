from connectors.fortnox.connector import FORTNOX

__all__ = ["FORTNOX"]
