from connectors.merit_aktiva.connector import MERIT_AKTIVA

__all__ = ["MERIT_AKTIVA"]
