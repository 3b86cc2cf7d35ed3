"""Networks of any size on CCPP."""
