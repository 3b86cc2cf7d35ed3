"""Tuning: which parameters of an estimator suit a table, found by successive halving."""
