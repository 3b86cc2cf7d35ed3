"""A model as one C99 file."""
