"""`ledgerbus load`: how much work the system does, and what a job costs."""
