"""The address of a public class or function: `hbcd.NAME`, wherever its file lies."""

from __future__ import annotations

import sys
from typing import TypeVar

__all__ = ["public"]

Thing = TypeVar("Thing")


def public(thing: Thing) -> Thing:
    """Names `hbcd` as the home of a class or function, so that files may move.

    Pickles, skops' lists of types, tracebacks and reprs then say ``hbcd.HybridRegressor``.  It
    stands above every other decorator: `dataclass` reads annotations in the file's own names.

    Parameters
    ----------
    thing : class or function
        Defined at the top level of a module, and listed in `hbcd.__all__`.

    Returns
    -------
    class or function
        The same object.
    """
    if isinstance(thing, type):
        _evaluate_annotations(thing)
        if "__firstlineno__" in vars(thing):  # Python 3.13: a line of the file, not of hbcd's
            delattr(thing, "__firstlineno__")
    thing.__module__ = "hbcd"  # of a class or a function alone
    return thing


def _evaluate_annotations(owner: type) -> None:
    """Puts types in the place of their text, which `get_type_hints` would look up in hbcd."""
    written = vars(owner).get("__annotations__", {})
    for name, text in written.items():
        if isinstance(text, str):
            names = vars(sys.modules[owner.__module__])
            written[name] = eval(text, names, {owner.__name__: owner})
