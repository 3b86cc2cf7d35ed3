"""Members: small networks trained on parts of the rows, weighted, and held as one network."""
