"""What every service needs in order to run."""
