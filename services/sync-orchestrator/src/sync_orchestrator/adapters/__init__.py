"""The outside world, each thing behind its port."""
