"""Seconds to a test R2."""
