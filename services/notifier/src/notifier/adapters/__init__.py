"""The outside world of this service, one file per thing."""
