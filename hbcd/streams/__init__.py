"""Rows that are read again and again: files, streams, tables larger than memory."""
