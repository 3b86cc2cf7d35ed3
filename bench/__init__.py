"""Benchmarks and experiments; run from the root of the repository, never installed."""
