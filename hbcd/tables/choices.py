"""What options of a table may be, for messages and for the completion of shells: no imports."""

from __future__ import annotations

from typing import Final

__all__ = ["DATES", "MISSING", "SEPARATOR_NAMES", "TASKS"]

MISSING: Final = ("error", "indicator")  # what may be asked to be done with missing values
DATES: Final = ("error", "features")  # and with dates
TASKS: Final = ("auto", "regression", "classification")  # and what a target is
SEPARATOR_NAMES: Final = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}
