"""Computes what C text of the kind that `to_c` writes says: no compiler is needed.

Independent of the writer: it knows C's expressions, arrays, `for` and `return` alone, and nothing
of networks.  All points are computed at once, each number being an array over them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.c.c_syntax import CSource, number_type

__all__ = ["CProgram"]

Array = NDArray[Any]
Node = Any


@dataclass
class _View:
    """A pointer: an array and where in it."""

    array: Any
    start: int = 0


class CProgram(CSource):
    """The functions of a C text, to be called.

    Parameters
    ----------
    text : str

    Raises
    ------
    ValueError
        Text of another kind.
    """

    def run(self, name: str, *given: Any) -> Any:
        """Calls a function.

        Parameters
        ----------
        name : str
        *given
            A list for each array, a number or an array over the points for each number.

        Returns
        -------
        Any
            What it returns; lists are changed as the function changes its arrays.
        """
        if name not in self.functions:
            raise ValueError(f"C text: has no function {name!r}")
        function = self.functions[name]
        scope = dict(zip(function.parameters, given, strict=True))
        with np.errstate(all="ignore"):
            return self._run_all(function.body, scope)

    def _run_all(self, body: list[Node], scope: dict[str, Any]) -> Any:
        for statement in body:
            kind = statement[0]
            if kind == "return":
                return self._value(statement[1], scope)
            if kind == "for":
                _, name, first, end, block = statement
                for k in range(self._value(first, scope), self._value(end, scope)):
                    scope[name] = k
                    self._run_all(block, scope)
            elif kind == "array":
                scope[statement[1]] = [np.nan] * statement[2]
            elif kind == "declare":
                scope[statement[1]] = (
                    None if statement[3] is None else self._value(statement[3], scope)
                )
            elif kind == "call":
                self._value(statement[1], scope)
            else:
                self._assign(statement[1], self._value(statement[2], scope), scope)
        return None

    def _assign(self, target: Node, value: Any, scope: dict[str, Any]) -> None:
        if target[0] == "name":
            scope[target[1]] = value
            return
        view = self._view(target[1], scope)
        at = view.start + self._value(target[2], scope)
        if not 0 <= at < len(view.array) or isinstance(view.array, np.ndarray):
            raise ValueError(f"C text: writes to {target[1]}[{at}]")
        view.array[at] = value

    def _view(self, name: str, scope: dict[str, Any]) -> _View:
        found = scope[name] if name in scope else self.constants.get(name)
        if found is None:
            raise ValueError(f"C text: reads {name!r}, which is not there")
        return found if isinstance(found, _View) else _View(found)

    def _value(self, node: Node, scope: dict[str, Any]) -> Any:
        kind = node[0]
        if kind == "number":
            return node[1]
        if kind == "name":
            if node[1] in LIMITS:
                return LIMITS[node[1]]
            return scope[node[1]] if node[1] in scope else self._view(node[1], scope)
        if kind == "index":
            view = self._view(node[1], scope)
            return view.array[view.start + self._value(node[2], scope)]
        if kind == "run":
            return self.run(node[1], *(self._value(one, scope) for one in node[2]))
        if kind == "address":
            view = self._view(node[1][1], scope)
            return _View(view.array, view.start + self._value(node[1][2], scope))
        if kind == "?":
            test = self._value(node[1], scope)
            return np.where(test, self._value(node[2], scope), self._value(node[3], scope))
        if kind == "cast":
            value = self._value(node[2], scope)
            if node[1] == "int":
                return np.nan_to_num(np.trunc(value)).astype(np.int64)
            return number_type(node[1])(value)
        return OPERATIONS[kind](*(self._value(one, scope) for one in node[1:]))


def _divide(a: Any, b: Any) -> Any:
    whole = all(np.asarray(side).dtype.kind == "i" for side in (a, b))
    return a // b if whole else np.true_divide(a, b)


LIMITS = {"DBL_MAX": np.finfo(np.float64).max, "FLT_MAX": np.finfo(np.float32).max}  # of float.h
OPERATIONS: dict[str, Callable[..., Any]] = {
    "negative": np.negative, "not": np.logical_not, "+": lambda a, b: a + b,
    "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": _divide, "%": lambda a, b: a % b,
    "<": np.less, ">": np.greater, "<=": np.less_equal, ">=": np.greater_equal,
    "==": np.equal, "!=": np.not_equal, "&&": np.logical_and, "||": np.logical_or,
}  # fmt: skip
