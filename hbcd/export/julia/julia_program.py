"""Computes what a module of Julia says, of the kind that `to_julia` writes, at all points at once.

A number is an array over the points, or one number; a vector has a first axis more, a matrix has
no points.  What Julia refuses, such as a vector plus a number without a dot, is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.julia.julia_reader import JuliaModule, Node

__all__ = ["JuliaProgram", "Matrix", "Tool", "Vector"]

Array = NDArray[Any]


@dataclass
class Vector:
    """Numbers, or texts, in a row: (n, points), or (n, 1) where they are the same for all."""

    values: Array


@dataclass
class Matrix:
    """Numbers, (rows, columns)."""

    values: Array


@dataclass
class Tool:
    """A module of another package that a function is given: what its names stand for."""

    names: dict[str, Callable[..., Any]]


class JuliaProgram:
    """The functions and constants of a text.

    Parameters
    ----------
    text : str

    Raises
    ------
    ValueError
        Text of another kind.
    """

    def __init__(self, text: str) -> None:
        self.module = JuliaModule(text)
        self.constants: dict[str, Any] = {}
        for name, node in self.module.constants.items():
            self.constants[name] = self._value(node, {})

    def run(self, name: str, *given: Any) -> Any:
        """What a function gives for arguments.

        Raises
        ------
        ValueError
            The text is not what Julia computes, or throws.
        """
        function = self.module.functions.get(name)
        if function is None or len(function.parameters) != len(given):
            raise ValueError(f"Julia text: has no function {name} of {len(given)} arguments")
        scope = dict(zip(function.parameters, given, strict=True))
        for kind, *rest in function.body:
            if kind == "return":
                return self._value(rest[0], scope)
            if kind == "set":
                scope[rest[0]] = self._value(rest[1], scope)
            else:
                self._value(rest[0], scope)
        raise ValueError(f"Julia text: {name} returns nothing")

    def _value(self, node: Node, scope: dict[str, Any]) -> Any:
        kind = node[0]
        if kind in ("number", "text"):
            return node[1]
        if kind == "name":
            known = scope if node[1] in scope else self.constants
            if node[1] not in known:
                raise ValueError(f"Julia text: reads {node[1]!r}, which is not there")
            return known[node[1]]
        if kind == "vector":
            return _vector([self._value(one, scope) for one in node[1]])
        if kind == "||":
            return self._checked(node, scope)
        if kind == "?":
            test = np.asarray(self._value(node[1], scope))
            return np.where(test, self._value(node[2], scope), self._value(node[3], scope))
        if kind == "index":
            return self._indexed(node, scope)
        if kind in ("call", "each"):
            given = [self._value(one, scope) for one in node[2]]
            return self._call(node[1], given, scope) if kind == "call" else self._each(node, given)
        if kind == "field":
            raise ValueError("Julia text: a name of a module is not called")
        if kind == "in":
            if node[2][0] != ":":
                raise ValueError("Julia text: asks for a value in what is no range")
            first, last = (self._value(one, scope) for one in node[2][1:])
            return np.isin(self._value(node[1], scope), np.arange(first, last + 1))
        sides = [self._value(one, scope) for one in node[1:]]
        return _joined(kind, sides)

    def _checked(self, node: Node, scope: dict[str, Any]) -> Any:
        """``test || throw(...)``, or the two of it."""
        test = np.asarray(self._value(node[1], scope))
        throws = node[2][0] == "call" and node[2][1] == ("name", "throw")
        if not throws:
            return np.logical_or(test, self._value(node[2], scope))
        if not test.all():
            raise ValueError(f"Julia text: throws {self._value(node[2][2][0][2][0], scope)}")
        return True

    def _indexed(self, node: Node, scope: dict[str, Any]) -> Any:
        held = self._value(node[1], scope)
        if not isinstance(held, Vector):
            raise ValueError("Julia text: takes an element of what is no vector")
        n = len(held.values)
        if node[2][0] == ":":
            first, last = (self._value(one, scope) for one in node[2][1:])
            if not 1 <= first <= last <= n:
                raise ValueError(f"Julia text: reads {first}:{last} of {n} numbers")
            return Vector(held.values[first - 1 : last])
        place = np.asarray(self._value(node[2], scope))
        if place.dtype.kind != "i" or (place < 1).any() or (place > n).any():
            raise ValueError(f"Julia text: reads {place} of {n} numbers")
        if place.ndim:
            return held.values[place - 1, 0]
        found = held.values[int(place) - 1]
        return found[0] if len(found) == 1 else found

    def _call(self, what: Node, given: list[Any], scope: dict[str, Any]) -> Any:
        if what[0] == "field":
            tool = self._value(what[1], scope)
            if not isinstance(tool, Tool) or what[2] not in tool.names:
                raise ValueError(f"Julia text: calls {what[2]!r}, which is not known here")
            return tool.names[what[2]](*given)
        name = what[1]
        if name in self.module.functions:
            return self.run(name, *given)
        if name in VECTORS:
            return VECTORS[name](*given)
        if name not in NUMBERS or any(isinstance(one, (Vector, Matrix)) for one in given):
            raise ValueError(f"Julia text: calls {name!r}, which is not known here")
        return NUMBERS[name](*given)

    def _each(self, node: Node, given: list[Any]) -> Any:
        """A function of every element: ``f.(x)``."""
        name = node[1][1]
        n = {len(one.values) for one in given if isinstance(one, Vector)}
        if len(n) != 1:
            raise ValueError(f"Julia text: {name}. joins vectors of other lengths")
        plain = [one.values if isinstance(one, Vector) else one for one in given]
        if name in self.module.functions:
            return Vector(self.run(name, *plain))
        if name not in NUMBERS:
            raise ValueError(f"Julia text: calls {name!r}, which is not known here")
        return Vector(NUMBERS[name](*plain))


def _vector(values: list[Any]) -> Vector:
    if not values:
        raise ValueError("Julia text: has an empty vector")
    if all(isinstance(one, (int, float, str)) for one in values):
        kinds = {type(one) for one in values}
        return Vector(np.array(values, object if str in kinds else None)[:, np.newaxis])
    rows = np.broadcast_arrays(*(np.asarray(one, np.float64) for one in values))
    stacked = np.stack(rows)
    return Vector(stacked[:, np.newaxis] if stacked.ndim == 1 else stacked)


def _joined(kind: str, sides: list[Any]) -> Any:
    """An operation on numbers, or with a dot on vectors; a matrix times a vector."""
    vectors = [one for one in sides if isinstance(one, Vector)]
    if kind == "*" and isinstance(sides[0], Matrix) and isinstance(sides[1], Vector):
        if sides[0].values.shape[1] != len(sides[1].values):
            raise ValueError("Julia text: multiplies a matrix and a vector of other lengths")
        return Vector(sides[0].values @ sides[1].values)
    if any(isinstance(one, Matrix) for one in sides):
        raise ValueError(f"Julia text: {kind} of a matrix")
    if vectors and not kind.startswith("."):
        raise ValueError(f"Julia text: {kind} of a vector needs a dot")
    if len({len(one.values) for one in vectors}) > 1:
        raise ValueError(f"Julia text: {kind} joins vectors of other lengths")
    plain = [one.values if isinstance(one, Vector) else one for one in sides]
    found = OPERATIONS[kind.removeprefix(".")](*plain)
    return Vector(found) if vectors else found


def _reshaped(values: Vector, rows: int, columns: int) -> Matrix:
    if len(values.values) != rows * columns:
        raise ValueError(f"Julia text: {len(values.values)} numbers are no {rows} x {columns}")
    return Matrix(values.values[:, 0].reshape((rows, columns), order="F"))


def _stacked(*given: Vector) -> Vector:
    points = max(one.values.shape[1] for one in given)
    return Vector(np.concatenate(
        [np.broadcast_to(one.values, (len(one.values), points)) for one in given]
    ))  # fmt: skip


OPERATIONS: dict[str, Callable[..., Any]] = {
    "negative": lambda a: -a, "not": np.logical_not, "+": lambda a, b: a + b,
    "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": np.true_divide, "<": np.less,
    ">": np.greater, "<=": np.less_equal, ">=": np.greater_equal, "==": np.equal,
    "&&": np.logical_and,
}  # fmt: skip
NUMBERS: dict[str, Callable[..., Any]] = {
    "exp": np.exp, "tanh": np.tanh, "abs": np.abs, "expm1": np.expm1, "log1p": np.log1p,
    "max": np.maximum, "min": np.minimum, "isnan": np.isnan, "isfinite": np.isfinite,
    "ifelse": np.where,
}  # fmt: skip
VECTORS: dict[str, Callable[..., Any]] = {
    "length": lambda a: len(a.values), "sum": lambda a: a.values.sum(axis=0),
    "maximum": lambda a: a.values.max(axis=0), "argmax": lambda a: a.values.argmax(axis=0) + 1,
    "reshape": _reshaped, "vcat": _stacked,
}  # fmt: skip
