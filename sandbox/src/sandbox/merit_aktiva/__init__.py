"""Imitation of Merit Aktiva in its three countries."""
