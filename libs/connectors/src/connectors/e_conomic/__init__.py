from connectors.e_conomic.connector import E_CONOMIC

__all__ = ["E_CONOMIC"]
