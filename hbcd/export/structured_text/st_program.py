"""Computes what a function block of Structured Text says, at all points at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.structured_text.st_reader import Declared, Node, StructuredText, number_type

__all__ = ["FunctionBlock"]

Array = NDArray[Any]
FUNCTIONS: dict[str, Callable[[Any], Any]] = {"ABS": np.abs, "EXP": np.exp, "LN": np.log}
OPERATIONS: dict[str, Callable[..., Any]] = {
    "negative": lambda a: -a, "not": np.logical_not, "+": lambda a, b: a + b,
    "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": np.true_divide,
    "<": lambda a, b: a < b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b, "=": lambda a, b: a == b, "<>": lambda a, b: a != b,
    "AND": np.logical_and, "OR": np.logical_or,
}  # fmt: skip


class FunctionBlock:
    """A function block that can be called, as a controller does.

    Parameters
    ----------
    text : str

    Raises
    ------
    ValueError
        Text of another kind.
    """

    def __init__(self, text: str) -> None:
        self.source = StructuredText(text)

    def constants(self) -> dict[str, Array]:
        """The initial values of arrays, in their type."""
        return {
            name: np.array(one.initial, number_type(one.kind))
            for name, one in self.source.variables.items()
            if one.initial is not None and one.count is not None
        }

    def run(self, inputs: dict[str, Array]) -> dict[str, Array]:
        """One call for every point.

        Parameters
        ----------
        inputs : dict of str to ndarray of shape (points,)

        Returns
        -------
        dict of str to ndarray of shape (points,)
            The outputs.

        Raises
        ------
        ValueError
            The text mixes types, or leaves an array.
        FloatingPointError
            A number overflows.
        """
        wanted = [n for n, one in self.source.variables.items() if one.section == "VAR_INPUT"]
        if sorted(wanted) != sorted(inputs):
            raise ValueError(f"structured text: has the inputs {', '.join(wanted)}")
        points = len(next(iter(inputs.values())))
        scope = {name: _first(one) for name, one in self.source.variables.items()}
        for name, values in inputs.items():
            scope[name] = values.astype(number_type(self.source.variables[name].kind))
        with np.errstate(over="raise", divide="raise", invalid="raise"):
            self._run(self.source.body, scope, None)
        return {
            name: np.broadcast_to(scope[name], points)
            for name, one in self.source.variables.items()
            if one.section == "VAR_OUTPUT"
        }

    def _run(self, body: list[Node], scope: dict[str, Any], where: Array | None) -> None:
        """Runs statements at the points of a mask; None is all of them."""
        for statement in body:
            if statement[0] == "set":
                self._assign(statement[1], self._value(statement[2], scope), scope, where)
            elif statement[0] == "for":
                _, name, first, last, block = statement
                for k in range(self._value(first, scope), self._value(last, scope) + 1):
                    scope[name] = k
                    self._run(block, scope, where)
            else:
                test = np.asarray(self._value(statement[1], scope))
                if test.dtype != np.bool_:
                    raise ValueError("structured text: IF asks what is no BOOL")
                for mask, block in ((test, statement[2]), (~test, statement[3])):
                    here = mask if where is None else mask & where
                    if block and here.any():
                        self._run(block, scope, None if here.all() else here)

    def _assign(self, target: Node, value: Any, scope: dict[str, Any], where: Any) -> None:
        name = target[1]
        declared = self.source.variables.get(name)
        if declared is None or declared.initial is not None or declared.section == "VAR_INPUT":
            raise ValueError(f"structured text: writes to {name}")
        kind = number_type(declared.kind)
        if isinstance(value, int) and declared.kind == "DINT":
            value = kind(value)
        if np.asarray(value).dtype != kind:
            raise ValueError(f"structured text: {name} is {declared.kind}, its new value is not")
        if declared.count is None:
            scope[name] = value if where is None else np.where(where, value, scope[name])
            return
        held, at = scope[name], self._value(target[2], scope)
        if not 0 <= at < declared.count:
            raise ValueError(f"structured text: writes to {name}[{at}]")
        held[at] = value if where is None else np.where(where, value, held[at])

    def _value(self, node: Node, scope: dict[str, Any]) -> Any:
        kind = node[0]
        if kind == "number":
            return node[1]
        if kind == "name":
            if node[1] not in scope:
                raise ValueError(f"structured text: reads {node[1]!r}, which is not declared")
            return scope[node[1]]
        if kind == "index":
            held, at = scope[node[1]], self._value(node[2], scope)
            if not 0 <= at < len(held):
                raise ValueError(f"structured text: reads {node[1]}[{at}]")
            return held[at]
        if kind == "call":
            return FUNCTIONS[node[1]](self._value(node[2], scope))
        sides = [self._value(one, scope) for one in node[1:]]
        if len({np.asarray(side).dtype for side in sides}) > 1:
            raise ValueError(f"structured text: {kind} joins two types")
        return OPERATIONS[kind](*sides)


def _first(one: Declared) -> Any:
    """What stands in a variable before the first call."""
    kind = number_type(one.kind)
    if one.count is None:
        return kind(0) if one.initial is None else kind(one.initial[0])
    if one.initial is None:
        return [kind(0)] * one.count
    return list(np.array(one.initial, kind))
