from connectors.quickbooks.connector import QUICKBOOKS

__all__ = ["QUICKBOOKS"]
