"""Parameters of functions and classes that others wrote."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["parameters_of"]


def parameters_of(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """The parameters of a callable by their names; annotations may name what is not there.

    From Python 3.14 on, annotations are evaluated when they are asked for.  One that only type
    checkers can read, ``if TYPE_CHECKING: from numpy.typing import NDArray``, is no error in a
    call of the function, and must be none here.

    Parameters
    ----------
    function : callable
        A class stands for its constructor.

    Returns
    -------
    Mapping from str to inspect.Parameter

    Raises
    ------
    TypeError, ValueError
        Not a callable, or one of C without a signature.
    """
    if sys.version_info >= (3, 14):
        import annotationlib

        as_written = annotationlib.Format.FORWARDREF
        return inspect.signature(function, annotation_format=as_written).parameters
    return inspect.signature(function).parameters
