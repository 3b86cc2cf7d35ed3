"""The size of errors as a function of inputs and prediction, where rows left out show that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NoiseScale", "fit_noise_scale", "noise_features"]

Array = NDArray[Any]
PENALTIES = (3000.0, 300.0, 100.0, 30.0, 10.0, 3.0)
PARTS = 5
STEPS = 25
MOST_ERROR = 4.0  # of its expectation: what an outlier counts in a step
MOST_INPUTS = 32  # those that go with the size of the errors most
FEWEST_ROWS = 40
NO_ERROR = 1e-280  # errors up to it are none, and have no scale


@dataclass(frozen=True)
class NoiseScale:
    """``log E|error| = features @ coefficients + intercept``.

    Attributes
    ----------
    inputs : ndarray of int, shape (k,)
        The inputs whose features count.
    coefficients : ndarray of shape (2 k + 2,)
    intercept : float
    """

    inputs: NDArray[np.intp]
    coefficients: NDArray[np.float64]
    intercept: float

    @property
    def constant(self) -> bool:
        """Whether all rows have the same."""
        return not self.coefficients.size

    def of_rows(self, x: Array, predicted: Array) -> Array:
        """The expected size of errors (rows,).

        Parameters
        ----------
        x : ndarray of shape (rows, inputs)
            Standardized.
        predicted : ndarray of shape (rows,)
            Outputs of the network.
        """
        if self.constant:
            return np.full(len(x), np.exp(self.intercept))
        features = noise_features(x[:, self.inputs], predicted)
        sizes: Array = np.exp(features @ self.coefficients.astype(features.dtype) + self.intercept)
        return sizes


def noise_features(x: Array, predicted: Array) -> Array:
    """``tanh(z)`` and its square, of every input and of the prediction: bounded, far away too.

    Parameters
    ----------
    x : ndarray of shape (rows, k)
    predicted : ndarray of shape (rows,)
    """
    t = np.empty((len(x), 2 * x.shape[1] + 2), x.dtype)
    k = x.shape[1] + 1
    np.tanh(x, out=t[:, : k - 1])
    t[:, k - 1] = np.tanh(predicted)
    np.square(t[:, :k], out=t[:, k:])
    return t


def fit_noise_scale(
    x: Array, predicted: Array, error: Array, weight: Array | None
) -> tuple[NoiseScale, NDArray[np.float64]]:
    """The scale of errors, and for every row that of a scale fitted without it.

    Errors are taken to be exponential in size, which is quasi-likelihood: ``eta + |e| exp(-eta)``
    with ``eta = log E|e|`` linear in the features, under an L2 penalty.  The penalty has the least
    loss of rows left out, in five parts.  What it gains over a constant counts in full from two
    standard errors on, and not at all below one.

    Parameters
    ----------
    x : ndarray of shape (rows, inputs)
    predicted, error : ndarray of shape (rows,)
    weight : ndarray of shape (rows,) or None

    Returns
    -------
    scale : NoiseScale
    of_rows : ndarray of shape (rows,)
    """
    size = np.abs(error).astype(np.float64)
    largest = float(size.max())
    if largest <= NO_ERROR:
        return NoiseScale(np.empty(0, np.intp), np.empty(0), 0.0), np.ones(size.size)
    size = np.maximum(size, 1e-12 * largest)
    share = np.ones(size.size) if weight is None else weight / weight.mean()
    mean = float(np.log(np.average(size, weights=share)))
    nothing = NoiseScale(np.empty(0, np.intp), np.empty(0), mean)
    if size.size < FEWEST_ROWS:
        return nothing, np.full(size.size, np.exp(mean))
    inputs = _chosen(x, size)
    features = noise_features(x[:, inputs].astype(np.float64), predicted.astype(np.float64))
    left_out = _left_out(features, size, share)
    losses = left_out + size * np.exp(-left_out)
    best = int(np.argmin(losses @ share))
    trust = _trust(losses[0] - losses[best], share)
    if trust == 0.0:
        return nothing, np.exp(left_out[0])
    coefficients, intercept = _fitted(features, size, share, (PENALTIES[best - 1],))[0]
    intercept = mean + trust * (intercept - mean)
    own = left_out[0] + trust * (left_out[best] - left_out[0])
    return NoiseScale(inputs, trust * coefficients, intercept), np.exp(own)


def _chosen(x: Array, size: Array) -> NDArray[np.intp]:
    """The inputs whose features go with the size of the errors most, at most so many."""
    if x.shape[1] <= MOST_INPUTS:
        return np.arange(x.shape[1])
    t = np.tanh(x)
    target = np.log(size + size.mean())
    target = (target - target.mean()) / max(float(target.std()), 1e-300)
    found = np.zeros(x.shape[1])
    for one in (t, t * t):
        centered = one - one.mean(axis=0)
        spread = np.maximum(centered.std(axis=0), 1e-12)
        found = np.maximum(found, np.abs(target @ centered) / spread)
    return np.sort(np.argsort(-found, kind="stable")[:MOST_INPUTS])


def _left_out(features: Array, size: Array, share: Array) -> NDArray[np.float64]:
    """Logarithms of scales for rows left out by turns, (1 + penalties, rows); first a constant."""
    n = size.size
    part = np.random.default_rng(0).permutation(n) % PARTS
    found = np.empty((1 + len(PENALTIES), n))
    for k in range(PARTS):
        fit, left = part != k, part == k
        found[0, left] = np.log(np.average(size[fit], weights=share[fit]))
        fits = _fitted(features[fit], size[fit], share[fit], PENALTIES)
        for i, (coefficients, intercept) in enumerate(fits):
            found[1 + i, left] = features[left] @ coefficients + intercept
    return found


def _trust(gained: Array, share: Array) -> float:
    """0 up to a gain of one standard error, 1 from two on."""
    weighted = gained * share
    spread = float(weighted.std())
    if spread == 0.0:
        return 0.0
    return float(np.clip(weighted.mean() * np.sqrt(gained.size) / spread - 1.0, 0.0, 1.0))


def _fitted(
    features: Array, size: Array, share: Array, penalties: tuple[float, ...]
) -> list[tuple[NDArray[np.float64], float]]:
    """Coefficients and intercept at each penalty, by Fisher scoring, whose matrix is constant."""
    total = float(share.sum())
    mean = share @ features / total
    centered = features - mean
    matrix = centered.T @ (centered * share[:, np.newaxis])
    values, vectors = np.linalg.eigh(matrix)
    rotated = centered @ vectors
    found = []
    for penalty in penalties:
        b, intercept = np.zeros(values.size), float(np.log(share @ size / total))
        for _ in range(STEPS):
            eta = rotated @ b
            off = np.minimum(size * np.exp(-eta - intercept), MOST_ERROR) - 1.0
            b = (rotated.T @ (share * (eta + off))) / (np.maximum(values, 0.0) + penalty)
            intercept = float(np.log(share @ (size * np.exp(-(rotated @ b))) / total))
        coefficients = vectors @ b
        found.append((coefficients, intercept - float(mean @ coefficients)))
    return found
