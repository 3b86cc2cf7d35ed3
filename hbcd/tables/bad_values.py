"""Errors about a table of the user's: the cell, where it stands, what is wrong, and what to do.

The same error is read by people who call Python and by people who type a command, and what to do is
said in other words to each: `str(error)` speaks of Python, `error.for_command()` of options.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

__all__ = ["BadRowError", "BadValueError", "Remedy", "TableError", "TableWarning"]


@dataclass(frozen=True)
class Remedy:
    """What to do, said to who calls Python and to who types a command.

    Attributes
    ----------
    python, command : str
        ``{column}`` and ``{value}`` are filled in; empty where there is nothing to say.
    """

    python: str
    command: str


DROP: Final = Remedy("leave the column out", "leave the column out (--drop {column})")
CORRECT: Final = Remedy("correct the cell", "correct the cell")
SAME: Final = Remedy("", "")
FILL: Final = Remedy(
    'missing="indicator" fills gaps and adds a feature that marks them',
    "--missing indicator fills gaps and adds a feature that marks them",
)
AS_GAP: Final = Remedy(
    'replace it by NaN where it stands for a missing value, with missing="indicator"',
    "--na {value} --missing indicator where it stands for a missing value",
)
AS_MISSING: Final = Remedy(
    "replace it by NaN where it stands for a missing value",
    "--na {value} where it stands for a missing value",
)
AS_LEVELS: Final = Remedy(
    'frame["{column}"].astype("category") where the cells are names and not numbers',
    "--text {column} where the cells are names and not numbers",
)
AS_CLASSES: Final = Remedy(
    "use HybridClassifier where they are classes", "--task classification where they are classes"
)
AS_NUMBERS: Final = Remedy(
    "use HybridRegressor where they are numbers", "--task regression where they are numbers"
)
UNITS: Final = Remedy(
    "delete the row where it holds the units of the columns",
    "delete the row where it holds the units of the columns",
)
DECIMAL: Final = Remedy(
    'pandas.read_csv(..., decimal=",") or thousands="," reads such numbers',
    "--decimal , or --thousands , says what the comma is",
)
NEW_GAP: Final = Remedy(
    'fill the gap, or fit with missing="indicator" on rows that have gaps in this column',
    "fill the gap, or fit with --missing indicator on rows that have gaps in this column",
)
NO_TARGET: Final = Remedy(
    "leave rows without a known target out", "leave rows without a known target out"
)
NEW_LEVEL: Final = Remedy(
    "leave such rows out, or fit on rows that have it",
    "leave such rows out, or fit on rows that have it",
)
DATES: Final = Remedy(
    'dates="features" makes hour, weekday, day of year and elapsed days of it',
    "--dates features makes hour, weekday, day of year and elapsed days of it",
)
PRECISION: Final = Remedy(
    'correct the cell, or fit with dtype="float64"', "correct the cell, or fit with --dtype float64"
)
ONCE: Final = Remedy("rename one of them", "rename one of them")


def how_written(cell: str) -> tuple[Remedy, ...]:
    """Options that read a number such as 1,234.5 or 1.234,5 or 1 234; none where there are none."""
    head, comma, tail = cell.strip().lstrip("+-").rpartition(",")
    group = next((c for c in head or tail if not c.isdigit()), ",")
    if comma and "." in tail:
        options = {"thousands": ","}
    elif comma and group == ",":
        return (DECIMAL,)
    elif comma:
        options = {"decimal": ",", "thousands": group}
    else:
        options = {"thousands": group}
    if not group.isascii():
        return ()
    python = ", ".join(f'{name}="{mark}"' for name, mark in options.items())
    command = " ".join(f"--{name} {_word(mark)}" for name, mark in options.items())
    end = "reads such numbers"
    return (Remedy(f"pandas.read_csv(..., {python}) {end}", f"{command} {end}"),)


class TableWarning(UserWarning):
    """Something in a table that is taken as it is, but may not be meant so.

    Attributes
    ----------
    what : str
    remedy : Remedy
    """

    def __init__(self, what: str, remedy: Remedy = SAME) -> None:
        self.what, self.remedy = what, remedy
        super().__init__(what + remedy.python)

    def for_command(self) -> str:
        """The same to who types a command."""
        return self.what + self.remedy.command


class TableError(ValueError):
    """A table that cannot be taken: what is wrong with a column, and what to do.

    Attributes
    ----------
    what : str
        The column and the rule, without a remedy.
    remedies : tuple of Remedy
    column, value : str
        What is filled into them.
    """

    def __init__(self, what: str, *remedies: Remedy, column: Any = "", value: str = "") -> None:
        self.what, self.remedies = what, remedies
        self.column, self.value = str(column), value
        super().__init__(self._in_python())

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self.args, self.__dict__)

    def _in_python(self) -> str:
        return self._said([r.python for r in self.remedies], self.column, self.value)

    def for_command(self) -> str:
        """The same to who types a command."""
        words = _word(self.column), _word(self.value)
        return self._said([remedy.command for remedy in self.remedies], *words)

    def _said(self, remedies: list[str], column: str, value: str) -> str:
        filled = [text.format(column=column, value=value) for text in remedies if text]
        return self.sentence() + (f"; to mend it: {', or '.join(filled)}" if filled else "")

    def sentence(self) -> str:
        """What is wrong."""
        return self.what


class BadValueError(TableError):
    """A cell that cannot be taken.

    Attributes
    ----------
    rule : str
        What is wrong with it.
    shown : str
        The cell, as a message shows it.
    row : int
        Its position from 0, below the header.
    where : str
        The same, said.
    """

    def __init__(
        self,
        column: Any,
        value: Any,
        rule: str,
        row: int,
        label: Any,
        *remedies: Remedy,
    ) -> None:
        self.rule, self.row = rule, row
        self.shown = repr(value) if isinstance(value, str) else str(value)
        self.where = f"row label {label!s}"
        super().__init__("", *remedies, column=column, value=str(value))

    def sentence(self) -> str:
        """What is wrong, and where."""
        return f"{self.column}={self.shown}: {self.rule} ({self.where})"

    def moved(self, row: int, where: str, cell: str | None = None) -> BadValueError:
        """The same cell as it stands in a file.

        Parameters
        ----------
        row : int
            Its position from 0 below the header of the whole table.
        where : str
            The place, said.
        cell : str, optional
            What stands there; None: what is known already.
        """
        made: BadValueError = _restore(type(self), self.args, {**self.__dict__})
        made.row, made.where = row, where
        if cell is not None:
            made.shown, made.value = (repr(cell), cell) if cell else ("(empty)", cell)
        made.args = (made._in_python(),)
        return made


class BadRowError(BadValueError):
    """A row that cannot be taken, because of no cell in particular."""

    def __init__(self, rule: str, row: int, label: Any) -> None:
        super().__init__("X", "", rule, row, label)

    def sentence(self) -> str:
        """What is wrong, and where."""
        return f"X: {self.where}: {self.rule}"


def _word(text: str) -> str:
    """A value as one word of a command line."""
    plain = text and all(c.isalnum() or c in "-_.,%/+#" for c in text)
    return text if plain else "'" + text.replace("'", "'\\''") + "'"


def _restore(kind: Any, args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    made = kind.__new__(kind)
    made.args = args
    made.__dict__.update(state)
    return made
