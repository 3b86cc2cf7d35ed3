"""A model, an objective and constraints as functions of numbers between 0 and 1."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.design.constraints import Constraint
from hbcd.design.objective import Objective
from hbcd.estimators.derivatives.smooth_predictions import SmoothPredictions

__all__ = ["BoxPart", "Point", "ScaledProblem", "spread_of"]

Array = NDArray[np.float64]


def spread_of(values: Array) -> Array:
    """How far values lie apart along the first axis; 1 where they do not."""
    apart = np.asarray(values.max(axis=0) - values.min(axis=0))
    return np.where(apart > 0, apart, 1.0)


@dataclass(frozen=True)
class Point:
    """What a problem is at u, all of it scaled.

    Attributes
    ----------
    f : float
    gradient : ndarray of shape (variables,)
    c : ndarray of shape (constraints,)
    jacobian : ndarray of shape (constraints, variables)
    """

    f: float
    gradient: Array
    c: Array
    jacobian: Array


@dataclass(frozen=True)
class BoxPart:
    """A box of features; u from 0 to 1 are what varies in it.

    Attributes
    ----------
    lo, hi : ndarray of shape (features,)
    """

    lo: Array
    hi: Array

    @cached_property
    def variables(self) -> NDArray[np.intp]:
        """The features that vary."""
        return np.flatnonzero(self.lo < self.hi)

    @cached_property
    def width(self) -> Array:
        """Of what varies."""
        return np.asarray((self.hi - self.lo)[self.variables])

    def features(self, u: Array) -> Array:
        """Features (rows, features) at u (rows, variables); ends are met to the bit."""
        found = np.repeat(self.lo[np.newaxis], len(u), axis=0)
        v = self.variables
        inside = np.clip(self.lo[v] + u * self.width, self.lo[v], self.hi[v])
        found[:, v] = np.where(u >= 1, self.hi[v], inside)
        return found


@dataclass
class ScaledProblem:
    """What is minimized under constraints in one box of features.

    Attributes
    ----------
    part : BoxPart
    predictions : SmoothPredictions
    objective : Objective
    constraints : list of Constraint
    f_scale : float
        What the objective is divided by.
    c_scale : float or ndarray of shape (constraints,)
        What the constraints are divided by.
    evaluations : int
        Calls of `at` until now.
    """

    part: BoxPart
    predictions: SmoothPredictions
    objective: Objective
    constraints: list[Constraint]
    f_scale: float = 1.0
    c_scale: Any = 1.0
    evaluations: int = 0

    @property
    def limits(self) -> tuple[Array, Array]:
        """Scaled limits of the constraints, (constraints,) each."""
        least = np.array([one.least for one in self.constraints])
        most = np.array([one.most for one in self.constraints])
        return least / self.c_scale, most / self.c_scale

    def values(self, u: Array) -> tuple[Array, Array]:
        """Of rows of u: objectives (rows,) and constraints (rows, constraints), unscaled."""
        x = self.part.features(u)
        p = self.predictions.values(x)
        f = np.array([self.objective.function(row)[0] for row in p])
        c = [x @ one.inputs + p @ one.outputs for one in self.constraints]
        return f, np.array(c).T.reshape(len(u), len(c))

    def at(self, u: Array) -> Point:
        """Value and derivatives at u (variables,)."""
        self.evaluations += 1
        v, width = self.part.variables, self.part.width
        x = self.part.features(u[np.newaxis])
        p, slopes = self.predictions(x)
        slope = slopes[0][:, v] * width
        f, outer = self.objective.function(p[0])
        rows = [one.inputs[v] * width + one.outputs @ slope for one in self.constraints]
        c = np.array([x[0] @ one.inputs + p[0] @ one.outputs for one in self.constraints])
        jacobian = np.array(rows).reshape(len(c), v.size)
        scale = np.broadcast_to(self.c_scale, c.shape)
        return Point(
            f / self.f_scale,
            outer @ slope / self.f_scale,
            c / scale,
            jacobian / scale[:, np.newaxis],
        )
