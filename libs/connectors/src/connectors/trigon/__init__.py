from connectors.trigon.connector import TRIGON

__all__ = ["TRIGON"]
