"""Probabilities of classes that agree with how often the class comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.members.calibration import output_factor
from hbcd.members.parts import PARTS, part_of_rows
from hbcd.parts.losses import Loss

__all__ = ["KINDS", "Calibrator", "cross_fitted", "fit_calibrator", "probabilities"]

Array = NDArray[Any]
KINDS = ("temperature", "isotonic")


def probabilities(loss: Loss, out: Array) -> Array:
    """Of all classes (rows, classes), from outputs (rows, n_outputs)."""
    return np.hstack([loss.mean(-out), loss.mean(out)]) if out.shape[1] == 1 else loss.mean(out)


@dataclass(frozen=True)
class Calibrator:
    """Probabilities from outputs.

    Attributes
    ----------
    factor : float
        Of the outputs: 1 over the temperature.
    curves : list of (ndarray, ndarray)
        Of every class, of two classes of the second alone: probabilities, rising, and the shares of
        rows of the class there.  Empty: probabilities stay as they are.
    """

    factor: float
    curves: list[tuple[Array, Array]]

    def of_outputs(self, loss: Loss, out: Array) -> Array:
        """Probabilities (rows, classes); rows sum to 1.

        Parameters
        ----------
        loss : Loss
        out : ndarray of shape (rows, n_outputs)
        """
        found = probabilities(loss, self.factor * out)
        if not self.curves:
            return found
        if len(self.curves) == 1:
            second = np.interp(found[:, 1], *self.curves[0])
            return np.column_stack([1.0 - second, second])
        found = np.column_stack(
            [np.interp(p, *c) for p, c in zip(found.T, self.curves, strict=True)]
        )
        return np.asarray(found / found.sum(axis=1, keepdims=True))


def fit_calibrator(
    kind: str | None, loss: Loss, out: Array, target: Array, weight: Array | None
) -> Calibrator:
    """A calibrator from rows that had no part in the training.

    Parameters
    ----------
    kind : {"temperature", "isotonic"} or None
        The outputs over a number [1]_, or for each class a rising function of its probability, the
        least squares fit to whether a row is of the class [2]_, and rows divided by their sums.
    loss : Loss
    out, target : ndarray of shape (rows, n_outputs)
    weight : ndarray of shape (rows,) or None

    References
    ----------
    .. [1] C. Guo et al., On calibration of modern neural networks (2017).
    .. [2] B. Zadrozny and C. Elkan, Transforming classifier scores into accurate multiclass
       probability estimates (2002).
    """
    if kind is None:
        return Calibrator(1.0, [])
    if kind == "temperature":
        return Calibrator(output_factor(loss, out, target, weight), [])
    found = probabilities(loss, out)
    columns = found.T[1:] if found.shape[1] == 2 else found.T
    return Calibrator(1.0, [_rising(p, t, weight) for p, t in zip(columns, target.T, strict=True)])


def cross_fitted(
    kind: str | None, loss: Loss, out: Array, target: Array, weight: Array | None
) -> Array:
    """Probabilities of rows, each by a calibrator of the others, in five parts.

    Parameters
    ----------
    kind, loss, out, target, weight
        As for `fit_calibrator`.
    """
    if kind is None or len(out) < 2 * PARTS:
        return probabilities(loss, out)
    part = part_of_rows(target)
    found = np.empty((len(out), max(out.shape[1], 2)))
    for k in range(PARTS):
        fit, left = part != k, part == k
        some = None if weight is None else weight[fit]
        found[left] = fit_calibrator(kind, loss, out[fit], target[fit], some).of_outputs(
            loss, out[left]
        )
    return found


def _rising(p: Array, hit: Array, weight: Array | None) -> tuple[Array, Array]:
    """The rising function nearest to hits, by pooling neighbors that fall, between 0 and 1."""
    order = np.argsort(p, kind="stable")
    w = np.ones(p.size) if weight is None else weight[order]
    blocks: list[list[float]] = []  # sums of weight, of hits and of probabilities
    for one, share, chance in zip(w, hit[order], p[order], strict=True):
        blocks.append([float(one), float(one * share), float(one * chance)])
        while len(blocks) > 1 and (blocks[-2][1] * blocks[-1][0] >= blocks[-1][1] * blocks[-2][0]):
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    total, hits, chances = np.array(blocks).T
    least = 1.0 / (p.size + 2.0)  # no row can say that a class never comes
    return chances / total, np.clip(hits / total, least, 1.0 - least)
