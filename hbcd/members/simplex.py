"""Weights that are at least 0 and sum to 1, with the least loss of weighted predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.parts.losses import Loss, SquaredError

__all__ = ["least_loss", "quadratic"]

Array = NDArray[Any]
ROUNDS = 30  # of quadratic models of a loss
TOLERANCE = 1e-9


def quadratic(matrix: Array, linear: Array) -> NDArray[np.float64]:
    """The minimum of ``w @ matrix @ w / 2 + linear @ w`` over w >= 0, sum(w) = 1.

    An active-set method (P. Wolfe, "Finding the nearest point in a polytope", 1976): the minimum
    over a growing set of weights; where one of them would be negative the step ends at 0 and it
    leaves the set.

    Parameters
    ----------
    matrix : ndarray of shape (k, k)
        Positive definite.
    linear : ndarray of shape (k,)
    """
    k = linear.size
    w = np.zeros(k)
    start = int(np.argmin(0.5 * np.diag(matrix) + linear))
    w[start] = 1.0
    held = [start]
    for _ in range(20 * k):
        gradient = matrix @ w + linear
        level = gradient @ w
        new = int(np.argmin(gradient))
        if new in held or gradient[new] >= level - TOLERANCE * (1.0 + abs(level)):
            break
        held.append(new)
        while True:
            best = _on(matrix, linear, held)
            if (best > 0).all():
                break
            at = w[held]
            falling = best <= 0
            step = float(np.min(at[falling] / np.maximum(at[falling] - best[falling], 1e-300)))
            moved = at + step * (best - at)
            leaving = falling & (moved <= 1e-12)
            if not leaving.any():
                leaving[int(np.argmin(np.where(falling, moved, np.inf)))] = True
            w[:] = 0.0
            held = [j for j, gone in zip(held, leaving, strict=True) if not gone]
            w[held] = np.maximum(moved[~leaving], 0.0)
            w /= w.sum()
        w[:] = 0.0
        w[held] = best
    return w


def _on(matrix: Array, linear: Array, held: list[int]) -> Array:
    """The minimum with sum 1 over the weights in `held`, of any sign."""
    m = len(held)
    system = np.ones((m + 1, m + 1))
    system[:m, :m] = matrix[np.ix_(held, held)]
    system[m, m] = 0.0
    return np.linalg.solve(system, np.append(-linear[held], 1.0))[:m]


def least_loss(
    loss: Loss, predicted: Array, target: Array, weight: Array | None
) -> NDArray[np.float64]:
    """Weights of members with the least mean loss of their weighted outputs.

    Parameters
    ----------
    loss : Loss
    predicted : ndarray of shape (members, rows, outputs)
    target : ndarray of shape (rows, outputs)
    weight : ndarray of shape (rows,) or None
    """
    k, n, outputs = predicted.shape
    share = np.full(n, 1.0 / n) if weight is None else weight / weight.sum()
    flat = predicted.reshape(k, n * outputs)
    if type(loss) is SquaredError:
        off = flat - target.reshape(1, -1)
        gram = _gram(off, np.repeat(share, outputs))
        return quadratic(_definite(gram), np.zeros(k))
    w = np.full(k, 1.0 / k)
    value, gradient = _value(loss, w, predicted, target, share)
    for _ in range(ROUNDS):
        curvature = _curvature(loss, w, predicted, target) * share[:, np.newaxis]
        model = _definite(_gram(flat, curvature.reshape(-1)))
        aim = quadratic(model, gradient - model @ w)
        slope = float(gradient @ (aim - w))
        if slope >= -TOLERANCE * (1.0 + abs(value)):
            break
        step = 1.0
        while step > 1e-4:
            trial = w + step * (aim - w)
            found, new = _value(loss, trial, predicted, target, share)
            if found <= value + 0.1 * step * slope:
                break
            step *= 0.5
        else:
            break
        w, value, gradient = trial, found, new
    return w


def _gram(rows: Array, weight: Array) -> Array:
    """``rows @ diag(weight) @ rows.T``, in one order of summation at any number of threads."""
    gram: Array = np.einsum("in,jn->ij", rows * weight, rows, optimize=False)
    return gram


def _definite(gram: Array) -> Array:
    k = gram.shape[0]
    made: Array = gram + (1e-9 * float(np.trace(gram)) / k + 1e-300) * np.eye(k)
    return made


def _value(
    loss: Loss, w: Array, predicted: Array, target: Array, share: Array
) -> tuple[float, Array]:
    out = np.einsum("k,kno->no", w, predicted)
    grad = np.empty_like(out)
    each = loss.evaluate(out, target, grad)
    grad *= share[:, np.newaxis]
    return float(each @ share), np.einsum("kno,no->k", predicted, grad)


def _curvature(loss: Loss, w: Array, predicted: Array, target: Array) -> Array:
    """Second derivatives of each row's loss in its outputs, by differences; at least a little."""
    out = np.einsum("k,kno->no", w, predicted)
    step = 1e-2
    low, high = np.empty_like(out), np.empty_like(out)
    loss.evaluate(out - step, target, low)
    loss.evaluate(out + step, target, high)
    bend = np.maximum((high - low) / (2.0 * step), 0.0)
    made: Array = bend + 1e-3 * (1.0 + float(bend.mean()))
    return made
