"""Tests that kill processes and run large bulks share one system; `make test-faults` runs them."""

from support.large_system import known_accounts, large_firm, large_system, say

__all__ = ["known_accounts", "large_firm", "large_system", "say"]
