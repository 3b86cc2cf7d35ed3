"""The default on problems that it was not chosen on."""
