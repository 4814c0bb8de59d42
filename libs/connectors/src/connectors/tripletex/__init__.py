from connectors.tripletex.connector import TRIPLETEX

__all__ = ["TRIPLETEX"]
