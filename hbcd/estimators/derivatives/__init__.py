"""Derivatives of predictions in the columns of the table, in the units of both."""
