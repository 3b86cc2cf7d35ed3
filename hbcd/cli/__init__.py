"""The command `hbcd`."""
