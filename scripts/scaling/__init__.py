"""What scaling_table.py is made of."""
