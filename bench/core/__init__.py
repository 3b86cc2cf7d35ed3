"""The speed and the accuracy of the C core."""
