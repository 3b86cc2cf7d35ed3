"""The defaults on many tables."""
