"""Full conformal sets of targets where all residuals are linear in the target of the new row."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["needed", "reaches"]

Array = NDArray[np.float64]


def needed(n: int, level: float) -> int:
    """How many of n rows need a residual at least as large as the new row's.

    A target is in the set where the new row's residual is among the ``ceil((n + 1) level)``
    smallest of all; 0: it always is.

    Parameters
    ----------
    n : int
    level : float
        Above 0, below 1.
    """
    return max(n + 1 - math.ceil((n + 1) * level * (1.0 - 1e-12)), 0)


def reaches(residual: Array, slopes: Array, own: Array, level: float) -> tuple[Array, Array]:
    """The hull of the conformal set of every new row, as reaches to either side of its prediction.

    With a target that lies t above the prediction the new row has the residual ``own t``, and row i
    of training has ``residual_i + slopes_i t``.  t is in the set where enough rows have a residual
    at least as large in size.  Each row has at most two t on either side where that changes, so
    that the last of the set is found exactly by sorting these [1]_.

    Parameters
    ----------
    residual : ndarray of shape (n,)
    slopes : ndarray of shape (rows, n)
    own : ndarray of shape (rows,)
        Above 0.
    level : float

    Returns
    -------
    below, above : ndarray of shape (rows,)
        At least 0; infinite where the set has no end.

    References
    ----------
    .. [1] I. Nouretdinov, T. Melluish, V. Vovk, Ridge regression confidence machine, ICML (2001).
    """
    least = needed(residual.size, level)
    if least == 0:
        endless = np.full(own.shape, np.inf)
        return endless, endless.copy()
    # A row whose residual is below 0 is its mirror image.
    size, turned = np.abs(residual), slopes * np.where(residual < 0.0, -1.0, 1.0)
    return _last(size, -turned, own, least), _last(size, turned, own, least)


def _last(size: Array, slopes: Array, own: Array, least: int) -> Array:
    """The last t >= 0 at which so many rows have ``|size + slopes t| >= own t``, of every new row.

    All have it at 0.  A row leaves where ``size + slopes t`` falls below ``own t``, if it does, and
    comes back where ``-(size + slopes t)`` reaches ``own t``.
    """
    n, c = size.size, own[:, np.newaxis]
    # What is 0 and falls as fast as the new row's rises never leaves.
    stays = (slopes >= c) | ((size == 0.0) & (slopes <= -c))
    with np.errstate(divide="ignore", invalid="ignore"):
        leaves = np.where(stays, np.inf, size / (c - slopes))
        returns = np.where(~stays & (slopes < -c), size / (-c - slopes), np.inf)
    leaves.sort(axis=1)
    found: Array = leaves[:, n - least].copy()  # where none comes back
    for k in np.flatnonzero(np.isfinite(returns).any(axis=1)):
        found[k] = _swept(leaves[k], np.sort(returns[k]), least)
    return found


def _swept(leaves: Array, returns: Array, least: int) -> float:
    """The last t, from sorted t where rows leave and come back."""
    n = leaves.size
    gone, back = np.isfinite(leaves).sum(), np.isfinite(returns).sum()
    if n - gone + back >= least:
        return math.inf
    leaves = leaves[:gone]
    there = n - np.arange(gone) + np.searchsorted(returns, leaves, side="right")
    return float(leaves[np.flatnonzero(there >= least)[-1]])
