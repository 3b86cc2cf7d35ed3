"""The speed of the core beside other libraries."""
