"""Strategies, the run of one training, the penalty path, and the public `Network`."""
