"""What one more row does to a trained network's residuals, by its Gauss-Newton matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.networks.checked_rows import CheckedRows
from hbcd.training.network import Network
from hbcd.uncertainty.distance import member_parts
from hbcd.uncertainty.full_conformal import reaches
from hbcd.uncertainty.leave_one_out import EARLY, FEW_ROWS

__all__ = ["Influence"]

Array = NDArray[Any]
MOST_PARAMETERS = 3000  # of one network, whose matrix is formed
MOST_NUMBERS = 1e8  # of all derivatives at the training rows
PIECE = 4e6  # numbers of a piece of new rows
RELATIVE = 1e-13, 1e-9, 1e-6  # added to the diagonal, relative to its mean, until it has a root


@dataclass(frozen=True)
class _Part:
    """One of the networks whose weighted sum is the model."""

    share: float
    alpha: float
    weights: NDArray[np.intp]  # in theta, those of the last layer at first; the penalty is on them
    biases: NDArray[np.intp]
    last: int  # how many weights are of the last layer; 0: its errors are the model's

    @property
    def index(self) -> NDArray[np.intp]:
        return np.concatenate([self.weights, self.biases])


class Influence:
    """Residuals of training rows, and how they move with the target of a row that joins them.

    The network is taken to be linear in its parameters where it is now, and the new optimum under
    its penalty is one Gauss-Newton step away [1]_.  A target that lies t above the prediction f(x)
    then moves the residual of row i by ``-k(i, x) / (1 + k(x, x)) t``, with
    ``k(i, x) = J(i) H^-1 J(x)'``, H the matrix of the training rows and the penalty.  Of several
    networks it is their weighted mean of that, each with its own matrix and penalty.  A training
    that ended early has moved along few directions, which is as if the penalty were larger: as
    much as `leave_one_out` has it.

    Parameters
    ----------
    network : Network
    theta : ndarray of shape (n_parameters,)
    rows : CheckedRows
        All training rows, standardized and without weights.
    members : sequence of dict
        Name, networks, alpha and weight of each; of one network none.
    n_threads : int or None

    Raises
    ------
    ValueError
        The matrices would be too large; a network with hidden layers has less than 20 rows.

    References
    ----------
    .. [1] D. Tailor, A. H. C. Correia, E. Nalisnick, C. Louizos, Approximating full conformal
       prediction for neural network regression with Gauss-Newton influence, ICLR (2025).
    """

    def __init__(
        self,
        network: Network,
        theta: Array,
        rows: CheckedRows,
        members: Sequence[dict[str, Any]],
        n_threads: int | None,
    ) -> None:
        self.network, self.theta, self.rows = network, theta, rows
        self.n_threads = n_threads
        self.parts = _parts(network, theta, members)
        # Linear members are one linear map in the network: their matrix is that of the inputs.
        self.linear = [
            (float(one["weight"]), float(one["alpha"]), one["name"] == "linear")
            for one in members
            if one["weight"] > 0.0 and one["name"] in ("constant", "linear")
        ]
        if len(rows) < FEW_ROWS and len(network.layers) > 2:
            raise ValueError(
                f"method='full_conformal': {len(rows)} rows are few enough for a network to learn "
                f"them by heart, must be at least {FEW_ROWS}: use method='auto'"
            )
        numbers = len(rows) * network.n_outputs * theta.size
        most = max((part.index.size for part in self.parts), default=0)
        if most > MOST_PARAMETERS or numbers > MOST_NUMBERS:
            raise ValueError(
                f"method='full_conformal': {len(rows)} rows and {theta.size} parameters, {most} of "
                "one network, are too many for its matrices: use method='auto', or fewer neurons"
            )

    def __getstate__(self) -> dict[str, Any]:
        """Without what follows from the rest."""
        return {name: one for name, one in self.__dict__.items() if name != "_known"}

    def reaches(self, x: Array, level: float) -> NDArray[np.float64]:
        """How far the hull of the conformal set goes below and above, (2, rows, n_outputs).

        Parameters
        ----------
        x : ndarray of shape (rows, n_inputs)
            Standardized, in the precision of theta.
        level : float
        """
        q, residual = self.network.n_outputs, self._known[0]
        found = np.empty((2, len(x), q))
        step = max(1, int(PIECE // max(q * self.theta.size, len(residual))))
        for begin in range(0, len(x), step):
            piece = slice(begin, begin + step)
            for j, (slopes, own) in enumerate(self._slopes(x[piece])):
                found[:, piece, j] = reaches(residual[:, j], slopes, own, level)
        return found

    def _slopes(self, x: Array) -> list[tuple[Array, Array]]:
        """Of the residuals of all training rows and of the new one's, for every output."""
        q, solved = self.network.n_outputs, self._known[1]
        found = [(np.zeros((len(x), len(self.rows))), np.ones(len(x))) for _ in range(q)]
        shares = [part.share for part in self.parts] + [share for share, _, _ in self.linear]
        for share, new, known in zip(shares, self._features(x), solved, strict=True):
            for j, (slopes, own) in enumerate(found):
                across, k = known.of_rows(new[:, j], j)
                slopes -= share * across / (1.0 + k)[:, np.newaxis]
                own -= share * k / (1.0 + k)
        return found

    @cached_property
    def _known(self) -> tuple[Array, list[_Solved]]:
        """Residuals, and every part's matrix."""
        rows, q = self.rows, self.network.n_outputs
        out = self.network.predict(self.theta, rows.x, n_threads=self.n_threads)
        residual = rows.y - out.astype(np.float64)
        solved = []
        for k, features in enumerate(self._features(rows.x)):
            if k < len(self.parts):
                penalty = self._penalty(self.parts[k], features, residual)
            else:
                _, alpha, sloped = self.linear[k - len(self.parts)]
                penalty = np.full(features.shape[2], q * alpha if sloped else 0.0)
                penalty[-q:] = 0.0
            solved.append(_Solved(features, penalty))
        return residual, solved

    def _penalty(self, part: _Part, features: Array, residual: Array) -> Array:
        """That of the loss, or the larger one that would have the training end where it did."""
        q, theta = self.network.n_outputs, self.theta.astype(np.float64)
        penalty = np.zeros(features.shape[2])
        penalty[: part.weights.size] = q * part.alpha  # the loss is a mean over outputs
        value = np.zeros(features.shape[2])
        value[: part.index.size] = theta[part.index]
        if part.last:
            value[: part.last] /= part.share
            residual = self.rows.y - features[:, :, : part.last] @ value[: part.last]
            residual = residual - residual.mean(axis=0)
        slope = np.einsum("njp,nj->p", features, residual) - penalty * value
        moved = float(np.linalg.norm(slope)) / max(float(np.linalg.norm(value)), 1e-300)
        return np.maximum(penalty, EARLY * moved)

    def _features(self, x: Array) -> Any:
        """Derivatives of every part's outputs in its parameters, (rows, n_outputs, parameters)."""
        each = np.eye(self.network.n_outputs)
        if self.parts:
            theta, threads = self.theta, self.n_threads
            jacobian = self.network.jacobian(theta, x, n_threads=threads).astype(np.float64)
            bias = np.broadcast_to(each, (len(x), *each.shape))
            for part in self.parts:
                own = jacobian[:, :, part.index]
                if part.last:  # theta has the share in the last weights; their biases are one
                    own[:, :, part.last :] /= part.share
                    own = np.concatenate([own, bias], axis=2)
                yield own
        for _, _, sloped in self.linear:
            inputs = x.astype(np.float64) if sloped else np.empty((len(x), 0))
            ones = np.column_stack([inputs, np.ones(len(x))])
            yield np.einsum("np,jk->njpk", ones, each).reshape(len(x), len(each), -1)


