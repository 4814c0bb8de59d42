"""Fortnox, imitated."""
