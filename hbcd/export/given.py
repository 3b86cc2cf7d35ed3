"""Variables that a user gives, in the order of the model's own names."""

from __future__ import annotations

from typing import Any

__all__ = ["by_name"]


def by_name(title: str, given: Any, names: list[str]) -> Any:
    """Values of a mapping in the order of `names`; anything else as it is.

    Parameters
    ----------
    title : str
        What errors begin with.
    given
        With ``items()`` a mapping: by name where its keys are texts, of which a single one may have
        any key, and otherwise in its own order.
    names : list of str

    Raises
    ------
    ValueError
        Texts that are not these names: their order would be a guess.
    """
    if not callable(getattr(given, "items", None)):
        return given
    pairs = dict(given.items())
    if not any(isinstance(key, str) for key in pairs) or (len(pairs) == 1 == len(names)):
        return list(pairs.values())
    wrong = [key for key in pairs if key not in names]
    missing = [name for name in names if name not in pairs]
    if wrong or missing:
        problem = f"has {wrong[0]!r:.60}" if wrong else f"lacks {missing[0]!r:.60}"
        raise ValueError(
            f"{title}: {problem}, must have {', '.join(names)}; or give a list in this order"
        )
    return [pairs[name] for name in names]
