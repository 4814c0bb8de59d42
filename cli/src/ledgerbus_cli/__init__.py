"""The command `ledgerbus`."""
