"""End-to-end tests share one running system, in one test process."""

from support.system import collector, crash_order, firm, sandbox, system

__all__ = ["collector", "crash_order", "firm", "sandbox", "system"]
