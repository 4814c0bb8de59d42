"""Imitation of e-conomic's classic REST API."""
