"""What every folder may use: checks of arguments, standardization, the version."""
