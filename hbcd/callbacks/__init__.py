"""Who is told what happens in a training: callbacks, early stopping, log, terminal."""

from hbcd.callbacks.callback import OptunaPruning, ProgressBar, scipy_callback

__all__ = ["OptunaPruning", "ProgressBar", "scipy_callback"]
