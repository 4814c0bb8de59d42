"""Imitation of Tripletex, production and test."""
