"""Tests that kill processes and run large bulks share systems, in one test process."""

from support.large_system import known_accounts, large_firm, large_system, say
from support.system import collector, firm, sandbox, system

__all__ = [
    "collector",
    "firm",
    "known_accounts",
    "large_firm",
    "large_system",
    "sandbox",
    "say",
    "system",
]
