"""Computes formulas of a workbook, of the kind that `to_excel` writes, at many points at once.

Independent of the writer: it knows references, operators and functions of spreadsheets, and nothing
of networks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Calculation", "parsed"]

Array = NDArray[Any]
Node = Any  # nested tuples: (kind, ...)
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:E[+-]?\d+)?)|(?P<text>\"(?:[^\"]|\"\")*\")|"
    r"(?P<reference>(?:\w+!)?\$?[A-Z]{1,3}\$?\d+(?::\$?[A-Z]{1,3}\$?\d+)?)(?![\w(])|"
    r"(?P<name>[A-Z]+)(?=\()|(?P<sign><=|>=|<>|[-+*/&<>=(),]))"
)
LEVELS = (("=", "<>", "<", ">", "<=", ">="), ("&",), ("+", "-"), ("*", "/"))
PLACE = re.compile(r"\$?([A-Z]+)\$?(\d+)")


def parsed(text: str) -> Node:
    """A formula as nested tuples.

    Raises
    ------
    ValueError
        Text of another kind.
    """
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"formula: cannot be read at {text[at : at + 20]!r}")
        kind = match.lastgroup or ""
        tokens.append((kind, match[kind]))
        at = match.end()
    reader = _Reader(tokens)
    found = reader.expression()
    if reader.place != len(tokens):
        raise ValueError(f"formula: goes on after its end: {text!r}")
    return found


class _Reader:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.place = tokens, 0

    def peek(self) -> str:
        return self.tokens[self.place][1] if self.place < len(self.tokens) else ""

    def take(self, wanted: str) -> bool:
        if self.peek() == wanted:
            self.place += 1
            return True
        return False

    def need(self, wanted: str) -> None:
        if not self.take(wanted):
            raise ValueError(f"formula: has {self.peek() or 'its end'!r}, must have {wanted!r}")

    def expression(self, level: int = 0) -> Node:
        if level == len(LEVELS):
            return self.unary()
        found = self.expression(level + 1)
        while self.peek() in LEVELS[level]:
            sign = self.peek()
            self.place += 1
            found = (sign, found, self.expression(level + 1))
        return found

    def unary(self) -> Node:
        if self.take("-"):
            return ("negative", self.unary())
        if self.take("("):
            found = self.expression()
            self.need(")")
            return found
        if self.place == len(self.tokens):
            raise ValueError("formula: ends where a value is")
        kind, word = self.tokens[self.place]
        self.place += 1
        if kind == "number":
            return ("number", float(word))
        if kind == "text":
            return ("text", word[1:-1].replace('""', '"'))
        if kind == "reference":
            sheet, _, place = word.rpartition("!")
            return ("range" if ":" in place else "cell", sheet, place.replace("$", ""))
        if kind != "name":
            raise ValueError(f"formula: has {word!r} where a value is")
        self.need("(")
        given = [self.expression()]
        while self.take(","):
            given.append(self.expression())
        self.need(")")
        return ("call", word, given)


class Calculation:
    """Values of cells, each computed once.

    Parameters
    ----------
    sheets : dict of str to dict
        Of every sheet its cells by name, such as "B7": a number, a text, or a tuple
        ``("=", formula)``.
    inputs : dict of (str, str) to ndarray
        Values over the points in place of cells: numbers, NaN being an empty cell, or texts, None
        being one.
    """

    def __init__(self, sheets: dict[str, dict[str, Any]], inputs: dict[Any, Array]) -> None:
        self.sheets, self.inputs = sheets, inputs
        self._known: dict[tuple[str, str], Any] = {}
        self._open: set[tuple[str, str]] = set()  # cells that are being computed
        self._ranges: dict[tuple[str, str], list[Any]] = {}

    def cell(self, sheet: str, place: str) -> Any:
        """The value of a cell: a number, a text, None where it is empty, or an array of these."""
        key = sheet, place
        if key in self.inputs:
            return self.inputs[key]
        if key not in self._known:
            if sheet not in self.sheets:
                raise ValueError(f"workbook: has no sheet {sheet!r}")
            value = self.sheets[sheet].get(place)
            if isinstance(value, tuple):
                if key in self._open:
                    raise ValueError(f"formula: {sheet}!{place} refers to itself")
                self._open.add(key)
                value = self._value(parsed(value[1]), sheet)
            self._known[key] = value
        return self._known[key]

    def range(self, sheet: str, place: str) -> list[Any]:
        """The values of the cells of a row of cells."""
        key = sheet, place
        if key not in self._ranges:
            ends = [PLACE.fullmatch(side) for side in place.split(":")]
            if any(end is None for end in ends):
                raise ValueError(f"formula: has the range {place!r}")
            (first, row), (last, same) = (end.groups() for end in ends if end is not None)
            if row != same:
                raise ValueError(f"formula: has the range {place!r}, must be one row")
            columns = range(_number(first), _number(last) + 1)
            self._ranges[key] = [self.cell(sheet, f"{_name(k)}{row}") for k in columns]
        return self._ranges[key]

    def _value(self, node: Node, sheet: str) -> Any:
        kind = node[0]
        if kind in ("number", "text"):
            return node[1]
        if kind == "cell":
            return self.cell(node[1] or sheet, node[2])
        if kind == "range":
            return self.range(node[1] or sheet, node[2])
        if kind != "call":
            sides = [self._value(one, sheet) for one in node[1:]]
            return OPERATIONS[kind](*sides)
        name, given = node[1], node[2]
        if name == "IF":
            return self._chosen(given, sheet)
        if name not in FUNCTIONS:
            raise ValueError(f"formula: calls {name}, which is not known here")
        return FUNCTIONS[name](*(self._value(one, sheet) for one in given))

    def _chosen(self, given: list[Node], sheet: str) -> Any:
        """IF, which computes what it gives alone."""
        test = np.asarray(self._value(given[0], sheet))
        if test.all():
            return self._value(given[1], sheet)
        if not test.any():
            return self._value(given[2], sheet)
        sides = [self._value(one, sheet) for one in given[1:]]
        if any(np.asarray(side).dtype.kind in "OU" for side in sides):
            sides = [np.asarray(side, dtype=object) for side in sides]
        return np.where(test, *sides)


def _name(column: int) -> str:
    found = ""
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def _number(name: str) -> int:
    found = 0
    for letter in name:
        found = 26 * found + ord(letter) - 64
    return found


def _is_blank(value: Any) -> Any:
    array = np.asarray(value)
    if array.dtype.kind == "O":
        return np.array([one is None for one in array.ravel()]).reshape(array.shape)
    return np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)


def _is_number(value: Any) -> Any:
    array = np.asarray(value)
    return ~np.isnan(array) if array.dtype.kind == "f" else np.zeros(array.shape, bool)


def _products(*ranges: list[Any]) -> Any:
    """The sum of products of cells of the same place; a cell alone is a range of one."""
    ranges = tuple(one if isinstance(one, list) else [one] for one in ranges)
    if len({len(one) for one in ranges}) != 1:
        raise ValueError("formula: SUMPRODUCT has ranges of other lengths")
    total: Any = 0.0
    for sides in zip(*ranges, strict=True):
        product = sides[0]
        for side in sides[1:]:
            product = product * side
        total = total + product
    return total


def _extreme(fold: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def function(*given: Any) -> Any:
        cells = [one for side in given for one in (side if isinstance(side, list) else [side])]
        found = cells[0]
        for one in cells[1:]:
            found = fold(found, one)
        return found

    return function


def _match(wanted: Any, cells: list[Any], kind: float) -> Any:
    """The place, from 1, of the first cell that equals a value; 0 where none does."""
    if kind != 0.0:
        raise ValueError("formula: MATCH must ask for equality")
    found: Any = np.zeros(np.broadcast(wanted, *cells).shape)
    for place in range(len(cells), 0, -1):
        found = np.where(np.equal(cells[place - 1], wanted), float(place), found)
    return found


def _index(cells: list[Any], row: float, place: Any) -> Any:
    if row != 1.0:
        raise ValueError("formula: INDEX must ask for row 1")
    return np.array(cells, dtype=object)[np.asarray(place, int) - 1]


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ABS": np.abs, "EXP": np.exp, "LN": np.log, "TANH": np.tanh,
    "ISBLANK": _is_blank, "ISNUMBER": _is_number, "OR": np.logical_or, "AND": np.logical_and,
    "EXACT": lambda a, b: np.equal(np.asarray(a, object), b).astype(bool),
    "SUM": _extreme(lambda a, b: a + b), "MAX": _extreme(np.maximum), "MIN": _extreme(np.minimum),
    "COUNTA": lambda cells: sum(1 - _is_blank(one).astype(int) for one in cells),
    "SUMPRODUCT": _products, "MATCH": _match, "INDEX": _index,
}  # fmt: skip
OPERATIONS: dict[str, Callable[..., Any]] = {
    "negative": lambda a: -a, "+": lambda a, b: a + b, "-": lambda a, b: a - b,
    "*": lambda a, b: a * b, "/": np.true_divide, "<": np.less, ">": np.greater,
    "<=": np.less_equal, ">=": np.greater_equal, "=": np.equal, "<>": np.not_equal,
    "&": lambda a, b: np.asarray(a, object) + np.asarray(b, object),
}  # fmt: skip
