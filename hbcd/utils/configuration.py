"""What this build can do and what runs."""

from typing import Any

from hbcd import core
from hbcd.utils.public import public
from hbcd.utils.validation import effective_threads
from hbcd.utils.version import __version__

__all__ = ["show_config"]


@public
def show_config() -> dict[str, Any]:
    """What this build can do and what runs.

    Returns
    -------
    dict
        Version, instruction set, OpenMP, threads.
    """
    return {"version": __version__, **core.config(), "threads": effective_threads(None)}
