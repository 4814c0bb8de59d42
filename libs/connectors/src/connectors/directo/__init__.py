from connectors.directo.connector import DIRECTO

__all__ = ["DIRECTO"]
