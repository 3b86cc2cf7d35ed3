"""Every call of the C library that can fail fails once: allocations, files."""
