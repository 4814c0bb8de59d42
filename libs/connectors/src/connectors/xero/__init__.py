from connectors.xero.connector import XERO

__all__ = ["XERO"]
