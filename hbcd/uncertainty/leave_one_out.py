"""Errors that a trained network would make on its training rows without them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.networks.checked_rows import CheckedRows
from hbcd.networks.data import into_core
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.losses import has_curvature

__all__ = ["leave_one_out"]

Array = NDArray[Any]
MOST_PARAMETERS = 1500  # whose matrix is formed
MOST_NUMBERS = 2e7  # of the Jacobian
RELATIVE = 1e-6  # added to the diagonal, relative to its mean
MOST_LEVERAGE = 0.9


def leave_one_out(
    network: NetworkStructure,
    theta: Array,
    rows: CheckedRows,
    counted: int,
    errors: Array,
    n_threads: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Errors ``r / (1 - h)`` and leverages h (rows, n_outputs) [1]_.

    h is the leverage of a row in the Gauss-Newton matrix of all parameters, J'WJ and the penalty;
    of networks with more than 1500 parameters, and with losses that have no such matrix, parameters
    per row.

    Parameters
    ----------
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)
    rows : CheckedRows
        Standardized, some of the training rows: inputs in the precision of theta.
    counted : int
        The number of all training rows.
    errors : ndarray of shape (rows, n_outputs)
    n_threads : int

    References
    ----------
    .. [1] R. D. Cook and S. Weisberg, Residuals and influence in regression (1982).
    """
    p, q, n = theta.size, network.n_outputs, len(rows)
    net = network.core_network(theta.dtype)
    formed = p <= MOST_PARAMETERS and has_curvature(network.loss) and not net.calls_python
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
    scale = float(targets[-1].mean())  # weights as the core has them, 1 of rows without weights
    at = np.arange(p)
    ridge = network.alpha * scale + RELATIVE * np.trace(matrix) / p + np.finfo(np.float64).tiny
    matrix[at, at] += ridge
    white = np.linalg.solve(np.linalg.cholesky(matrix), flat)
    h = np.full(errors.shape, np.nan)
    h[taken] = np.square(white).sum(axis=0).reshape(q, -1).T
    h[np.isnan(h)] = np.nanmean(h)
    h = np.minimum(h, MOST_LEVERAGE)
    return errors / (1.0 - h), h
