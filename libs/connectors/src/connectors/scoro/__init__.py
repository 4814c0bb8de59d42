from connectors.scoro.connector import SCORO

__all__ = ["SCORO"]
