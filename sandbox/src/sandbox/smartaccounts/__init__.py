"""Imitation of SmartAccounts."""
