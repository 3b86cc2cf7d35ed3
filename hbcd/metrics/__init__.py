"""Scores of predictions: for numbers and for classes."""
