"""The checks of the first milestone."""
