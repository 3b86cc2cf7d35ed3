"""Packages that a target needs, imported when it is asked for."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["needed"]


def needed(module: str, extra: str) -> Any:
    """A module of an optional package.

    Parameters
    ----------
    module : str
    extra : str
        The extra of hbcd that brings it.

    Returns
    -------
    module

    Raises
    ------
    ImportError
        It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        raise ImportError(
            f"{package} is not installed: pip install 'hbcd[{extra}]' brings it", name=package
        ) from error
