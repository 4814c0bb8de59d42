"""Faults are done to one running system, in one test process."""

from support.system import collector, firm, sandbox, system

__all__ = ["collector", "firm", "sandbox", "system"]
