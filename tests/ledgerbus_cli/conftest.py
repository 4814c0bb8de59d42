"""The running system that end-to-end tests share."""

from support.system import collector, firm, sandbox, system

__all__ = ["collector", "firm", "sandbox", "system"]
