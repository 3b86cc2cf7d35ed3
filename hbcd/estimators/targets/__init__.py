"""What a network learns in place of the targets or labels of a table."""
