"""Cross-validation within the training rows, and the search over hidden layers that uses it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd._metrics import scores
from hbcd.estimator import HybridRegressor

__all__ = ["RULE", "cross_validate", "search"]

Array = NDArray[Any]
Widths = tuple[int, ...]
RULE = (
    "Kept: the highest R2 of the predictions for the rows that each fold left out; where two are "
    "equal, the fewer parameters. The rows to test on take no part."
)


def folds(rows: int, k: int, seed: int) -> list[tuple[Array, Array]]:
    """Rows to train on and rows left out, k times; the parts differ by one row at most."""
    if k > rows:
        raise ValueError(f"cv={k}: must be at most the number of training rows, {rows}")
    parts = np.array_split(np.random.default_rng(seed).permutation(rows), k)
    return [
        (np.concatenate([part for j, part in enumerate(parts) if j != left]), parts[left])
        for left in range(k)
    ]


def cross_validate(model: HybridRegressor, x: Array, y: Array, k: int, seed: int) -> dict[str, Any]:
    """Scores of k fits, each on the rows that it left out.

    Parameters
    ----------
    model : HybridRegressor
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
    predicted = np.empty_like(y)
    found = []
    for train, left in folds(len(y), k, seed):
        options = {**model.get_params(), "verbose": 0, "missing": "error"}
        fitted = HybridRegressor(**options).fit(x[train], y[train])
        if fitted.report_.interrupted:
            raise KeyboardInterrupt
        predicted[left] = fitted.predict(x[left])
        found.append(scores(y[left], predicted[left]))
    return {
        "folds": found,
        "mean": {name: _over(found, name, np.mean) for name in found[0]},
        "spread": {name: _over(found, name, lambda v: np.std(v, ddof=1)) for name in found[0]},
        "pooled": scores(y, predicted),
        "n_parameters": fitted.network_.n_parameters,
    }


def _over(found: list[dict[str, float | None]], name: str, summary: Any) -> float | None:
    """A summary over folds; None where a fold has no such score (one row has no R2)."""
    values = [fold[name] for fold in found]
    return None if None in values else float(summary(values))


def search(
    model: HybridRegressor, grid: Sequence[Widths], x: Array, y: Array, k: int, seed: int
) -> tuple[Widths, dict[str, Any]]:
    """The best widths of a grid by `RULE`, and what was found for each."""
    found = []
    for widths in grid:
        tried = HybridRegressor(**{**model.get_params(), "hidden_layer_sizes": widths})
        result = cross_validate(tried, x, y, k, seed)
        found.append({"hidden": list(widths), "n_parameters": result["n_parameters"],
                      **result["pooled"]})  # fmt: skip
    best = min(found, key=lambda line: (_lost(line["r2"]), line["n_parameters"]))
    chosen = tuple(best["hidden"])
    return chosen, {"k": k, "grid": found, "best": best["hidden"], "rule": RULE}


def _lost(r2: float | None) -> float:
    """What is to be small; a fit whose R2 no float64 holds comes last."""
    return float("inf") if r2 is None else -r2
