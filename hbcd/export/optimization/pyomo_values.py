"""Expressions of Pyomo computed by NumPy, for many points at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.packages import needed

__all__ = ["Values"]

Array = NDArray[Any]
UNARY = {"tanh": np.tanh, "exp": np.exp, "log": np.log}


class Values:
    """Values of variables, (points,) each, and of expressions of them.

    Pyomo itself takes milliseconds for each point; and it computes what is common to two branches
    twice, here once.
    """

    def __init__(self) -> None:
        self.nodes = needed("pyomo.core.expr.numeric_expr", "pyomo")
        self.known: dict[int, Any] = {}
        self.done: dict[int, Any] = {}

    def set(self, variable: Any, values: Any) -> None:
        """Gives values to a variable."""
        self.known[id(variable)] = values

    def get(self, variable: Any) -> Any:
        """The values of a variable."""
        return self.known[id(variable)]

    def of(self, expression: Any) -> Any:
        """The values of an expression."""
        self.done = {}
        return self._of(expression)

    def defined(self, constraint: Any, variable: Any) -> Any:
        """What a variable must be so that an equation holds, linear in it with coefficient ±1."""
        right = float(constraint.upper)
        self.set(variable, 0.0)
        at_0 = self.of(constraint.body) - right
        self.set(variable, 1.0)
        at_1 = self.of(constraint.body) - right
        values = -at_0 / np.round(at_1 - at_0)
        self.set(variable, values)
        return values

    def _of(self, node: Any) -> Any:
        if not hasattr(node, "is_expression_type"):
            return node
        if id(node) in self.known:
            return self.known[id(node)]
        if not node.is_expression_type():
            return float(node.value)
        if id(node) in self.done:
            return self.done[id(node)]
        nodes = self.nodes
        found = self._combined(node, [self._of(one) for one in node.args])
        if isinstance(node, (nodes.SumExpression, nodes.UnaryFunctionExpression)):
            self.done[id(node)] = found
        return found

    def _combined(self, node: Any, values: list[Any]) -> Any:
        nodes = self.nodes
        if isinstance(node, nodes.SumExpression):
            return sum(values)
        if isinstance(node, nodes.ProductExpression):  # also of a number and a variable
            return values[0] * values[1]
        if isinstance(node, nodes.DivisionExpression):
            return values[0] / values[1]
        if isinstance(node, nodes.NegationExpression):
            return -values[0]
        if isinstance(node, nodes.AbsExpression):
            return np.abs(values[0])
        if isinstance(node, nodes.UnaryFunctionExpression):
            return UNARY[node.getname()](values[0])
        raise TypeError(f"{type(node).__name__}: is no operation that an export makes")
