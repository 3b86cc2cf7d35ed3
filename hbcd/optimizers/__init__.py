"""Optimizers, and `minimize`, which runs them on any function."""
