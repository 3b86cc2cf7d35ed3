"""Networks that grow, on problems whose size is known and beside fixed sizes on tables."""
