"""What the export to a solver asks of it: variables, linear constraints, functions, read-back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.algebra import Functions
from hbcd.export.record import ExportRecord
from hbcd.utils.public import public

__all__ = ["EmbeddedModel", "SolverTool", "Term", "Values"]

Array = NDArray[Any]
Term = tuple[Any, float]  # a variable and its factor
Values = dict[Hashable, Any]  # of variables, by their keys: (points,) each, or a number


@public
@dataclass(frozen=True)
class EmbeddedModel:
    """A model inside a problem of a solver.

    Attributes
    ----------
    inputs, outputs : dict of str to variables
        Variables of the solver, by the names of the model's inputs and outputs.
    record : ExportRecord
        What was measured and proven.
    """

    inputs: dict[str, Any]
    outputs: dict[str, Any]
    record: ExportRecord


class SolverTool(ABC):
    """A problem of a solver that a model is added to.

    Handles of constraints are what the tool itself gives or needs; `residual` reads a constraint
    back from the problem as the solver has it.

    Attributes
    ----------
    target : str
    functions : Functions
        Of expressions of the tool.
    prefix : str
        Of the names of what is added.
    least : float
        Factors of a smaller magnitude the tool takes as 0.
    has_sets : bool
        Whether it has special ordered sets.
    """

    target: str
    functions: Functions
    prefix: str
    least: float = 0.0
    has_sets: bool = True

    # ---- what is added

    @abstractmethod
    def real(self, name: str, low: float, high: float) -> Any:
        """A new variable."""

    @abstractmethod
    def binary(self, name: str) -> Any:
        """A new variable of 0 and 1."""

    @abstractmethod
    def equal(self, terms: Sequence[Term], constant: float) -> Any:
        """A constraint ``sum of terms + constant == 0``."""

    @abstractmethod
    def at_most(self, terms: Sequence[Term], constant: float) -> Any:
        """A constraint ``sum of terms + constant <= 0``."""

    def exclusive(self, first: Any, second: Any) -> Any:
        """A special ordered set of two variables, of which at most one is not 0.

        Raises
        ------
        ValueError
            The tool has none.
        """
        raise ValueError(f"relu='sos': {self.target} has no special ordered sets")

    @abstractmethod
    def function(self, variable: Any, expression: Any, computed: Any) -> Any:
        """A constraint ``variable == expression``.

        ``computed(values)`` is the same for NumPy, for a tool whose functions cannot be read back.
        """

    def define(
        self, name: str, low: float, high: float, terms: Sequence[Term], constant: float
    ) -> tuple[Any, Any]:
        """A new variable equal to ``sum of terms + constant``, and the handle of that."""
        variable = self.real(name, low, high)
        return variable, self.equal([*terms, (variable, -1.0)], constant)

    def apply(
        self, name: str, low: float, high: float, expression: Any, computed: Any
    ) -> tuple[Any, Any]:
        """A new variable equal to an expression, and the handle of that."""
        variable = self.real(name, low, high)
        return variable, self.function(variable, expression, computed)

    @abstractmethod
    def remove(self) -> None:
        """Takes all that was added out of the problem."""

    # ---- what is there

    @abstractmethod
    def listed(self, given: Any) -> list[Any]:
        """Variables or expressions that a user gives, one by one."""

    @abstractmethod
    def is_variable(self, given: Any) -> bool:
        """Whether something is a variable of the tool."""

    @abstractmethod
    def owns(self, given: Any) -> bool:
        """Whether a variable, or those of an expression as far as they are known, are its own."""

    @abstractmethod
    def reach(self, given: Any, name: str) -> tuple[float, float]:
        """The bounds of what a user gives as an input `name`.

        Raises
        ------
        ValueError
            It is neither a variable nor a linear expression.
        """

    @abstractmethod
    def tie(self, given: Any, variable: Any) -> None:
        """A constraint that an expression that a user gives is equal to a variable."""

    @abstractmethod
    def ends(self, variable: Any) -> tuple[float, float]:
        """The bounds of a variable, infinite where it has none."""

    @abstractmethod
    def key(self, variable: Any) -> Hashable:
        """What names a variable."""

    @abstractmethod
    def residual(self, handle: Any, values: Values) -> Any:
        """Left minus right side of a constraint, as it is read back."""

    def adopted(self, given: Any, name: str, taken: set[Hashable]) -> Any:
        """A variable for what a user gives as an input: itself, or a new one that equals it."""
        low, high = self.reach(given, name)
        if self.is_variable(given) and self.key(given) not in taken:
            return given
        variable = self.real(f"{self.prefix}_{name}", low, high)
        self.tie(given, variable)
        return variable

    def ready(self) -> None:  # noqa: B027
        """Lets what was added be read."""

    def holds_one(self, handle: Any, first: Any, second: Any) -> bool:
        """Whether a special ordered set has these two variables."""
        return False

    def judge(self, values: Values, points: int) -> None:  # noqa: B027
        """Lets the solver itself say whether points fulfil its constraints."""

    @staticmethod
    def reached(
        terms: Sequence[tuple[float, tuple[float, float]]], constant: float
    ) -> tuple[float, float]:
        """Bounds of ``sum of factor * value + constant``, from bounds of the values."""
        low = high = constant
        for factor, ends in terms:
            if factor:
                sides = factor * ends[0], factor * ends[1]
                low, high = low + min(sides), high + max(sides)
        return low, high

    def defined(self, handle: Any, variable: Any, values: Values) -> Any:
        """What a variable must be so that an equation, linear in it with factor ±1, holds."""
        key = self.key(variable)
        at_0 = self.residual(handle, values | {key: 0.0})
        at_1 = self.residual(handle, values | {key: 1.0})
        return -at_0 / np.round(at_1 - at_0)
