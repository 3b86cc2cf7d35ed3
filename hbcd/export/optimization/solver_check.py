"""What was added to a solver's problem, read back from there and compared with the model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.optimization.solver_layers import Embedding, Split
from hbcd.export.optimization.solver_tool import SolverTool, Values
from hbcd.export.record import ExportRecord
from hbcd.export.rounding import Arithmetic
from hbcd.export.self_check import agreement, record_of

__all__ = ["checked"]

Array = NDArray[Any]
TOLERANCE = 1e-9  # of constraints at values that others define


def checked(embedding: Embedding, left_out: list[str]) -> ExportRecord:
    """The record of an embedding; ValueError where it is not the model.

    Parameters
    ----------
    embedding : Embedding
    left_out : list of str
    """
    tool = embedding.tool
    arithmetic = Arithmetic(np.dtype(np.float64), 16.0)
    form = replace(embedding.form, columns=_within(embedding))
    agreed = agreement(form, arithmetic, slack=embedding.slack, ends=False)
    values: Values = {
        tool.key(x): column for x, column in zip(embedding.inputs, agreed.points.T, strict=True)
    }
    with np.errstate(over="ignore"):  # an infinite power is the probability 0 of a class
        for step in embedding.steps:
            if isinstance(step, Split):
                _split(tool, step, values)
            else:
                variable, handle = step
                _set(tool, variable, tool.defined(handle, variable, values), values)
    found = [np.broadcast_to(values[tool.key(y)], len(agreed.points)) for y in embedding.outputs]
    record = record_of(form, agreed, np.column_stack(found), arithmetic, tool.target, left_out)
    tool.judge(values, len(agreed.points))
    return record


def _within(embedding: Embedding) -> tuple[Any, ...]:
    """The columns with what the bounds of the variables leave of the training range."""
    found = []
    for x, column in zip(embedding.inputs, embedding.form.columns, strict=True):
        low, high = embedding.tool.ends(x)
        least, most = max(low, column.low), min(high, column.high)
        if least > most:  # the problem lies outside of the training range
            ends = [one for one in (low, high) if np.isfinite(one)]
            least, most = ends[0], ends[-1]
        found.append(replace(column, low=least, high=most))
    return tuple(found)


def _set(tool: SolverTool, variable: Any, found: Any, values: Values) -> None:
    """Gives a variable its values, which must be within its bounds."""
    low, high = tool.ends(variable)
    allowed = TOLERANCE * (1.0 + np.abs(found))
    if not (np.all(found >= low - allowed) and np.all(found <= high + allowed)):
        raise ValueError(f"{tool.target}: a bound of {variable} excludes the model")
    values[tool.key(variable)] = found


def _split(tool: SolverTool, split: Split, values: Values) -> None:
    """The two sides of a neuron, which the constraints must take."""
    above, below = split.above, split.below
    z = tool.defined(split.equation, above, values | {tool.key(below): 0.0})
    _set(tool, above, np.maximum(z, 0.0), values)
    _set(tool, below, np.maximum(-z, 0.0), values)
    allowed = TOLERANCE * (1.0 + np.abs(z))
    if not (np.abs(tool.residual(split.equation, values)) <= allowed).all():
        raise ValueError(f"{tool.target}: an equation excludes the model at {above}")
    if split.positive is None:
        if not tool.holds_one(split.one_side, above, below):
            raise ValueError(f"{tool.target}: a set has other variables than {above}, {below}")
        return
    values[tool.key(split.positive)] = np.asarray(z > 0, np.float64)
    for limit in split.limits:
        if not (tool.residual(limit, values) <= allowed).all():
            raise ValueError(f"{tool.target}: a constraint excludes the model at {above}")
