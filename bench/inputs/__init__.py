"""Encodings of the inputs, each in place of what the default fit tries, at equal operations."""
