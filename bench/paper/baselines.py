"""What a network has to be compared with: least squares, its cubic, and methods of scikit-learn."""

from __future__ import annotations

import contextlib
import itertools
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .data import Source, Split
from .methods import HIDDEN, Budget, Method, Missing, Outcome

Array = NDArray[Any]

LAGGING_POWER = "Lagging_Current_Reactive.Power_kVarh"
LAGGING_FACTOR = "Lagging_Current_Power_Factor"

LINEAR, CUBIC = "least squares", "cubic least squares"
MLP = "scikit-learn MLP, L-BFGS, same shape"
TREES = "scikit-learn histogram gradient boosting"
TRIANGLE = "power triangle, least squares elsewhere"


def solve(x: Array, y: Array) -> Callable[[Array], Array]:
    """Least squares with intercept (of least norm, where columns depend on each other)."""
    center, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    level = y.mean()
    weights = np.linalg.lstsq((x - center) / scale, y - level, rcond=None)[0]
    return lambda rows: np.asarray((rows - center) / scale @ weights + level)


def cubic_terms(reference: Array) -> Callable[[Array], Array]:
    """Every monomial up to degree 3 of the columns with more than two values, the others as is.

    The columns are standardized by `reference` first; a dummy's powers would be the dummy again.
    """
    center, scale = reference.mean(axis=0), reference.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    many = [j for j in range(reference.shape[1]) if len(np.unique(reference[:, j])) > 2]
    powers = [
        chosen
        for degree in (2, 3)
        for chosen in itertools.combinations_with_replacement(many, degree)
    ]

    def terms(x: Array) -> Array:
        z = (x - center) / scale
        products = [np.prod(z[:, list(chosen)], axis=1) for chosen in powers]
        return np.column_stack([z, *products])

    return terms


def fit_linear(split: Split, budget: Budget) -> Outcome:
    began = time.perf_counter()
    with threads(budget.threads):
        predict = solve(split.train_x, split.train_y)
    took = time.perf_counter() - began
    return Outcome(predict(split.train_x), predict(split.test_x), took)


def fit_cubic(split: Split, budget: Budget) -> Outcome:
    """Held within the range of the training targets: a cubic runs away where a row is far out."""
    began = time.perf_counter()
    with threads(budget.threads):
        terms = cubic_terms(split.train_x)
        predict = solve(terms(split.train_x), split.train_y)
    took = time.perf_counter() - began
    range_ = split.train_y.min(), split.train_y.max()
    train, test = (np.clip(predict(terms(rows)), *range_) for rows in (split.train_x, split.test_x))
    return Outcome(train, test, took)


def fit_mlp(split: Split, budget: Budget) -> Outcome:
    """Standardized as ours; tolerance and penalty off, so that only iterations limit it."""
    with scikit_learn():
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPRegressor
        from sklearn.preprocessing import StandardScaler
    scaler = StandardScaler().fit(split.train_x)
    level, scale = split.train_y.mean(), split.train_y.std()
    model = MLPRegressor(
        hidden_layer_sizes=HIDDEN,
        activation="tanh",
        solver="lbfgs",
        alpha=0.0,
        tol=1e-9,
        max_iter=budget.mlp_iterations,
        max_fun=10**6,
        random_state=split.seed,
    )
    began = time.perf_counter()
    with threads(budget.threads), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of iterations is recorded
        model.fit(scaler.transform(split.train_x), (split.train_y - level) / scale)
    took = time.perf_counter() - began
    train, test = (
        model.predict(scaler.transform(rows)) * scale + level
        for rows in (split.train_x, split.test_x)
    )
    return Outcome(train, test, took, {"iterations": int(model.n_iter_)})


def fit_trees(split: Split, budget: Budget) -> Outcome:
    """The defaults of scikit-learn."""
    with scikit_learn():
        from sklearn.ensemble import HistGradientBoostingRegressor
    model = HistGradientBoostingRegressor(random_state=split.seed)
    began = time.perf_counter()
    with threads(budget.threads):
        model.fit(split.train_x, split.train_y)
        took = time.perf_counter() - began
        return Outcome(model.predict(split.train_x), model.predict(split.test_x), took)


def fit_triangle(split: Split, budget: Budget) -> Outcome:
    """P = Q pf / sqrt(1 - pf^2) where Q > 0 and pf < 1; least squares on the other rows."""
    began = time.perf_counter()
    with threads(budget.threads):
        applies, formula = power_triangle(split.source)
        rest = split.train[~applies[split.train]]
        predict = solve(split.source.x[rest], split.source.y[rest])
    took = time.perf_counter() - began

    def values(rows: Array) -> Array:
        return np.where(applies[rows], formula[rows], predict(split.source.x[rows]))

    inside = split.test[applies[split.test]]
    truth = split.source.y[inside]
    error = np.square(formula[inside] - truth).sum() / np.square(truth - truth.mean()).sum()
    about = {
        "share": float(applies[split.test].mean()),
        "r2_where_it_applies": float(1.0 - error),
    }
    return Outcome(values(split.train), values(split.test), took, about)


def power_triangle(source: Source) -> tuple[Array, Array]:
    """Where active power follows from reactive power and power factor, and what it is there."""
    q = source.x[:, source.features.index(LAGGING_POWER)]
    factor = source.x[:, source.features.index(LAGGING_FACTOR)] / 100.0
    applies = (q > 0) & (factor < 1)
    safe = np.where(applies, factor, 0.0)
    return applies, q * safe / np.sqrt(1.0 - safe**2)


BASELINES = (
    Method(LINEAR, LINEAR, fit_linear),
    Method(CUBIC, f"{CUBIC}, clipped", fit_cubic),
    Method(MLP, MLP, fit_mlp),
    Method(TREES, TREES, fit_trees),
)
FORMULA = Method(TRIANGLE, TRIANGLE, fit_triangle)


def baselines(source: Source) -> tuple[Method, ...]:
    """Those that can be had for a table."""
    return (*BASELINES, FORMULA) if LAGGING_POWER in source.features else BASELINES


@contextlib.contextmanager
def scikit_learn() -> Iterator[None]:
    """Turns a missing scikit-learn into the line that the tables print."""
    try:
        yield
    except ImportError:
        raise Missing("scikit-learn is not installed: pip install -e '.[bench]'") from None


@contextlib.contextmanager
def threads(n: int) -> Iterator[None]:
    """At most n threads in the libraries below NumPy and scikit-learn."""
    try:
        from threadpoolctl import threadpool_limits  # comes with scikit-learn
    except ImportError:
        yield
        return
    with threadpool_limits(n):
        yield
