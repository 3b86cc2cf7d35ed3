"""A fit: settings, rows, the network, members, and the steps that train them."""
