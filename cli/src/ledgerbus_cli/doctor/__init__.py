"""`ledgerbus doctor`: one sentence for each thing that a working system needs."""
