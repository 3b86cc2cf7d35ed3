"""Proven ranges of outputs beside what attacks attain, and what a constraint costs."""
