"""A network to first order in its parameters: leave-one-out losses, the worth of what it has."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.losses import CrossEntropy

__all__ = ["LinearModel"]

Array = NDArray[np.float64]
Index = NDArray[np.intp]

RELATIVE = 1e-9  # added to the diagonal of H, relative to itself and to its largest element
MOST_LEVERAGE = 1.0 - 1e-6


class LinearModel:
    """A network linearized at theta on training rows, with the Gauss-Newton matrix of its loss.

    Sums over rows and outputs take the place of means: with W the Gauss-Newton weights of the loss,
    ``H = J'WJ + penalty``, ``e`` the errors for which ``J'We`` is the gradient (``out - y`` for the
    squared error, slope over root of the weight else).

    Parameters
    ----------
    network : NetworkStructure
        Of dense layers, or of parts that share their inputs, with a built-in loss.
    data : core.Data
    theta : ndarray of shape (n_parameters,)
    n_threads : int
    most_rows : int
        Of more rows so many are taken, evenly spaced, and stand for all.

    Attributes
    ----------
    layer_outputs : list of ndarray of shape (width, rows)
        The inputs, then what each layer puts out.
    slopes : list of ndarray of shape (width, n_outputs, rows)
        Of the weighted outputs in what enters the activation of each neuron, by layers.
    errors : ndarray of shape (n_outputs, rows)
    jacobian : ndarray of shape (n_parameters, n_outputs * rows)
        Whitened, ``L^-1 J'W^(1/2)`` with ``L L' = H``: what it does not span, no change of the
        parameters reaches.
    residual : ndarray of shape (n_outputs * rows,)
        The weighted errors after the Gauss-Newton step of all parameters.
    penalty : float
        Of a squared weight, in the units of these sums.
    outputs_without : ndarray of shape (rows, n_outputs)
        The outputs that every row would have got without it (approximately).
    losses, weights : ndarray of shape (rows,)
        The loss of every row, predicted by the network trained without it (approximately), and the
        weight with which it counts.
    effective : float
        Effective number of parameters, the sum of all leverages.
    variance : float
        Of the weighted errors: their squares over what is left of the rows.
    """

    def __init__(
        self,
        network: NetworkStructure,
        data: core.Data,
        theta: NDArray[Any],
        n_threads: int,
        most_rows: int,
    ) -> None:
        share = min(1.0, most_rows / data.rows)
        if share < 1.0:
            index = np.arange(most_rows, dtype=np.int64) * data.rows // most_rows
            data = core.take_rows(data, index, n_threads)
        self.network, self.n_threads = network, n_threads
        self.theta = theta.astype(np.float64)
        self.rows = int(data.rows)
        net = network.core_network(theta.dtype)
        outputs, targets, jacobian = core.linearize(net, data, theta, n_threads)
        edges = np.cumsum([network.n_inputs, *network.widths])
        self.layer_outputs = np.split(outputs, edges[:-1])
        self.weights = targets[-1]
        n_outputs = network.n_outputs
        self._places = _places(network)
        self.slopes = [jacobian[place.biases] for place in self._places]
        row_sum = isinstance(network.loss, CrossEntropy)
        scale = float(self.weights.sum()) * (1 if row_sum else n_outputs)
        _, gradient, matrix = net.normal(data, theta, -1, n_threads)
        counted = max(int(np.count_nonzero(self.weights)), 1)
        self.penalty = scale * network.alpha * share / counted
        self.matrix, self.gradient = matrix * scale, gradient * scale
        self.jacobian = jacobian.reshape(network.n_parameters, -1)
        self.ridge = self._whiten()
        truth, out = targets[:n_outputs], self.layer_outputs[-1]
        root = self._root(truth, targets[n_outputs : 2 * n_outputs])
        self.errors = self._errors(out, truth, root)
        step = self.gradient[:, np.newaxis].copy()
        core.whiten(self.matrix, self.ridge, step, n_threads)
        self.residual = self.errors.reshape(-1) - core.row_sums(self.jacobian, step.T, n_threads)[0]
        self._leave_one_out(out, truth, root, share)

    def _whiten(self) -> Array:
        """Whitens the Jacobian; what was added to the diagonal of H for that."""
        diagonal = np.diag(self.matrix).copy()
        add = RELATIVE * (diagonal + diagonal.max()) + np.finfo(np.float64).tiny
        while not core.whiten(self.matrix, add, self.jacobian, self.n_threads):
            add = 10.0 * add
        return np.asarray(add)

    def _root(self, truth: Array, diagonal: Array) -> Array:
        """The root of every output's weight; of classes ``sqrt(w s p)``, s the sum of shares."""
        if not isinstance(self.network.loss, CrossEntropy):
            return diagonal
        shares = self.network.loss.mean(self.layer_outputs[-1].T).T
        return np.asarray(np.sqrt(self.weights * truth.sum(axis=0) * shares))

    def _errors(self, out: Array, truth: Array, root: Array) -> Array:
        """Errors whose products with the weighted Jacobian are the gradient."""
        slope = np.empty((self.rows, self.network.n_outputs))
        self.network.loss.evaluate(out.T.copy(), truth.T.copy(), slope)
        weighted = slope.T * self.weights
        return np.asarray(np.divide(weighted, root, out=np.zeros_like(weighted), where=root > 0))

    def _leave_one_out(self, out: Array, truth: Array, root: Array, share: float) -> None:
        """The outputs that every row would have got without it, and their losses.

        With the leverage M of a row, (n_outputs, n_outputs): ``(1 - M)^-1 e`` are its errors then.
        """
        n_outputs = self.network.n_outputs
        parts = self.jacobian.reshape(-1, n_outputs, self.rows)
        leverage = np.empty((self.rows, n_outputs, n_outputs))
        for j in range(n_outputs):
            for k in range(j + 1):
                both = np.einsum("pr,pr->r", parts[:, j], parts[:, k])
                leverage[:, j, k] = leverage[:, k, j] = both
        self.effective = float(np.trace(leverage, axis1=1, axis2=2).sum())
        freedom = max(self.rows * n_outputs - self.effective, 1.0)
        self.variance = float(np.square(self.errors).sum()) / freedom
        leverage *= share
        size = np.linalg.norm(leverage, axis=(1, 2))
        leverage *= np.minimum(1.0, MOST_LEVERAGE / np.maximum(size, 1e-300))[:, None, None]
        errors = self.errors.T[..., np.newaxis]
        change = np.linalg.solve(np.eye(n_outputs) - leverage, errors)[..., 0].T - self.errors
        without = out + np.divide(change, root, out=np.zeros_like(change), where=root > 0)
        self.outputs_without = without.T.copy()
        self.losses = self.network.loss.evaluate(self.outputs_without, truth.T.copy(), None)

    @property
    def loss(self) -> float:
        """The mean of `losses`."""
        return float((self.losses * self.weights).sum() / self.weights.sum())

    def difference_error(self, other: LinearModel) -> float:
        """The standard error of the difference between two mean losses on the same rows.

        Parameters
        ----------
        other : LinearModel

        Returns
        -------
        float
        """
        share = self.weights / self.weights.sum()
        apart = self.losses - other.losses
        return float(np.sqrt(np.square(share * (apart - (share * apart).sum())).sum()))

    def least_needed(self, count: int) -> tuple[list[tuple[int, int]], Array]:
        """The neurons that cost least to take out, and theta where all others make up for them.

        One after another that for which ``v'(H^-1)_vv^-1 v / 2`` is least, v the weights that lead
        out of it: what the sum of losses rises by once these are 0 and all other parameters have
        readjusted; of one weight ``v**2 / (2 (H^-1)_vv)`` (Hassibi and Stork 1993).  H is that
        without the neurons taken out before.  Every layer keeps one neuron.

        Parameters
        ----------
        count : int

        Returns
        -------
        neurons : list of (int, int)
            Index into `network.layers`, number in the layer; at most `count` of them.
        theta : ndarray of shape (n_parameters,)
        """
        root = np.eye(len(self.gradient))
        core.whiten(self.matrix, self.ridge, root, self.n_threads)
        root = root.T.copy()
        inverse, theta = core.row_products(root, root, self.n_threads), self.theta.copy()
        widths = list(self.network.widths[:-1])
        left = [(layer + 1, k) for layer, width in enumerate(widths) for k in range(width)]
        taken: list[tuple[int, int]] = []
        while len(taken) < count and (ready := [at for at in left if widths[at[0] - 1] > 1]):
            costs = [_cost(theta, inverse, self._outgoing(*at)) for at in ready]
            least = ready[int(np.argmin(costs))]
            own = self._outgoing(*least)
            rows = inverse[own].copy()
            both = np.column_stack([rows, theta[own]])
            factors: Array = np.linalg.solve(rows[:, own], both).astype(np.float64)
            theta -= core.row_sums(rows, factors[:, -1][np.newaxis].copy(), 1)[0]
            inverse -= core.row_sums(
                np.ascontiguousarray(factors[:, :-1]), np.ascontiguousarray(rows.T), self.n_threads
            )
            theta[own] = 0.0
            widths[least[0] - 1] -= 1
            left.remove(least)
            taken.append(least)
        return taken, theta

    def add(self, layer: int, outputs: Array, number: int | None = None) -> None:
        """Takes in a neuron whose outgoing weights are 0: what these can do counts as done.

        Parameters
        ----------
        layer : int
            Index into `network.layers` of its layer.
        outputs : ndarray of shape (rows,)
        number : int, optional
            Its place among the neurons of that layer; None: the last one.
        """
        columns = (self.slopes[layer] * outputs).reshape(-1, self.residual.size)
        inside = core.row_products(self.jacobian, columns, self.n_threads)
        outside = columns - core.row_sums(self.jacobian, inside, self.n_threads)
        matrix = core.row_products(columns, columns, self.n_threads)
        matrix -= core.row_products(inside, inside, self.n_threads)
        add = self.penalty + RELATIVE * (np.diag(matrix) + np.diag(matrix).max())
        new = np.ascontiguousarray(outside)
        if not core.whiten(matrix, add + np.finfo(np.float64).tiny, new, self.n_threads):
            return
        step = core.row_products(new, self.residual[np.newaxis], self.n_threads)
        self.residual = self.residual - core.row_sums(new, step, self.n_threads)[0]
        self.jacobian = np.concatenate([self.jacobian, new])
        known = self.layer_outputs[layer]
        at = len(known) if number is None else number
        self.layer_outputs[layer] = np.insert(known, at, outputs, axis=0)

    def _outgoing(self, layer: int, neuron: int) -> Index:
        """Where in theta the weights lie that lead out of a neuron."""
        return np.asarray(self._places[layer].weights[neuron])


class _Places(NamedTuple):
    """Where in theta the parameters of a layer lie: weights (n_in, n_out), biases (n_out,)."""

    weights: Index
    biases: Index


def _places(network: NetworkStructure) -> list[_Places]:
    """Those of every layer, whose parts read the same inputs."""
    numbers = np.arange(network.n_parameters, dtype=np.float64)
    found = []
    for k in range(1, len(network.layers)):
        parts = network.dense_parts(k, numbers)
        weights = np.column_stack([part.weights for part in parts])
        biases = np.concatenate([part.bias for part in parts])
        found.append(_Places(weights.astype(np.intp), biases.astype(np.intp)))
    return found


def _cost(theta: Array, inverse: Array, own: Index) -> float:
    """What the sum of losses rises by where some parameters become 0."""
    within = inverse[own[:, np.newaxis], own]
    return float(0.5 * theta[own] @ np.linalg.solve(within, theta[own]))
