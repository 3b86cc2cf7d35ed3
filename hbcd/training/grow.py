"""A network that changes while it trains: neurons where they lower the loss most, until enough."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.networks.changes import (
    check_changeable,
    with_layer,
    with_neuron,
    without_linear_layers,
    without_neuron,
)
from hbcd.networks.linear_model import LinearModel
from hbcd.networks.requirements import check_curvature
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.activations import Activation
from hbcd.parts.stopping import Stop
from hbcd.training.candidates import Candidate, CandidateSearch, candidates
from hbcd.training.phase import Phase
from hbcd.training.quasi_newton import quasi_newton
from hbcd.training.strategies import Finish
from hbcd.training.strategy_base import PhaseRunner, Problem, TrainingStrategy
from hbcd.utils.public import public
from hbcd.utils.validation import check_integer, check_number

__all__ = ["Grow"]

SEARCH_ROWS = 1000  # on which candidates are looked for, or two for every parameter
ROWS = 4000  # on which networks are compared
SLACK = 0.03  # of the loss: what it may rise by for a smaller network, if errors explain that
NEW_LAYER = 2.0  # its score over that of the best neuron in a layer that is there
TINY = float(np.finfo(np.float64).tiny)
FALL = 1e-6  # of the loss: the training between two changes ends when an iteration gains less


@public
@dataclass(frozen=True)
class Grow(TrainingStrategy):
    """A network that grows while it trains, from the one that is given.

    After every training candidates are looked for in every hidden layer: a neuron with weights and
    bias ``(a, b)`` and outgoing weights 0, which leaves the network as it is.  ICRS and then L-BFGS
    search these few numbers for the largest score

        ``s(a, b) = (r'phi)**2 / (sigma**2 |phi_perp|**2)``,
        ``phi_perp = phi - J H^-1 J'phi``,  ``H = J'J + penalty``:

    with phi the outputs of the neuron times the slopes above it, J the Jacobian, r the errors and
    sigma**2 their variance, twice the decrease of the loss that the Gauss-Newton model promises
    once *all* weights have readjusted; of several outgoing weights it is a quadratic form.  The
    layer whose best candidate has the largest score per new weight grows: the article's most
    sensitive layer, for neurons that are not there yet.  A new layer is a candidate too: `Identity`
    neurons that hand on what is below it, or what the layer above takes of that where these are
    less numbers, and beside them a first neuron with an activation, in one `BlockDiagonalLayer`
    whose parts share their inputs.  It is chosen where its score is twice that of any other.

    Networks are compared by the loss of every row as the network without that row would predict it,
    from the same matrix, ``(r_i / (1 - h_i))**2 / 2`` for the squared error.  The best is kept;
    then neurons whose loss the others make up for are taken out again, those first where
    ``v'(H^-1)_vv^-1 v / 2`` is least, v their outgoing weights.

    Parameters
    ----------
    training : TrainingStrategy, optional
        Trains after every change.  None: BFGS, or L-BFGS where there are many parameters, on all
        rows, until an iteration lowers the loss by less than a millionth of it.
    max_iterations : int, default 500
        Of that training, between two changes.
    share : float, default 0.15
        Neurons added at a time, of those that are there; at least one.
    candidates : int, default 2
        Searches for a neuron, of which the best counts.
    price : float, default 1.0
        Of a parameter: the best network has the least ``n log(loss) + price * n_parameters``, with
        n the number of training rows and the leave-one-out loss.  0: least leave-one-out loss.
    patience : int, default 2
        So many changes one after another may bring nothing better.
    most_parameters : int, default 2000
        The network grows until it has as many.
    deepen : bool, default True
        Whether layers are among the candidates.
    prune : bool, default True
        Whether neurons are taken out at the end; layers of which only `Identity` neurons are left
        become part of the weights above them.
    activations : sequence of Activation, optional
        That new neurons may have besides those of their layer.

    Notes
    -----
    ``FitReport.network`` is the network it has become, and the history has its widths.  Every
    change but pruning leaves what the network computes as it was, to rounding.  Candidates are
    looked for on at most 1000 rows, or two for every parameter, and networks are compared on at
    most 4000, evenly spaced.  The layers are dense or parts that share their inputs, without
    bounds, and the loss is a built-in one.
    Estimators with ``hidden_layer_sizes="grow"`` take a `strategy` that is given as `training`, and
    their `partial_fit` changes no network.
    """

    training: TrainingStrategy | None = None
    max_iterations: int = 500
    share: float = 0.15
    candidates: int = 2
    price: float = 1.0
    patience: int = 2
    most_parameters: int = 2000
    deepen: bool = True
    prune: bool = True
    activations: Sequence[Activation] = ()

    def __post_init__(self) -> None:
        if self.training is not None and not isinstance(self.training, TrainingStrategy):
            raise TypeError(f"training={self.training!r}: must be an hbcd.TrainingStrategy or None")
        if isinstance(self.training, Grow):
            raise TypeError("training=Grow(...): must be another strategy")
        check_integer("max_iterations", self.max_iterations, 1)
        check_number("share", self.share, low=0.0)
        check_integer("candidates", self.candidates, 1)
        check_number("price", self.price, low=0.0)
        check_integer("patience", self.patience, 0)
        check_integer("most_parameters", self.most_parameters, 1)
        object.__setattr__(self, "activations", _activations(self.activations))
        for name in ("deepen", "prune"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name}={getattr(self, name)!r}: must be True or False")

    def phases(self, network: NetworkStructure, n_rows: int) -> list[Phase]:
        """Those between two changes."""
        training = Finish(self.max_iterations) if self.training is None else self.training
        return list(training.for_rows(network, n_rows).phases(network, n_rows))

    def run(self, run_phase: PhaseRunner, problem: Problem) -> None:
        """Trains and grows by turns."""
        check_changeable(problem.network, "Grow")
        check_curvature("Grow", problem.network)
        growth = _Growth(self, run_phase, problem.n_rows)
        try:
            growth.grow()
            if self.prune:
                growth.prune()
        except KeyboardInterrupt:  # while candidates are searched
            run_phase.interrupt()
        finally:  # also where the training is over: the best is kept
            growth.take_best()

    def one_pass(self) -> TrainingStrategy:
        """One pass of the training, without a change of the network."""
        return (Finish() if self.training is None else self.training).one_pass()

    def hold_out_share(self, network: NetworkStructure, n_rows: int) -> float:
        """0: rows are left out by a formula."""
        return 0.0

    def is_compiled(self, network: NetworkStructure) -> bool:
        """False: what changes the network is written in Python.

        Parameters
        ----------
        network : NetworkStructure
        """
        return False


def _activations(value: Any) -> tuple[Activation, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"activations={value!r}: must be a sequence of hbcd.Activation")
    found = tuple(value)
    for one in found:
        if not isinstance(one, Activation):
            raise TypeError(f"activations: has {one!r}, must have hbcd.Activation only")
    return found


def _best(found: list[Candidate]) -> Candidate:
    """The largest score per weight; of a new layer only where it promises clearly more."""
    most = max(candidate.score for candidate in found if not candidate.new_layer)
    ready = [c for c in found if not c.new_layer or c.score > NEW_LAYER * most]
    return max(ready, key=lambda candidate: candidate.per_weight)


@dataclass
class _Best:
    """The best network so far."""

    network: NetworkStructure
    theta: NDArray[Any]
    model: LinearModel


class _Growth:
    """One training that grows."""

    def __init__(self, settings: Grow, run_phase: PhaseRunner, n_rows: int) -> None:
        self.settings, self.run_phase, self.n_rows = settings, run_phase, n_rows
        self.best: _Best | None = None
        self.generator = np.random.default_rng(0)

    def grow(self) -> None:
        """Grows until nothing better is found."""
        settings, without = self.settings, 0
        while True:
            model = self._trained()
            if self.best is None:
                self.generator = np.random.default_rng(self.run_phase.next_seed())
                self._keep(model)
            else:
                better = self._price(model) < self._price(self.best.model)
                without = 0 if better else without + 1
                if better:
                    self._keep(model)
            full = self.run_phase.network.n_parameters >= settings.most_parameters
            if without > settings.patience or full or not model.variance > 0.0:
                return
            self._add_neurons(model)

    def prune(self) -> None:
        """Takes neurons out while the others make up for them."""
        self.take_best()
        assert self.best is not None
        grown = self.best.model
        count = max(1, sum(self.best.network.widths[:-1]) // 4)
        while count:
            neurons, theta = self.best.model.least_needed(count)
            if not neurons:
                return
            network, theta = self.best.network, theta.astype(self.best.theta.dtype)
            for layer, neuron in sorted(neurons, reverse=True):
                network, theta = without_neuron(network, theta, layer, neuron)
            network, theta = without_linear_layers(network, theta)
            self.run_phase.change(network, theta)
            model = self._trained()
            slack = min(model.difference_error(grown), SLACK * grown.loss)
            if self._price(model, slack) <= self._price(grown):
                self._keep(model)
                count = min(count, sum(network.widths[:-1]) // 4 + 1)
            else:
                count //= 2

    def take_best(self) -> None:
        """Goes back to the best network so far."""
        if self.best is not None and self.best.theta is not self.run_phase.theta:
            self.run_phase.change(self.best.network, self.best.theta)

    def _price(self, model: LinearModel, error: float = 0.0) -> float:
        """What the best network has least of; its loss may be too large by an error."""
        loss = max(model.loss - error, TINY)
        return float(self.n_rows * np.log(loss) + self.settings.price * len(model.theta))

    def _keep(self, model: LinearModel) -> None:
        self.best = _Best(self.run_phase.network, self.run_phase.theta, model)

    def _trained(self) -> LinearModel:
        """The network, trained and linearized."""
        network, training = self.run_phase.network, self.settings.training
        if training is not None:
            training.for_rows(network, self.n_rows).run(
                self.run_phase, Problem(network, self.n_rows)
            )
        else:
            self._settle(network)
        return self.run_phase.linear_model(ROWS)

    def _settle(self, network: NetworkStructure) -> None:
        optimizer = quasi_newton(network.n_parameters, self.n_rows)
        left, loss = self.settings.max_iterations, np.inf
        while left > 0 and not self.run_phase.loss > 0.5 * loss:  # a fall as measured at its start
            loss = self.run_phase.loss
            stop = Stop(pg_tol=0.0, f_tol=FALL * loss if loss < 1.0 else FALL)
            report = self.run_phase(Phase(optimizer, inner_iterations=left, epochs=1, stop=stop))
            left -= max(report.n_iter, 1)

    def _add_neurons(self, model: LinearModel) -> None:
        """Adds the best candidates, each in the light of those before it."""
        network, theta = self.run_phase.network, self.run_phase.theta
        rows = max(SEARCH_ROWS, 2 * network.n_parameters)
        if rows < model.rows:
            model = self.run_phase.linear_model(rows)
        search = CandidateSearch(self.settings.candidates)
        wanted = max(1, round(self.settings.share * sum(network.widths[:-1])))
        for _ in range(wanted):
            found = candidates(
                model, network, self.generator, search,
                deepen=self.settings.deepen, others=self.settings.activations,
            )  # fmt: skip
            best = _best(found)
            layer = best.layer
            if best.new_layer:
                network, theta = with_layer(network, theta, layer)
                layer += 1
            network, theta, number = with_neuron(
                network, theta, layer, best.incoming, activation=best.activation
            )
            if best.new_layer:
                break  # the model knows nothing of the new layer
            model.add(layer, best.outputs, number)
        self.run_phase.change(network, theta)
