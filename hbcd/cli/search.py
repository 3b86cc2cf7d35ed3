"""Cross-validation within the training rows, and the search over hidden layers that uses it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.cli.tasks import Classification, Task
from hbcd.estimators.base import HybridEstimator
from hbcd.estimators.constant_columns import ConstantFeatures
from hbcd.metrics.summaries import spread_of

__all__ = ["cross_validate", "search"]

Array = NDArray[Any]
Widths = tuple[int, ...]
RULE = (
    "Kept: {} of the predictions for the rows that each fold left out; where two are "
    "equal, the fewer parameters. The rows to test on take no part."
)


def folds(rows: int, k: int, seed: int, labels: Array | None = None) -> list[tuple[Array, Array]]:
    """Rows to train on and rows left out, k times; the parts differ by one row at most.

    With labels each class is dealt out evenly, so that no fold trains without one.
    """
    if k > rows:
        raise ValueError(f"cv={k}: must be at most the number of training rows, {rows}")
    order = np.random.default_rng(seed).permutation(rows)
    parts = np.array_split(order, k)
    if labels is not None:
        classes, counts = np.unique(labels, return_counts=True)
        if counts.min() < 2:
            rare = classes[counts.argmin()]
            raise ValueError(f"cv={k}: class {rare} has 1 row to train on: must have 2 at least")
        order = order[np.argsort(labels[order], kind="stable")]
        parts = [order[fold::k] for fold in range(k)]
    return [
        (np.concatenate([part for j, part in enumerate(parts) if j != left]), parts[left])
        for left in range(k)
    ]


def cross_validate(
    task: Task, model: HybridEstimator, x: Array, y: Array, k: int, seed: int
) -> dict[str, Any]:
    """Scores of k fits, each on the rows that it left out.

    Parameters
    ----------
    task : Task
        What is scored.
    model : HybridEstimator
        Its parameters are used; it is not fitted.
    x : ndarray of shape (rows, features)
    y : ndarray of shape (rows,) or (rows, targets)
    k : int
        At least 2.
    seed : int
        Of the folds.

    Returns
    -------
    dict
        ``folds``, scores of each; ``mean`` and ``spread`` (standard deviation, n - 1) over them;
        ``pooled``, of all predictions together; ``n_parameters``.

    Raises
    ------
    KeyboardInterrupt
        Ctrl-C ended a fit: what folds so far would say is not what was asked for.
    """
    outputs: list[Array] = []
    found = []
    n_parameters = 0
    parts = folds(len(y), k, seed, y if isinstance(task, Classification) else None)
    for train, left in parts:
        options = {**model.get_params(), "verbose": 0, "missing": "error"}
        made: Any = type(model)(**options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConstantFeatures)  # the fit of all rows warns
            fitted = made.fit(x[train], y[train])
        if fitted.report_.interrupted:
            raise KeyboardInterrupt
        n_parameters = fitted.network_.n_parameters
        outputs.append(task.outputs(fitted, x[left]))
        found.append(task.measure(y[left], outputs[-1]))
    rows = np.concatenate([left for _, left in parts])
    return {
        "folds": found,
        "mean": {name: _over(found, name, np.mean) for name in found[0]},
        "spread": {name: _over(found, name, spread_of) for name in found[0]},
        "pooled": task.measure(y[rows], np.concatenate(outputs)),
        "n_parameters": n_parameters,
    }


def _over(found: list[dict[str, float | None]], name: str, summary: Any) -> float | None:
    """A summary over folds; None where a fold has no such score (one row has no R2)."""
    values = [fold[name] for fold in found]
    return None if None in values else float(summary(values))


def search(
    task: Task,
    model: HybridEstimator,
    grid: Sequence[Widths],
    x: Array,
    y: Array,
    k: int,
    seed: int,
) -> tuple[Widths, dict[str, Any]]:
    """The best widths of a grid by `RULE`, and what was found for each."""
    found = []
    for widths in grid:
        tried = type(model)(**{**model.get_params(), "hidden_layer_sizes": widths})
        result = cross_validate(task, tried, x, y, k, seed)
        found.append({"hidden": list(widths), "n_parameters": result["n_parameters"],
                      **result["pooled"]})  # fmt: skip
    best = min(found, key=lambda line: (task.lost(line), line["n_parameters"]))
    rule = RULE.format(task.search_rule)
    return tuple(best["hidden"]), {"k": k, "grid": found, "best": best["hidden"], "rule": rule}
