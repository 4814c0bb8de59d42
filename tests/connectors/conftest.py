"""The sandbox that all connectors share, unless a test module starts its own."""

from support.conformity import running, sandbox

__all__ = ["running", "sandbox"]
