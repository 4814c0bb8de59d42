"""Imitation of Trigon, by an assumed contract."""
