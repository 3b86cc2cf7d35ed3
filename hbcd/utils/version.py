"""The version, once: the build reads it here, and so does ``hbcd.__version__``."""

__version__ = "0.1.0"
