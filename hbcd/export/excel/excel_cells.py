"""What stands in the cells of a workbook, before there is a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

__all__ = ["Cells", "Formula", "ModelSheet", "letters"]

Array = NDArray[Any]
FIRST = 3  # the column that the numbers of a row of the sheet "Model" begin in


class Formula(str):
    """The text of a formula, without the sign that it begins with."""


@dataclass
class Cells:
    """Cells of a sheet by row and column, from 1: numbers, texts and formulas."""

    found: dict[tuple[int, int], Any] = field(default_factory=dict)

    def put(self, row: int, column: int, *values: Any) -> None:
        """Values side by side."""
        for k, value in enumerate(values):
            self.found[row, column + k] = value


class ModelSheet:
    """The sheet of a model's numbers: a row for each array, and one for each neuron.

    Attributes
    ----------
    cells : Cells
    rows : dict of str to int
        The row of every array.
    """

    def __init__(self) -> None:
        self.cells = Cells()
        self.rows: dict[str, int] = {}
        self._next = 3
        self.cells.put(1, 1, "Numbers of the model: change none of them.")

    def add(self, name: str, values: Any) -> None:
        """A row of numbers or texts."""
        self.rows[name] = self._next
        self.cells.put(self._next, 1, name)
        self.cells.put(self._next, FIRST, *values)
        self._next += 1

    def add_neurons(self, name: str, weights: Array, biases: Array) -> None:
        """A row for each column of weights (n_in, n_out): its bias and then its weights."""
        self.rows[name] = self._next
        for k, bias in enumerate(biases):
            self.cells.put(self._next, 1, f"{name}, neuron {k + 1}", float(bias))
            self.cells.put(self._next, FIRST, *weights[:, k].tolist())
            self._next += 1

    def one(self, name: str, k: int) -> str:
        """A reference to number `k` of an array."""
        return f"Model!${letters(FIRST + k)}${self.rows[name]}"

    def several(self, name: str, n: int, start: int = 0) -> str:
        """A reference to `n` numbers of an array."""
        row = self.rows[name]
        last = letters(FIRST + start + n - 1)
        return f"Model!${letters(FIRST + start)}${row}:${last}${row}"

    def neuron(self, name: str, k: int, n: int) -> tuple[str, str]:
        """References to the weights of neuron `k` and to its bias."""
        row = self.rows[name] + k
        last = letters(FIRST + n - 1)
        return f"Model!${letters(FIRST)}${row}:${last}${row}", f"Model!$B${row}"


def letters(column: int) -> str:
    """The name of a column, from 1: A, B, ... Z, AA."""
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found
