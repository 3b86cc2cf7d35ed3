"""The strings of the estimator and of the command line, and the parts they stand for."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hbcd.optimizers.base import Optimizer
from hbcd.optimizers.builtin import BFGS, ICRS, LBFGS, Adam, BarzilaiBorwein
from hbcd.optimizers.least_squares import ExactOutput, LevenbergMarquardt
from hbcd.parts.activations import Activation, Identity, LeakyReLU, ReLU, Sigmoid, Tanh
from hbcd.parts.losses import (
    AbsoluteError,
    CrossEntropy,
    Huber,
    LogCosh,
    Logistic,
    Loss,
    Poisson,
    Quantile,
    SquaredError,
)
from hbcd.parts.selectors import (
    Backward,
    BlockSelector,
    DecreasePerOperation,
    ForwardSequential,
    LipschitzWeighted,
    MostSensitive,
    PingPong,
    RandomBlock,
)
from hbcd.parts.stopping import Stop
from hbcd.training.hybrid import Hybrid
from hbcd.training.multi_start import MultiStart
from hbcd.training.strategies import BatchShell, BlockCoordinateDescent, FullBatch, MiniBatch
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.utils.validation import as_seed, check_integer, check_number

__all__ = [
    "ACTIVATIONS",
    "LOSSES",
    "OPTIMIZERS",
    "SELECTORS",
    "STRATEGIES",
    "activations",
    "choose",
    "describe_activation",
    "describe_loss",
    "dtype",
    "loss",
    "named",
    "restore_activation",
    "restore_loss",
    "seed",
    "shortest",
    "stop",
    "strategy",
    "strategy_with",
]

ACTIVATIONS: dict[str, Callable[[], Activation]] = {
    "identity": Identity,
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
}
LOSSES: dict[str, Callable[..., Loss]] = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "log_cosh": LogCosh,
    "quantile": Quantile,
    "poisson": Poisson,
}
_SAVED_LOSSES = {**LOSSES, "logistic": Logistic, "cross_entropy": CrossEntropy}
OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "lbfgs": LBFGS,
    "adam": Adam,
    "bb": BarzilaiBorwein,
    "icrs": ICRS,
    "bfgs": BFGS,
    "lm": LevenbergMarquardt,
    "exact_output": lambda: ExactOutput(LBFGS()),
}
SELECTORS: dict[str, Callable[[], BlockSelector]] = {
    "most_sensitive": MostSensitive,
    "random": RandomBlock,
    "forward": ForwardSequential,
    "ping_pong": PingPong,
    "backward": Backward,
    "gsl": LipschitzWeighted,
    "per_operation": DecreasePerOperation,
}
STRATEGIES: dict[str, Callable[[], TrainingStrategy]] = {
    "auto": Hybrid.auto,
    "fast": Hybrid.fast,
    "paper": Hybrid.paper,
    "multi_start": MultiStart,
    "full_batch": FullBatch,
    "mini_batch": lambda: MiniBatch(Adam()),
    "bcd": BlockCoordinateDescent,
    "batch_shell": BatchShell,
}


def choose(name: str, value: str, table: dict[str, Any]) -> Any:
    """The entry of a table; a wrong name is answered with the right ones."""
    if value in table:
        return table[value]
    near = difflib.get_close_matches(value, table, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name}={value!r}: must be one of {', '.join(table)}{hint}")


def strategy(value: Any) -> TrainingStrategy:
    """A strategy from its name, or itself."""
    if isinstance(value, TrainingStrategy):
        return value
    if not isinstance(value, str):
        raise TypeError(f"strategy={value!r}: must be a name or an hbcd.TrainingStrategy")
    made: TrainingStrategy = choose("strategy", value, STRATEGIES)()
    return made


def strategy_with(
    name: str, optimizer: Optimizer | None, selector: BlockSelector | None
) -> TrainingStrategy:
    """A named strategy with its optimizer or its selector replaced (the command line's flags)."""
    return strategy(name).with_parts(optimizer=optimizer, selector=selector)


def activations(value: Any, n: int) -> list[Activation]:
    """One activation for each of n hidden layers from a name, a part, or a sequence of them."""
    if isinstance(value, (str, Activation)):
        return [_activation(value)] * n
    if not isinstance(value, Sequence):
        raise TypeError(f"activation={value!r}: must be a name, an hbcd.Activation, or a sequence")
    if len(value) != n:
        raise ValueError(
            f"activation: has {len(value)} entries, must have one per hidden layer, {n}"
        )
    return [_activation(one) for one in value]


def _activation(value: Any) -> Activation:
    if isinstance(value, Activation):
        return value
    if not isinstance(value, str):
        raise TypeError(f"activation={value!r}: must be a name or an hbcd.Activation")
    made: Activation = choose("activation", value, ACTIVATIONS)()
    return made


def named(part: Any, table: dict[str, Callable[[], Any]]) -> Any:
    """The name that stands for a part, or the part where none says all of it."""
    return next((name for name, make in table.items() if make() == part), part)


def shortest(parts: list[Activation]) -> Any:
    """Activations of hidden layers as one would pass them: one name or part, else a list."""
    found = [named(part, ACTIVATIONS) for part in parts]
    if not found:
        return "tanh"
    return found[0] if all(one == found[0] for one in found) else found


def describe_activation(part: Activation) -> dict[str, Any]:
    """A built-in activation in JSON types."""
    for name, kind in ACTIVATIONS.items():
        if type(part) is kind:
            leak = {"leak": part.leak} if isinstance(part, LeakyReLU) else {}
            return {"activation": name, **leak}
    raise ValueError(
        f"activation={part!r}: must be a built-in one; a file holds no code, so a model with an "
        "activation of your own cannot be saved"
    )


def restore_activation(layer: dict[str, Any]) -> Activation:
    """What `describe_activation` described."""
    if layer["activation"] == "leaky_relu":
        return LeakyReLU(layer["leak"])
    return _activation(layer["activation"])


def loss(value: Any) -> Loss:
    """A loss for regression from its name, or itself."""
    if isinstance(value, Loss):
        return value
    if not isinstance(value, str):
        raise TypeError(f"loss={value!r}: must be a name or an hbcd.Loss")
    made: Loss = choose("loss", value, LOSSES)()
    return made


def describe_loss(part: Loss) -> dict[str, Any]:
    """A built-in loss in JSON types."""
    for name, kind in _SAVED_LOSSES.items():
        if type(part) is kind:
            return {"loss": name, **{key: float(value) for key, value in vars(part).items()}}
    raise ValueError(
        f"loss={part!r}: must be a built-in one; a file holds no code, so a model with a loss of "
        "your own cannot be saved"
    )


def restore_loss(described: dict[str, Any]) -> Loss:
    """What `describe_loss` described."""
    options = {key: value for key, value in described.items() if key != "loss"}
    made: Loss = choose("loss", described["loss"], _SAVED_LOSSES)(**options)
    return made


def dtype(value: Any) -> Any:
    """float32 or float64 from a name or a type; None for "auto"."""
    if isinstance(value, str) and value == "auto":
        return None
    try:
        found = np.dtype(value)
    except TypeError:
        found = np.dtype(object)
    if found not in (np.float32, np.float64):
        raise ValueError(f"dtype={value!r}: must be 'auto', 'float64' or 'float32'")
    return found.type


def seed(random_state: Any) -> int:
    """A seed from what scikit-learn calls random_state."""
    return as_seed("random_state", random_state)


def stop(
    value: Stop | None, max_time: float | None, max_iter: int | None, max_fun: int | None
) -> Stop:
    """The limits of a fit: those given, and of each kind the stricter one."""
    made = Stop() if value is None else value
    if not isinstance(made, Stop):
        raise TypeError(f"stop={value!r}: must be an hbcd.Stop or None")
    limits = {
        "max_seconds": check_number("max_time", max_time, low=0.0, open_low=True, none=True),
        "max_iterations": check_integer("max_iter", max_iter, 1, none=True),
        "max_evaluations": check_integer("max_fun", max_fun, 1, none=True),
    }
    changes: dict[str, Any] = {
        name: limit
        for name, limit in limits.items()
        if limit is not None and (getattr(made, name) is None or limit < getattr(made, name))
    }
    return replace(made, **changes) if changes else made
