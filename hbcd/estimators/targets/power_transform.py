"""The logarithm and the Yeo-Johnson power of one column of targets, and their inverses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.utils.column_statistics import column_statistics
from hbcd.utils.robust_scaling import HALF, robust_scaler

__all__ = [
    "LOG",
    "NONE",
    "YEO_JOHNSON",
    "ColumnTransform",
    "yeo_johnson",
    "yeo_johnson_inverse",
    "yeo_johnson_slope",
]

Array = NDArray[Any]
NONE, LOG, YEO_JOHNSON = "none", "log", "yeo-johnson"
MOST_ROWS = 10_000  # that the power is chosen on
LEAST = 1e-30
LEAST_POWER, MOST_POWER = 0.0, 2.0  # between them every number has an inverse


@dataclass(frozen=True)
class ColumnTransform:
    """A monotone function of a number, and its inverse.

    Attributes
    ----------
    name : str
        "log", "yeo-johnson" or "none".
    power, center, scale : float
        Of "yeo-johnson", that of ``(y - center) / scale``.
    """

    name: str
    power: float = 1.0
    center: float = 0.0
    scale: float = 1.0

    @classmethod
    def fit(cls, name: str, y: Array, weight: Array | None) -> ColumnTransform:
        """The transform of a name for targets (rows,); "none" where these have no unit.

        They do not vary, or not within what float64 holds of the unit of most of them.
        """
        if name != YEO_JOHNSON:
            return cls(name)
        scaler = robust_scaler(y[:, np.newaxis], weight)
        center, scale = float(scaler.mean[0]), float(scaler.scale[0]) / HALF
        if not 0.0 < scale < math.inf:
            return cls(NONE)
        with np.errstate(over="ignore"):
            values = (y - center) / scale
        if not np.isfinite(values).all():
            return cls(NONE)
        return cls(name, _fitted_power(values, weight), center, scale)

    @classmethod
    def checked(cls, described: dict[str, Any]) -> ColumnTransform:
        """From its attributes by name; ValueError, TypeError or KeyError where they are none."""
        name = described["name"]
        numbers = {key: float(described[key]) for key in ("power", "center", "scale")}
        known = name in (NONE, LOG, YEO_JOHNSON) and all(map(math.isfinite, numbers.values()))
        if not (known and LEAST_POWER <= numbers["power"] <= MOST_POWER and numbers["scale"] > 0):
            raise ValueError(f"target_transform: {described!r:.200} is none")
        return cls(name, **numbers)

    def forward(self, y: Array) -> Array:
        """The function of numbers of any shape; infinite where it is too large for float64."""
        if self.name == LOG:
            return np.asarray(np.log(y))
        if self.name == YEO_JOHNSON:
            with np.errstate(over="ignore"):
                return yeo_johnson((y - self.center) / self.scale, self.power)
        return y

    def inverse(self, z: Array) -> Array:
        """What `forward` makes z of; infinite where that is too large for float64."""
        with np.errstate(over="ignore"):
            if self.name == LOG:
                return np.asarray(np.exp(z))
            if self.name == YEO_JOHNSON:
                return self.center + self.scale * yeo_johnson_inverse(z, self.power)
        return z


def yeo_johnson(values: Array, power: float) -> Array:
    """``((1 + v)**p - 1) / p`` for v >= 0 and ``-((1 - v)**(2 - p) - 1) / (2 - p)`` below.

    With its limits: ``log(1 + v)`` for p = 0, ``-log(1 - v)`` for p = 2 (Yeo and Johnson 2000).

    Parameters
    ----------
    values : ndarray
    power : float
        From 0 to 2: so every number is the transform of one.
    """
    p = _powers(values, power)
    with np.errstate(over="ignore"):
        return np.asarray(np.copysign(np.expm1(p * np.log1p(np.abs(values))) / p, values))


def yeo_johnson_inverse(values: Array, power: float) -> Array:
    """What `yeo_johnson` makes these values of; infinite where that is too large for float64."""
    p = _powers(values, power)
    with np.errstate(over="ignore"):
        return np.asarray(np.copysign(np.expm1(np.log1p(p * np.abs(values)) / p), values))


def yeo_johnson_slope(values: Array, power: float) -> Array:
    """The derivative of `yeo_johnson_inverse`, ``(1 + p |z|)**(1 / p - 1)``; monotone in z."""
    p = _powers(values, power)
    with np.errstate(over="ignore"):
        return np.asarray(np.exp((1.0 / p - 1.0) * np.log1p(p * np.abs(values))))


def _powers(values: Array, power: float) -> Array:
    """The power of numbers of either sign; in place of 0 one that gives the logarithm's digits."""
    return np.asarray(np.where(values < 0, max(2.0 - power, LEAST), max(power, LEAST)))


def _fitted_power(values: Array, weight: Array | None) -> float:
    """The power of the largest likelihood, were the transforms of the values normal.

    ``-W / 2 log(variance of z) + (p - 1) sum w sign(v) log(1 + |v|)``, W the sum of weights w.

    Parameters
    ----------
    values : ndarray of shape (rows,)
        By their median and the median absolute deviation from it.
    weight : ndarray of shape (rows,) or None
    """
    step = math.ceil(values.size / MOST_ROWS)
    v = values[::step]
    w = np.ones(v.size) if weight is None else weight[::step] / weight[::step].mean()
    slope = float((w * np.sign(v) * np.log1p(np.abs(v))).sum())

    def loss(power: float) -> float:
        z = yeo_johnson(v, power)
        deviation = column_statistics("z", z[:, np.newaxis], w).deviation[0]
        if not 0.0 < deviation < math.inf:
            return math.inf
        return float(w.sum() * math.log(deviation) - (power - 1.0) * slope)

    from scipy.optimize import minimize_scalar  # 0.25 s that few fits need

    bounds = (LEAST_POWER, MOST_POWER)
    inner = float(minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-3}).x)
    return min((*bounds, inner), key=loss)
