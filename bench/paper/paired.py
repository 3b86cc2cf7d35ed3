"""Tests of paired runs: same split, same seed, two methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

MIN_RUNS = 10  # fewer pairs, and no difference is called one
LEVEL = 0.05


@dataclass(frozen=True)
class Comparison:
    """Method a against method b over the same splits.

    Attributes
    ----------
    what : str
        What is compared, for the page.
    n : int
        Pairs.
    a, b : float
        The two figures: means, standard deviations or medians.
    p : float
        Two-sided p-value; after `holm` adjusted for the comparisons made with it.
    wins : bool
        Whether a is on the better side of b, significant or not.
    """

    what: str
    n: int
    a: float
    b: float
    p: float
    wins: bool

    @property
    def held(self) -> bool | None:
        """Whether a is better; None: too few runs to tell."""
        if self.n < MIN_RUNS:
            return None
        return self.wins and self.p < LEVEL

    @property
    def reversed(self) -> bool:
        """Whether b is better, by the same test."""
        return self.n >= MIN_RUNS and not self.wins and self.p < LEVEL


def higher(what: str, a: ArrayLike, b: ArrayLike) -> Comparison:
    """Whether a is higher: Wilcoxon's signed-rank test."""
    x, y = _pairs(a, b)
    return Comparison(
        what, x.size, float(x.mean()), float(y.mean()), _wilcoxon(x - y), bool((x - y).mean() > 0)
    )


def faster(what: str, a: ArrayLike, b: ArrayLike, factor: float) -> Comparison:
    """Whether a takes less than 1/factor of b's seconds: the same test on log(b / a / factor).

    `a` and `b` of the result are medians.
    """
    x, y = _pairs(a, b)
    ratio = np.log(y / x / factor)
    return Comparison(
        what,
        x.size,
        float(np.median(x)),
        float(np.median(y)),
        _wilcoxon(ratio),
        bool(np.median(ratio) > 0),
    )


def steadier(what: str, a: ArrayLike, b: ArrayLike) -> Comparison:
    """Whether a spreads less: Pitman and Morgan's test of the variances of paired samples.

    ``cov(a + b, a - b) = var(a) - var(b)``, so the variances are equal where sum and difference do
    not correlate.
    """
    from scipy import stats

    x, y = _pairs(a, b)
    total, difference = x + y, x - y
    varies = x.size > 2 and np.ptp(total) > 0 and np.ptp(difference) > 0
    p = float(stats.pearsonr(total, difference).pvalue) if varies else 1.0
    spread_x, spread_y = (float(v.std(ddof=1)) if v.size > 1 else 0.0 for v in (x, y))
    return Comparison(what, x.size, spread_x, spread_y, p, spread_x < spread_y)


def holm(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The same with p-values adjusted for their number (Holm 1979)."""
    order = sorted(range(len(comparisons)), key=lambda k: comparisons[k].p)
    adjusted, largest = list(comparisons), 0.0
    for rank, k in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * comparisons[k].p))
        adjusted[k] = replace(comparisons[k], p=largest)
    return adjusted


def _pairs(a: ArrayLike, b: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if x.shape != y.shape or x.ndim != 1 or not x.size:
        raise ValueError(f"pairs: {x.shape} and {y.shape}, must be two lists of the same length")
    return x, y


def _wilcoxon(difference: np.ndarray) -> float:
    from scipy import stats

    if not difference.any():
        return 1.0
    return float(stats.wilcoxon(difference).pvalue)
