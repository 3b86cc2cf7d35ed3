"""Proven ranges of predictions and of their derivatives over boxes of columns."""
