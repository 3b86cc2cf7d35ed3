"""Straight lines below and above an activation over an interval, and the range of its slope.

The slopes are those of CROWN [1]_: chords where the function bends away from them, else tangents in
the middle, and where it bends both ways the line through an end that touches it.  Whatever the
slope, the line is then moved until it holds for certain: the largest distance of function and line
is known in closed form, and its rounding is added.

References
----------
.. [1] H. Zhang et al., Efficient neural network robustness certification with general activation
   functions, NeurIPS 2018.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hbcd.bounds.rounding import TINY

__all__ = ["Lines", "lines", "slope_range", "values"]

Array = NDArray[np.float64]
EPS = float(np.finfo(np.float64).eps)
NARROW = 1e-8  # intervals without a slope worth computing
STEPS = 60  # of bisection for a tangent; any slope is sound


class Lines(NamedTuple):
    """``low_slope z + low <= f(z) <= high_slope z + high`` over intervals of z."""

    low_slope: Array
    low: Array
    high_slope: Array
    high: Array


def values(name: str, leak: float, z: Array) -> Array:
    """The activation of this name."""
    if name == "tanh":
        return np.asarray(np.tanh(z))
    if name == "sigmoid":
        return np.asarray(0.5 + 0.5 * np.tanh(0.5 * z)) if np.all(z > -1) else _sigmoid(z)
    if name == "relu":
        return np.maximum(z, 0.0)
    if name == "leaky_relu":
        return np.where(z < 0, leak * z, z)
    return z


def _sigmoid(z: Array) -> Array:
    small = np.exp(-np.abs(z))
    return np.where(z < 0, small, 1.0) / (1.0 + small)


def lines(name: str, leak: float, lo: Array, hi: Array) -> Lines:
    """Lines over intervals [lo, hi] of any shape."""
    if name == "tanh":
        return _tanh_lines(lo, hi)
    if name == "sigmoid":  # 1/2 + tanh(z / 2) / 2
        own = _tanh_lines(0.5 * lo, 0.5 * hi)
        low, high = 0.5 + 0.5 * own.low, 0.5 + 0.5 * own.high
        return Lines(0.25 * own.low_slope, low - 2 * EPS, 0.25 * own.high_slope, high + 2 * EPS)
    if name == "identity":
        one, none = np.ones_like(lo), np.zeros_like(lo)
        return Lines(one, none, one, none)
    return _bent(0.0 if name == "relu" else leak, lo, hi)


def slope_range(name: str, leak: float, lo: Array, hi: Array) -> tuple[Array, Array]:
    """The least and the largest slope of the activation over [lo, hi], outward."""
    if name == "identity":
        return np.ones_like(lo), np.ones_like(lo)
    if name in ("relu", "leaky_relu"):  # at 0 itself either slope counts
        below = 0.0 if name == "relu" else leak
        first, last = np.where(lo > 0, 1.0, below), np.where(hi < 0, below, 1.0)
        return np.minimum(first, last), np.maximum(first, last)
    half = 1.0 if name == "tanh" else 0.5
    factor = 1.0 if name == "tanh" else 0.25
    near = np.where((lo < 0) & (hi > 0), 0.0, np.minimum(np.abs(lo), np.abs(hi)))
    far = np.maximum(np.abs(lo), np.abs(hi))
    least, most = _tanh_slope(half * far), _tanh_slope(half * near)
    least = np.maximum(factor * least * (1 - 32 * EPS) - TINY, 0.0)
    return least, np.minimum(factor * most * (1 + 32 * EPS) + TINY, factor)


def _tanh_slope(z: Array) -> Array:
    """``1 - tanh(z)**2`` without cancellation, z >= 0; relative error a few units."""
    small = np.exp(-2.0 * np.minimum(z, 350.0))
    return 4.0 * small / (1.0 + small) ** 2 * np.where(z > 350.0, 0.0, 1.0)


def _bent(leak: float, lo: Array, hi: Array) -> Lines:
    """Of ``z`` above 0 and ``leak z`` below: convex for leak <= 1, concave beyond."""
    at_lo, at_hi = np.where(lo < 0, leak * lo, lo), np.where(hi < 0, leak * hi, hi)
    across = (lo < 0) & (hi > 0)
    width = np.where(hi > lo, hi - lo, 1.0)
    side = np.where(hi <= 0, leak, 1.0)
    chord = np.where(across, (at_hi - at_lo) / width, side)
    touch = np.where(across, np.where(hi >= -lo, 1.0, leak), side)
    low_slope, high_slope = (touch, chord) if leak <= 1.0 else (chord, touch)
    inside = np.where(across, 0.0, lo)

    def moved(slope: Array, sign: float) -> Array:
        ends = [(at_lo, lo), (at_hi, hi), (np.where(across, 0.0, at_lo), inside)]
        gaps = [sign * (value - slope * z) + 4 * EPS * np.abs(slope * z) for value, z in ends]
        flat = np.where(~across & (slope == side), 0.0, np.maximum.reduce(gaps))
        return sign * flat

    return Lines(low_slope, moved(low_slope, -1.0), high_slope, moved(high_slope, 1.0))


def _tanh_lines(lo: Array, hi: Array) -> Lines:
    at_lo, at_hi = np.tanh(lo), np.tanh(hi)
    width = hi - lo
    narrow = width <= NARROW
    chord = np.where(narrow, 0.0, (at_hi - at_lo) / np.where(narrow, 1.0, width))
    middle = np.where(narrow, 0.0, _tanh_slope(np.abs(0.5 * (lo + hi))))
    ends = _tanh_slope(np.abs(lo)), _tanh_slope(np.abs(hi))
    high_slope = np.where(hi <= 0, chord, np.where(lo >= 0, middle, chord))
    low_slope = np.where(hi <= 0, middle, chord)
    across = (lo < 0) & (hi > 0) & ~narrow
    touch = across & (ends[1] < chord)  # the chord would cut the function above 0
    high_slope[touch] = _tangent(lo[touch], hi[touch])
    touch = across & (ends[0] < chord)
    low_slope[touch] = _tangent(-hi[touch], -lo[touch])
    slopes = np.clip(high_slope, 0.0, 1.0), np.clip(low_slope, 0.0, 1.0)
    high = _highest(slopes[0], lo, hi, at_lo, at_hi)
    low = -_highest(slopes[1], -hi, -lo, -at_hi, -at_lo)
    return Lines(slopes[1], low, slopes[0], high)


def _tangent(lo: Array, hi: Array) -> Array:
    """The slope of the line through (lo, tanh lo), lo < 0, that touches tanh between 0 and hi."""
    at_lo, left, right = np.tanh(lo), np.zeros_like(hi), hi.copy()
    for _ in range(STEPS):
        d = 0.5 * (left + right)
        flatter = _tanh_slope(d) < (np.tanh(d) - at_lo) / (d - lo)
        left, right = np.where(flatter, left, d), np.where(flatter, d, right)
    return _tanh_slope(left)


def _highest(slope: Array, lo: Array, hi: Array, at_lo: Array, at_hi: Array) -> Array:
    """An upper bound of ``tanh(z) - slope z`` over [lo, hi].

    Where the slope of tanh is `slope`, ``z = artanh(q)`` with ``q = sqrt(1 - slope)``, and above 0
    that is the only maximum inside.
    """
    q = np.sqrt(1.0 - slope)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        top = np.log1p(q) - 0.5 * np.log(slope)  # infinite for slope 0: only the ends count
        inner = q - slope * top
        inner += 16 * EPS * (q + np.abs(slope * top))
    inner = np.where(
        (slope > 0) & (top > lo * (1 - 1e-9) - 1e-9) & (top < hi * (1 + 1e-9) + 1e-9),
        inner,
        -np.inf,
    )
    first = at_lo - slope * lo + 8 * EPS * (np.abs(at_lo) + np.abs(slope * lo))
    last = at_hi - slope * hi + 8 * EPS * (np.abs(at_hi) + np.abs(slope * hi))
    return np.maximum(np.maximum(first, last), inner) + TINY
