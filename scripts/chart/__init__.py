"""What check_chart.py is made of."""
