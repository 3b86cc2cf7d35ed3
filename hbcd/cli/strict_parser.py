"""A parser of arguments that raises what is wrong."""

from __future__ import annotations

import argparse
import os
from typing import Any, NoReturn

__all__ = ["StrictParser"]


class StrictParser(argparse.ArgumentParser):
    """Bad arguments are an exception, not a message and an exit."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Raises ValueError."""
        words = message.removeprefix("unrecognized arguments: ")
        if words != message and any(map(os.path.isfile, words.split())):
            message += "; a pattern of several files stands in quotes, such as 'plant/*.csv'"
        raise ValueError(f"{message} (see: {self.prog} --help)")
