"""An imitation of Xero: its identity server and its Accounting API 2.0."""
