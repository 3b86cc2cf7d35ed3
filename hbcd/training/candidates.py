"""Neurons that a network might get: how much each would lower its loss, and the best of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.networks.changes import activations_of
from hbcd.networks.linear_model import LinearModel
from hbcd.networks.structure import NetworkStructure
from hbcd.optimizers.builtin import ICRS, LBFGS
from hbcd.parts.activations import Activation, Identity
from hbcd.parts.stopping import Stop

__all__ = ["Candidate", "CandidateSearch", "best_candidate", "candidates"]

Array = NDArray[np.float64]

HALF_WIDTH = 4.0  # of the search box, in standard deviations of the inputs of the neuron
INDEPENDENT = 1e-6  # of a column: below this share of its square it is spanned by the Jacobian


@dataclass(frozen=True)
class CandidateSearch:
    """How hard candidates are searched for.

    Attributes
    ----------
    starts : int
    evaluations : int
        Of ICRS, from each start.
    iterations : int
        Of L-BFGS, from the best point of that.
    """

    starts: int = 2
    evaluations: int = 60
    iterations: int = 30


@dataclass(frozen=True)
class Candidate:
    """A neuron that might be added.

    Attributes
    ----------
    layer : int
        Index into `network.layers` of the layer that it joins or, with `new_layer`, that a new
        layer is put above.
    incoming : ndarray of shape (n_in + 1,)
        Weights and bias.
    score : float
        The decrease of twice the sum of losses, over the variance of the errors, that the
        Gauss-Newton model promises once all weights have readjusted.
    n_weights : int
        Parameters that it adds.
    outputs : ndarray of shape (rows,)
    activation : Activation
    new_layer : bool
        Whether it begins a layer above `layer`.
    """

    layer: int
    incoming: Array
    score: float
    n_weights: int
    outputs: Array
    activation: Activation
    new_layer: bool = False

    @property
    def per_weight(self) -> float:
        """The score over `n_weights`: the sensitivity of a neuron that is not there yet."""
        return self.score / self.n_weights


class _Score:
    """``(r'phi)^2 / (variance |phi_perp|^2)`` of a neuron, minus it for minimizers.

    phi is the column that its outgoing weight adds to the Jacobian, phi_perp what of it no other
    weight can do, r the errors that are left.  Of several outgoing weights, with columns Phi:
    ``r'Phi (Phi_perp'Phi_perp)^-1 Phi'r``.  While a minimizer runs they keep a direction, which
    makes them one.  Inputs are standardized for the search.
    """

    def __init__(self, model: LinearModel, inputs: Array, slopes: Array, part: Activation) -> None:
        self.model, self.part = model, part
        self.mean = inputs.mean(axis=1)
        self.spread = np.where((std := inputs.std(axis=1)) > 0, std, np.inf)
        self.inputs = (inputs - self.mean[:, np.newaxis]) / self.spread[:, np.newaxis]
        self.slopes = slopes.reshape(len(slopes), -1)
        self.column = self.slopes[0]

    def outputs(self, x: Array) -> tuple[Array, Array]:
        """What enters the activation, and what leaves it."""
        z = core.row_sums(self.inputs, x[np.newaxis, :-1].copy(), self.model.n_threads)[0] + x[-1]
        h = np.empty_like(z)
        self.part.forward(z, h)
        return z, h

    def __call__(self, x: Array, with_gradient: bool) -> tuple[float, Array | None]:
        """Minus the score of one column, and its gradient, as `core.minimize` asks for them."""
        model = self.model
        z, h = self.outputs(x)
        n_outputs = self.column.size // h.size
        phi = (self.column.reshape(n_outputs, -1) * h).reshape(1, -1)
        inside = core.row_products(model.jacobian, phi, model.n_threads)
        square = _dot(phi, phi)
        left = max(square - _dot(inside, inside), INDEPENDENT * square) + model.penalty
        if not left > 0:
            return 0.0, np.zeros_like(x) if with_gradient else None
        slope = _dot(phi, model.residual[np.newaxis])
        score = slope * slope / left / model.variance
        if not with_gradient:
            return -score, None
        outside = phi[0] - core.row_sums(model.jacobian, inside, model.n_threads)[0]
        ratio = slope / left
        grad_phi = (2.0 * ratio / model.variance) * (model.residual - ratio * outside)
        grad = (grad_phi * self.column).reshape(n_outputs, -1).sum(axis=0)
        self.part.backward(z, h, grad)
        grad_x = core.row_products(self.inputs, grad[np.newaxis], model.n_threads)[0]
        return -score, -np.append(grad_x, grad.sum())

    def exact(self, x: Array) -> tuple[float, Array]:
        """The score with all outgoing weights, and the direction of their step."""
        model = self.model
        h = self.outputs(x)[1]
        columns = self.slopes * np.tile(h, self.slopes.shape[1] // h.size)
        inside = core.row_products(model.jacobian, columns, model.n_threads)
        squares = core.row_products(columns, columns, model.n_threads)
        left = squares - core.row_products(inside, inside, model.n_threads)
        floor = INDEPENDENT * np.diag(squares) + model.penalty + np.finfo(np.float64).tiny
        left[np.diag_indices_from(left)] += floor
        slope = core.row_products(columns, model.residual[np.newaxis], model.n_threads)[0]
        step = np.linalg.solve(left, slope)
        return float(slope @ step) / model.variance, step

    def follow(self, x: Array) -> None:
        """Keeps the direction that is best at x."""
        if len(self.slopes) > 1:
            step = self.exact(x)[1]
            size = np.abs(step).max()
            if size > 0:
                self.column = core.row_sums(self.slopes, step[np.newaxis] / size, 1)[0]

    def incoming(self, x: Array) -> Array:
        """Weights and bias for inputs as they are."""
        weights = x[:-1] / self.spread
        return np.append(weights, x[-1] - (weights * self.mean).sum())


def _dot(a: Array, b: Array) -> float:
    """The product of two rows, whatever library NumPy has for that."""
    return float(core.row_products(a, b, 1)[0, 0])


def best_candidate(
    model: LinearModel,
    layer: int,
    activation: Activation,
    generator: np.random.Generator,
    search: CandidateSearch,
    *,
    new_layer: bool = False,
) -> Candidate:
    """The best neuron found for a layer.

    Parameters
    ----------
    model : LinearModel
    layer : int
        Index into `network.layers` of a hidden layer.
    activation : Activation
        Of the neuron.
    generator : numpy.random.Generator
    search : CandidateSearch
    new_layer : bool, default False
        The neuron stands in a new layer above that one, beside `Identity` neurons (`with_layer`).

    Returns
    -------
    Candidate
    """
    inputs = model.layer_outputs[layer if new_layer else layer - 1]
    score = _Score(model, inputs, model.slopes[layer], activation)
    found = [_search(score, generator, search) for _ in range(search.starts)]
    value, x = max(found, key=lambda pair: pair[0])
    n_weights = len(inputs) + 1 + len(score.slopes)
    if new_layer:
        passed_on = min(len(inputs), len(score.slopes))
        n_weights += passed_on * (passed_on + 1)
    incoming, outputs = score.incoming(x), score.outputs(x)[1]
    return Candidate(layer, incoming, value, n_weights, outputs, activation, new_layer)


def candidates(
    model: LinearModel,
    network: NetworkStructure,
    generator: np.random.Generator,
    search: CandidateSearch,
    *,
    deepen: bool,
    others: Sequence[Activation] = (),
) -> list[Candidate]:
    """The best neuron of every hidden layer and, with `deepen`, of every layer there might be.

    One of each activation that its layer has, but for the `Identity` neurons of a layer that has
    others, which are the way past these; a new layer begins with those of the layer below it.

    Parameters
    ----------
    model : LinearModel
    network : NetworkStructure
        With the neurons that the model has taken in.
    generator : numpy.random.Generator
    search : CandidateSearch
    deepen : bool
    others : sequence of Activation
        That neurons of every layer may have, besides those they have.

    Returns
    -------
    list of Candidate
    """
    found = []
    for layer in range(1, len(network.layers) - 1):
        own = activations_of(network, layer)
        bent = [part for part in own if type(part) is not Identity] or own
        for part in dict.fromkeys([*bent, *others]):
            found.append(best_candidate(model, layer, part, generator, search))
            if deepen and type(part) is not Identity:
                found.append(best_candidate(model, layer, part, generator, search, new_layer=True))
    return found


def _search(
    score: _Score, generator: np.random.Generator, search: CandidateSearch
) -> tuple[float, Array]:
    """Score and point found from one start: a plane through a random row."""
    n = len(score.inputs)
    weights = generator.normal(0.0, 2.0 / np.sqrt(n), n)
    row = score.inputs[:, generator.integers(score.model.rows)]
    x = np.append(weights, -(weights * row).sum())
    hi = np.full(n + 1, HALF_WIDTH)
    x = np.clip(x, -hi, hi)
    seed = int(generator.integers(2**63))
    run: Any = core.minimize
    score.follow(x)
    run(ICRS(max_evaluations=search.evaluations), score, x, -hi, hi, Stop(), seed)
    for _ in range(1 if len(score.slopes) == 1 else 2):
        score.follow(x)
        limits = Stop(f_tol=1e-3, pg_tol=0.0, max_iterations=search.iterations)
        run(LBFGS(), score, x, -hi, hi, limits, seed)
    return score.exact(x)[0], x
