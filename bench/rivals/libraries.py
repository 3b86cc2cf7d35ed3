"""What is timed in rivals.py, one function of no arguments per library and piece of work.

Every call works on arrays that its library made beforehand, in its own layout, and leaves value and
gradient where a user of that library would take them; nothing is converted inside what is timed.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import hbcd

Array = np.ndarray
N_INPUTS = 4
LEARNING_RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Work:
    """A piece of work: what to time, and what it found."""

    call: Callable[[], Any]
    found: Callable[[], Array]  # value and gradient, or predictions, in the order of hbcd
    steps: int = 1  # units of work in one call


@dataclass(frozen=True)
class Case:
    """A network with weights and a table, the same for all libraries."""

    net: hbcd.Network
    theta: Array
    rows: Array  # (rows, 4)
    targets: Array  # (rows, 1)

    @property
    def parameters(self) -> list[tuple[Array, Array]]:
        return [(block.weights, block.bias) for block in self.net.parameters(self.theta)]


def make_case(hidden: tuple[int, ...], n_rows: int | None, dtype: str, seed: int) -> Case:
    """4-hidden-1 with tanh; without a number of rows ceil(1.1 parameters) of them."""
    layers = [hbcd.HiddenLayer(width, hbcd.Tanh()) for width in hidden]
    net = hbcd.Network([hbcd.InputLayer(N_INPUTS), *layers, hbcd.OutputLayer(1)])
    n_rows = batch_rows(net.n_parameters) if n_rows is None else n_rows
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n_rows, N_INPUTS))
    signal = np.tanh(rows[:, :1]) + 0.5 * rows[:, 1:2] * rows[:, 2:3]
    targets = signal + 0.1 * rng.normal(size=(n_rows, 1))
    return Case(net, net.init(seed, dtype=dtype), rows.astype(dtype), targets.astype(dtype))


def batch_rows(n_parameters: int) -> int:
    """ceil(1.1 P) in whole numbers."""
    return (11 * n_parameters + 9) // 10


def flat(parameters: Any) -> Array:
    return np.concatenate([np.asarray(part).ravel() for pair in parameters for part in pair])


# ---- hbcd


def hbcd_gradient(case: Case, threads: int) -> Work:
    dtype = case.theta.dtype
    bound = case.net.bind(case.rows, case.targets, n_threads=threads, dtype=dtype)
    theta = case.theta

    def found() -> Array:
        value, gradient = bound(theta)
        return np.concatenate([[value], gradient])

    return Work(lambda: bound(theta), found)


def hbcd_adam(case: Case, threads: int, steps: int) -> Work:
    """`Network.train` with ADAM on all rows of the case: everything it does, over the steps."""
    optimizer = hbcd.Adam(LEARNING_RATE, beta1=BETA1, beta2=BETA2, epsilon=EPSILON)
    stop = hbcd.Stop(pg_tol=0.0, f_tol=0.0)

    def train(count: int) -> hbcd.FitReport:
        strategy = hbcd.FullBatch(optimizer, max_iterations=count)
        return case.net.train(
            case.theta, case.rows, case.targets, strategy=strategy, stop=stop, n_threads=threads
        )

    made = train(steps).n_iter
    if made != steps:
        raise RuntimeError(f"hbcd: {made} steps of ADAM, wanted {steps}")
    return Work(lambda: train(steps), lambda: train(10).theta, steps)


def hbcd_predict(case: Case) -> Work:
    def call() -> Array:
        return case.net.predict(case.theta, case.rows)

    return Work(call, lambda: call().ravel())


# ---- scikit-learn


def sklearn_model(case: Case) -> Any:
    """An `MLPRegressor` with the weights of the case."""
    from sklearn.neural_network import MLPRegressor

    hidden = tuple(weights.shape[1] for weights, _ in case.parameters[:-1])
    model = MLPRegressor(
        hidden_layer_sizes=hidden, activation="tanh", alpha=0.0, max_iter=1, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one iteration does not converge
        model.fit(case.rows[:20], case.targets[:20].ravel())
    model.coefs_ = [np.ascontiguousarray(weights) for weights, _ in case.parameters]
    model.intercepts_ = [bias.copy() for _, bias in case.parameters]
    return model


def sklearn_gradient(case: Case, threads: int) -> Work:
    """`MLPRegressor._backprop`, private: what `fit` calls for every batch."""
    model = sklearn_model(case)
    rows = case.rows
    activations = [rows] + [np.empty((len(rows), b.size), rows.dtype) for b in model.intercepts_]
    deltas = [np.empty_like(a) for a in activations[1:]]
    coefficients = [np.empty_like(weights) for weights in model.coefs_]
    intercepts = [np.empty_like(bias) for bias in model.intercepts_]
    names = {"X": rows, "y": case.targets, "sample_weight": None, "activations": activations}
    names |= {"deltas": deltas, "coef_grads": coefficients, "intercept_grads": intercepts}
    wanted = {name: names[name] for name in inspect.signature(model._backprop).parameters}

    def call() -> Any:
        return model._backprop(**wanted)

    def found() -> Array:
        value = call()[0]
        return np.concatenate([[value], flat(zip(coefficients, intercepts, strict=True))])

    return Work(call, found)


def sklearn_predict(case: Case) -> Work:
    model = sklearn_model(case)
    return Work(lambda: model.predict(case.rows), lambda: model.predict(case.rows).ravel())
