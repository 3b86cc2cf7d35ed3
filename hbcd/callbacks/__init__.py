"""What follows a training: callbacks, early stopping, log lines, the terminal."""

from hbcd.callbacks.adapters import OptunaPruning, ProgressBar, scipy_callback

__all__ = ["OptunaPruning", "ProgressBar", "scipy_callback"]
