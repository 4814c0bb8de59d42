"""The running system that end-to-end tests share."""

from support.system import collector, crash_order, firm, sandbox, system

__all__ = ["collector", "crash_order", "firm", "sandbox", "system"]