def _parts(network: Network, theta: Array, members: Sequence[dict[str, Any]]) -> list[_Part]:
    """The networks of weighted members, or the one network."""
    count = len(network.layers)
    places = np.arange(theta.size, dtype=np.float64)  # of which the layers give views
    layers = [one for k in range(1, count) if (one := network.dense_parts(k, places))]
    if not members:
        each = [part.weights.ravel() for layer in layers for part in layer]
        own = np.concatenate([np.empty(0), *each]).astype(np.intp)
        rest = np.setdiff1d(np.arange(theta.size), own)
        return [_Part(1.0, network.alpha, own, rest, 0)]
    found = []
    for k, member in enumerate(member_parts(members)):
        blocks = [layer[k] for layer in layers[:-1]]
        last = layers[-1][0].weights[blocks[-1].outputs].ravel()
        weights = np.concatenate([last, *(block.weights.ravel() for block in blocks)])
        biases = np.concatenate([block.bias for block in blocks])
        own, rest = weights.astype(np.intp), biases.astype(np.intp)
        found.append(_Part(member.share, member.alpha, own, rest, last.size))
    return found


class _Solved:
    """``k = J H^-1 J'`` between the training rows and new ones, of one part.

    Where the rows have fewer residuals than the part has parameters, all of these penalized, the
    matrix that is formed is that of the rows: ``I + J D^-1 J'``, D the penalty.
    """

    def __init__(self, features: Array, penalty: Array) -> None:
        self.flat = features.reshape(-1, features.shape[2])
        self.outputs = features.shape[1]
        self.penalty = None
        if len(self.flat) < penalty.size and penalty.min() > RELATIVE[1] * penalty.max():
            self.penalty = penalty
            matrix = (self.flat / penalty) @ self.flat.T
            matrix[np.diag_indices(len(matrix))] += 1.0
            self.root = np.linalg.inv(matrix)
        else:
            self.root = _root(self.flat, penalty)
            self.flat = self.flat @ self.root

    def of_rows(self, new: Array, output: int) -> tuple[Array, Array]:
        """To all training rows (rows, n) and to itself (rows,), of new rows' features."""
        if self.penalty is None:
            white = new @ self.root
            across, own = white @ self.flat[output :: self.outputs].T, white
            return across, np.square(own).sum(axis=1)
        divided = new / self.penalty
        first = divided @ self.flat.T
        across = first @ self.root
        own = (divided * new).sum(axis=1) - (first * across).sum(axis=1)
        return across[:, output :: self.outputs], np.maximum(own, 0.0)


def _root(flat: Array, penalty: Array) -> NDArray[np.float64]:
    """M with ``M M' = H^-1``."""
    matrix = flat.T @ flat
    at = np.arange(len(matrix))
    matrix[at, at] += penalty
    mean = np.trace(matrix) / len(matrix)
    for relative in RELATIVE:
        matrix[at, at] += relative * mean + np.finfo(np.float64).tiny
        try:
            root = np.linalg.cholesky(matrix)
        except np.linalg.LinAlgError:
            continue
        return np.ascontiguousarray(np.linalg.inv(root).T, np.float64)
    raise ValueError("method='full_conformal': the matrix of the network is not finite")
