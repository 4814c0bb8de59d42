"""Chaos: everything is disturbed while it works, and then compared with what should be."""
