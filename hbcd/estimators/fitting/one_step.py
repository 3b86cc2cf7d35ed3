"""A model changes as a whole or not at all."""

from __future__ import annotations

from typing import Any, TypeVar

__all__ = ["become", "twin_of"]

Model = TypeVar("Model")


def twin_of(model: Model) -> Model:
    """A model with the same attributes, to change in the place of the model.

    Where something fails before `become`, the model is as it was, and another thread never sees
    half of a change.

    Parameters
    ----------
    model : object

    Returns
    -------
    object
    """
    twin: Model = object.__new__(type(model))
    vars(twin).update(vars(model))
    return twin


def become(model: Any, twin: Any) -> None:
    """Gives the attributes of a twin to the model, in one step that needs no memory.

    Parameters
    ----------
    model, twin : object
        The twin is of no other use then.
    """
    model.__dict__ = vars(twin)
