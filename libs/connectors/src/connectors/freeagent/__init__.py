from connectors.freeagent.connector import FREEAGENT

__all__ = ["FREEAGENT"]
