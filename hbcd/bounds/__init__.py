"""Proven ranges: bounds of what a network can say, and of its slopes, over boxes of inputs."""
