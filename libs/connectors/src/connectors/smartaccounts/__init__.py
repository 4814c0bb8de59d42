from connectors.smartaccounts.connector import SMARTACCOUNTS

__all__ = ["SMARTACCOUNTS"]
