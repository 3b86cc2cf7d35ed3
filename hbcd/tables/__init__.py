"""Tables of any kind, and how they become numbers."""
