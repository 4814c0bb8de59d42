"""Imitation of Scoro."""
