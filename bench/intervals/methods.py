"""Intervals by hbcd and by others: ends for test rows at each level, and CPU seconds."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hbcd

__all__ = ["LEVELS", "METHODS", "MOST_ROWS", "Ends", "judged"]

Array = NDArray[np.float64]
Ends = dict[float, Array]  # level to (rows, 2)
LEVELS = (0.8, 0.9, 0.95, 0.99)
FOLDS = 10
MOST_ROWS = {"GP": 1000, "full": 1000}  # beyond which their matrices take too long


def _model(seed: int) -> hbcd.HybridRegressor:
    return hbcd.HybridRegressor(random_state=seed, n_threads=1)


def _hbcd(x: Array, y: Array, to: Array, seed: int) -> Ends:
    model = _model(seed).fit(x, y)
    return {level: model.predict_interval(to, level) for level in LEVELS}


def _full_conformal(x: Array, y: Array, to: Array, seed: int) -> Ends:
    """The row itself among the training rows, with the influence of its target."""
    model = _model(seed).fit(x, y)
    return {level: model.predict_interval(to, level, method="full_conformal") for level in LEVELS}


def _split_conformal(x: Array, y: Array, to: Array, seed: int) -> Ends:
    """Absolute errors of a quarter of the rows, by the same model."""
    own, aside = _three_quarters(len(x), seed)
    model = _model(seed).fit(x[own], y[own])
    errors = np.sort(np.abs(y[aside] - model.predict(x[aside])))
    mean, n = model.predict(to), errors.size
    found = {}
    for level in LEVELS:
        reach = errors[min(int(np.ceil((n + 1) * level)), n) - 1]
        found[level] = np.column_stack([mean - reach, mean + reach])
    return found


def _mapie_hbcd(x: Array, y: Array, to: Array, seed: int) -> Ends:
    return _cv_plus(_model(seed), x, y, to)


def _mapie_trees(x: Array, y: Array, to: Array, seed: int) -> Ends:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return _cv_plus(HistGradientBoostingRegressor(random_state=seed), x, y, to)


def _cv_plus(estimator: Any, x: Array, y: Array, to: Array) -> Ends:
    """MAPIE's jackknife+ over folds (CV+)."""
    from mapie.regression import CrossConformalRegressor

    made = CrossConformalRegressor(estimator, LEVELS, method="plus", cv=FOLDS)
    _, ends = made.fit_conformalize(x, y).predict_interval(to)
    return {level: ends[:, :, k] for k, level in enumerate(LEVELS)}


def _cqr(x: Array, y: Array, to: Array, seed: int) -> Ends:
    """Conformalized quantile regression of boosted trees, by MAPIE."""
    from mapie.regression import ConformalizedQuantileRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor

    own, aside = _three_quarters(len(x), seed)
    trees = HistGradientBoostingRegressor(loss="quantile", quantile=0.5, random_state=seed)
    made = ConformalizedQuantileRegressor(trees, confidence_level=0.9)
    _, ends = made.fit(x[own], y[own]).conformalize(x[aside], y[aside]).predict_interval(to)
    return {0.9: ends[:, :, 0]}


def _gaussian_process(x: Array, y: Array, to: Array, seed: int) -> Ends:
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(x)
    kernel = ConstantKernel(1.0, (1e-3, 1e4)) * RBF(
        np.full(x.shape[1], 2.0), (1e-2, 1e3)
    ) + WhiteKernel(0.1, (1e-6, 1e2))
    made = GaussianProcessRegressor(kernel, normalize_y=True, random_state=seed)
    made.fit(scaler.transform(x), y)
    mean, spread = made.predict(scaler.transform(to), return_std=True)
    found = {}
    for level in LEVELS:
        reach = NormalDist().inv_cdf(0.5 * (1.0 + level)) * spread
        found[level] = np.column_stack([mean - reach, mean + reach])
    return found


def _three_quarters(n: int, seed: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    order = np.random.default_rng(seed).permutation(n)
    return order[n // 4 :], order[: n // 4]


METHODS: dict[str, Callable[[Array, Array, Array, int], Ends]] = {
    "hbcd": _hbcd,
    "full": _full_conformal,
    "split": _split_conformal,
    "MAPIE hbcd": _mapie_hbcd,
    "MAPIE trees": _mapie_trees,
    "CQR trees": _cqr,
    "GP": _gaussian_process,
}


def judged(method: str, parts: tuple[Array, Array, Array, Array], seed: int) -> dict[str, Any]:
    """Coverage at each level, mean width at 90 %, that at equal coverage, CPU seconds.

    The width at equal coverage is that of the intervals times the factor with which nine tenths of
    the test rows lie inside.

    Parameters
    ----------
    method : str
    parts : four ndarrays
        Rows to train on and to test on.
    seed : int
    """
    x, y, to, known = parts
    begin = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ends = METHODS[method](x, y, to, seed)
    seconds = time.process_time() - begin
    coverage = {
        level: float(np.mean((one[:, 0] <= known) & (known <= one[:, 1])))
        for level, one in ends.items()
    }
    low, high = ends[0.9].T
    reach = np.maximum(0.5 * (high - low), 1e-300)
    factor = float(np.quantile(np.abs(known - 0.5 * (low + high)) / reach, 0.9))
    width = float(np.mean(high - low))
    return {
        "coverage": {f"{level:g}": share for level, share in coverage.items()},
        "width": width,
        "equal": width * factor,
        "seconds": seconds,
    }
