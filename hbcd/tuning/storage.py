"""What a search has found so far, in a file from which it goes on: JSON, one line a fit."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from hbcd.tuning.fits import FitResult
from hbcd.utils.atomic_files import replace_file

__all__ = ["Storage"]

FORMAT = 1
Key = tuple[int, int, int]


class Storage:
    """The results of a search, in a file where there is to be one.

    The file is replaced as a whole after every fit, so that it is never half written.

    Parameters
    ----------
    path : str, path or None
        None: results are kept in memory alone.

    Raises
    ------
    ValueError
        Something else is in the file.
    """

    def __init__(self, path: str | os.PathLike[str] | None) -> None:
        self.path = None if path is None else Path(path).expanduser()
        self.about: dict[str, Any] = {}
        self.results: dict[Key, FitResult] = {}
        self._lines: list[str] = []
        if self.path is None:
            return
        if self.path.is_dir():
            raise ValueError(f"storage={path}: must be a file, there is a folder of this name")
        if not self.path.absolute().parent.is_dir():
            raise ValueError(f"storage={path}: must be in a folder that exists")
        if self.path.exists():
            self._read(self.path)

    def begin(self, about: dict[str, Any]) -> None:
        """What the search is; ValueError where the file holds results of another one.

        Parameters
        ----------
        about : dict
            JSON types; all of it must be as it was.
        """
        if not self._lines:
            self.about = about
            self._lines.append(json.dumps({"hbcd_tune": FORMAT, **about}))
            self._write()
            return
        for name, value in about.items():
            if self.about.get(name) != value:
                was = f"{self.about.get(name)!r}, here {value!r}"
                what = f"{name} was {was}" if len(was) < 120 else f"{name} was another one"
                raise ValueError(
                    f"storage={self.path}: holds another search, {what}; name another file"
                )

    def add(self, key: Key, candidate: dict[str, str], result: FitResult) -> None:
        """Keeps a result.

        Parameters
        ----------
        key : (trial, rung, split)
        candidate : dict
            As text, for readers.
        result : FitResult
        """
        self.results[key] = result
        if self.path is not None:
            line = {"trial": key[0], "rung": key[1], "split": key[2], "parameters": candidate,
                    **result.to_dict()}  # fmt: skip
            self._lines.append(json.dumps(line))
            self._write()

    def _read(self, path: Path) -> None:
        wrong = f"storage={path}: must be a file that hbcd.tune has written"
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
            about, *found = [json.loads(line) for line in lines]
            version = about.pop("hbcd_tune")
            for line in found:
                key = tuple(int(line.pop(name)) for name in ("trial", "rung", "split"))
                line.pop("parameters")
                curve = [(float(work), float(loss)) for work, loss in line.pop("curve")]
                self.results[key] = FitResult(**line, curve=curve)  # type: ignore[index]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{wrong}: {type(error).__name__}: {error}") from None
        if version != FORMAT:
            raise ValueError(f"{wrong} in format {FORMAT}, not {version!r}")
        self.about, self._lines = about, lines

    def _write(self) -> None:
        if self.path is not None:
            replace_file(self.path, [("\n".join(self._lines) + "\n").encode()])
