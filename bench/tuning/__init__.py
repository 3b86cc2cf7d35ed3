"""What tuning gains, beside the default and random search at as many operations."""
