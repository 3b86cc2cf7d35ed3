"""Values of an estimator's parameters as JSON, and back: numbers, text, sequences, hbcd's parts."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from hbcd.callbacks.early_stopping import EarlyStopping
from hbcd.optimizers.builtin import BFGS, ICRS, LBFGS, Adam, BarzilaiBorwein
from hbcd.optimizers.least_squares import ExactOutput, LevenbergMarquardt
from hbcd.parts.activations import Identity, LeakyReLU, ReLU, Sigmoid, Tanh
from hbcd.parts.losses import AbsoluteError, Huber, LogCosh, Poisson, Quantile, SquaredError
from hbcd.parts.selectors import (
    Backward,
    DecreasePerOperation,
    ForwardSequential,
    LipschitzWeighted,
    MostSensitive,
    PingPong,
    RandomBlock,
)
from hbcd.parts.sensitivities import (
    GradientNorm,
    ProjectedGradient,
    RelativeGradient,
    RootMeanSquareGradient,
    ScalingFactor,
)
from hbcd.parts.stopping import Stop
from hbcd.training.by_rows import ByRows
from hbcd.training.grow import Grow
from hbcd.training.hybrid import Hybrid
from hbcd.training.multi_start import MultiStart
from hbcd.training.registry import choose
from hbcd.training.sequence import Sequence
from hbcd.training.strategies import (
    BatchShell,
    BlockCoordinateDescent,
    Finish,
    FullBatch,
    MiniBatch,
)

__all__ = ["NotWritable", "describe_value", "restore_value"]

# What a file may name: descriptions that check their arguments when they are made.
_PARTS: dict[str, Any] = {
    part.__name__: part
    for part in (
        *(EarlyStopping, Stop),
        *(Identity, LeakyReLU, ReLU, Sigmoid, Tanh),
        *(AbsoluteError, Huber, LogCosh, Poisson, Quantile, SquaredError),
        *(BFGS, ICRS, LBFGS, Adam, BarzilaiBorwein, ExactOutput, LevenbergMarquardt),
        *(Backward, DecreasePerOperation, ForwardSequential, LipschitzWeighted),
        *(MostSensitive, PingPong, RandomBlock),
        *(GradientNorm, ProjectedGradient, RelativeGradient, RootMeanSquareGradient),
        *(ScalingFactor, ByRows, Grow, Hybrid, MultiStart, Sequence),
        *(BatchShell, BlockCoordinateDescent, Finish, FullBatch, MiniBatch),
    )
}
_DEPTH = 20  # of values in values; a strategy of strategies takes six
_MOST = 1000  # entries of a sequence; more are rows of a table, not a parameter


class NotWritable(ValueError):
    """A value that no file can hold."""


def describe_value(value: Any, depth: int = 0) -> Any:
    """A value in JSON types.

    Parameters
    ----------
    value : object
    depth : int
        How deep in another value this one is.

    Raises
    ------
    NotWritable
        It is not made of None, truth values, finite numbers, text, lists, tuples, dicts, types of
        numbers and hbcd's parts, or too long.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or type(value) in (bool, int) or isinstance(value, str):
        return value if value is None or isinstance(value, (bool, int)) else str(value)
    if isinstance(value, float) and math.isfinite(value):
        return float(value)
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.number)):
        return np.dtype(value).name
    if depth >= _DEPTH:
        raise NotWritable("too deep")
    if isinstance(value, (list, tuple, dict)) and type(value) in (list, tuple, dict):
        if len(value) > _MOST:
            raise NotWritable("too long")
        entries = value.items() if isinstance(value, dict) else value
        return {type(value).__name__: [describe_value(one, depth + 1) for one in entries]}
    name = type(value).__name__
    if _PARTS.get(name) is not type(value) or not is_dataclass(value):
        raise NotWritable(name)
    arguments = {
        field.name: describe_value(getattr(value, field.name), depth + 1) for field in fields(value)
    }
    return {"part": name, "arguments": arguments}


def restore_value(described: Any, depth: int = 0) -> Any:
    """What `describe_value` described; ValueError or TypeError where it is nothing such."""
    if not isinstance(described, dict):
        if isinstance(described, list):
            raise ValueError("a list of a parameter: must say what it is")
        return described
    if depth >= _DEPTH:
        raise ValueError("a parameter: is too deep")
    if "part" in described:
        arguments = described["arguments"].items()
        made = choose("part", described["part"], _PARTS)
        return made(**{name: restore_value(one, depth + 1) for name, one in arguments})
    ((kind, entries),) = described.items()
    sequence = [restore_value(one, depth + 1) for one in entries]
    return choose("kind", kind, {"list": list, "tuple": tuple, "dict": dict})(sequence)
