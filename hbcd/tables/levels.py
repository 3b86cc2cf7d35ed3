"""Levels and classes are compared as they are written.

``01`` and ``1`` in a file are two levels.  What is no text was read by somebody else, who may have
lost how it was written (``01`` read by pandas alone is the number 1, ``TRUE`` the truth value
True): it is compared by its value where no level is written like it, and one level alone has that
value.  So are the words true and false in any case, and whole numbers with ``.0``, which is how a
column of whole numbers with a gap is written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.tables.kinds import PLAIN

__all__ = ["codes_and_texts", "level_places", "level_text"]

TRUTH: Final = ("true", "false")
WHOLE: Final = re.compile(r"([+-]?\d+)\.0+")


def level_text(value: Any) -> str:
    """Level as text; 1.0 reads as 1, which is what an integer column with gaps once was."""
    if isinstance(value, (float, np.floating)) and float(value).is_integer():
        return str(int(value))
    return str(value)


def codes_and_texts(column: pd.Series) -> tuple[NDArray[np.intp], list[str]]:
    """Give each row's code, -1 for missing, and each code's level as text."""
    codes, values = _codes(column)
    return codes, [level_text(value) for value in values]


def level_places(column: pd.Series, levels: Sequence[str]) -> tuple[NDArray[np.intp], list[int]]:
    """Give each row's code, -1 for missing, and each code's place among the levels, -1 for none."""
    codes, values = _codes(column)
    place = {level: k for k, level in enumerate(levels)}
    by_value: dict[str, int] = {}
    for level, k in place.items():
        key = _value(level)
        by_value[key] = -1 if key in by_value else k
    return codes, [_place(value, place, by_value) for value in values]


def _place(value: Any, place: dict[str, int], by_value: dict[str, int]) -> int:
    text = level_text(value)
    if text in place:
        return place[text]
    if not isinstance(value, str) or text.casefold() in TRUTH:
        return by_value.get(_value(text), -1)
    whole = WHOLE.fullmatch(text)
    return place.get(whole[1], -1) if whole else -1


def _value(text: str) -> str:
    """The same for texts of one value."""
    if PLAIN.fullmatch(text):
        return repr(float(text))
    return text.casefold() if text.casefold() in TRUTH else text


def _codes(column: pd.Series) -> tuple[NDArray[np.intp], Any]:
    try:
        codes, values = pd.factorize(column)
    except TypeError as error:
        raise ValueError(f"{column.name}: must hold numbers or texts ({error})") from error
    return codes, values
