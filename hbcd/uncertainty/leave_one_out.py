"""Errors that a trained network would make on its training rows without them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.networks.checked_rows import CheckedRows
from hbcd.networks.data import into_core
from hbcd.networks.requirements import has_gauss_newton
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.losses import Loss

__all__ = ["leave_one_out", "no_less_than_linear"]

Array = NDArray[Any]
MOST_PARAMETERS = 1500  # whose matrix is formed
MOST_NUMBERS = 2e7  # of the Jacobian
RELATIVE = 1e-6  # added to the diagonal, relative to its mean
MOST_LEVERAGE = 0.9
FEW_ROWS = 20  # that a network can learn by heart
EARLY = 0.25  # of the penalty that would make the gradient of a training that ended early 0


def leave_one_out(
    network: NetworkStructure,
    theta: Array,
    rows: CheckedRows,
    counted: int,
    out: Array,
    n_threads: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Errors ``r / (1 - h)`` and leverages h (rows, n_outputs) [1]_.

    h is the leverage of a row in the Gauss-Newton matrix of all parameters, J'WJ and the penalty.
    A training that ended before its minimum has moved along few directions, which is as if the
    penalty were larger: it is taken to be a quarter of ``|g| / |theta|`` at least, g the gradient,
    which a penalty of four times that would make 0 at best.  Of networks with more than 1500
    parameters, and with losses and layers that have no such matrix, h is parameters per row.

    Parameters
    ----------
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)
    rows : CheckedRows
        Standardized, some of the training rows: inputs in the precision of theta.
    counted : int
        The number of all training rows.
    out : ndarray of shape (rows, n_outputs)
        Outputs of the network for these rows.
    n_threads : int

    References
    ----------
    .. [1] R. D. Cook and S. Weisberg, Residuals and influence in regression (1982).
    """
    p, q, n = theta.size, network.n_outputs, len(rows)
    errors = rows.y - network.loss.mean(out)
    net = network.core_network(theta.dtype)
    formed = p <= MOST_PARAMETERS and has_gauss_newton(network) and not net.calls_python
    step = max(1, -(-n * p * q // int(MOST_NUMBERS)))
    if not formed or ((n // step) * q < p and step > 1):
        h = np.full(errors.shape, min(p / counted, MOST_LEVERAGE))
        return errors / (1.0 - h), h
    taken = np.arange(0, n, step)
    some = rows.take(taken)
    data = into_core(some, theta.dtype, n_threads, 0.0)
    _, targets, jacobian = core.linearize(net, data, theta, n_threads)
    share = counted / taken.size
    flat = jacobian.reshape(p, -1)
    matrix = share * (flat @ flat.T)
    slope = share * _gradient(network.loss, some, out[taken], targets, flat)
    alpha = network.alpha * float(targets[-1].mean())  # weights: 1 of rows that have none
    slope += alpha * theta
    moved = float(np.linalg.norm(slope)) / max(float(np.linalg.norm(theta)), 1e-300)
    at = np.arange(p)
    matrix[at, at] += max(alpha, EARLY * moved)
    matrix[at, at] += RELATIVE * np.trace(matrix) / p + np.finfo(np.float64).tiny
    white = np.linalg.solve(np.linalg.cholesky(matrix), flat)
    h = np.full(errors.shape, np.nan)
    h[taken] = np.square(white).sum(axis=0).reshape(q, -1).T
    h[np.isnan(h)] = np.nanmean(h)
    h = np.minimum(h, MOST_LEVERAGE)
    return errors / (1.0 - h), h


def no_less_than_linear(errors: Array, rows: CheckedRows) -> NDArray[np.float64]:
    """Errors of less than 20 rows, each at least that of a linear model without the row.

    A network that has learned the few rows there are by heart has errors near 0, which say nothing
    of other rows.

    Parameters
    ----------
    errors : ndarray of shape (rows, n_outputs)
    rows : CheckedRows
        Standardized.
    """
    n = len(rows)
    if n >= FEW_ROWS:
        return errors
    x = np.column_stack([np.ones(n), np.asarray(rows.x[:], np.float64)])
    weight = np.ones(n) if rows.weight is None else rows.weight / rows.weight.mean()
    penalty = np.eye(x.shape[1])
    penalty[0, 0] = RELATIVE
    weighted = x.T * weight
    hat = x @ np.linalg.solve(weighted @ x + penalty, weighted)
    left = 1.0 - np.minimum(np.diag(hat), MOST_LEVERAGE)
    linear = (rows.y - hat @ rows.y) / left[:, np.newaxis]
    return np.where(np.abs(linear) > np.abs(errors), linear, errors)


def _gradient(loss: Loss, rows: CheckedRows, out: Array, targets: Array, flat: Array) -> Array:
    """That of the sum of the rows' losses, from a Jacobian with the root of their curvature."""
    q = out.shape[1]
    slopes = np.empty(out.shape)
    loss.evaluate(np.ascontiguousarray(out), np.ascontiguousarray(rows.y), slopes)
    weighted, roots = targets[-1] * slopes.T, targets[q : 2 * q]
    each = np.divide(weighted, roots, out=np.zeros_like(roots), where=roots > 0)
    return np.asarray(flat @ each.ravel())
