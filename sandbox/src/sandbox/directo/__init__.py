"""Imitation of Directo."""
