"""Networks: layers, a flat parameter vector the network does not keep, prediction, training."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd import core
from hbcd.callbacks.callback import EarlyStopping
from hbcd.callbacks.callback_list import Listeners, as_callbacks
from hbcd.callbacks.log_lines import logged
from hbcd.networks.data import Held, as_data, as_held, as_table, split_data
from hbcd.networks.objective import Objective
from hbcd.parts.layers import InputLayer, Layer
from hbcd.parts.losses import CrossEntropy, Loss, SquaredError
from hbcd.parts.report import FitReport
from hbcd.parts.sensitivities import ProjectedGradient, Sensitivity
from hbcd.parts.stopping import Stop
from hbcd.training.monitor import Audience
from hbcd.training.multi_start import best_of_starts
from hbcd.training.run import Progress, Run, calls_python
from hbcd.training.strategies import Hybrid, MultiStart
from hbcd.training.strategy_base import TrainingStrategy, drives_itself
from hbcd.training.validation_score import as_early_stopping, scorer_of
from hbcd.utils.scaling import Scaled
from hbcd.utils.validation import (
    as_real,
    as_seed,
    box_vectors,
    check_integer,
    check_number,
    effective_threads,
)

__all__ = ["LayerParameters", "Network", "Objective"]

Array = NDArray[Any]


class LayerParameters(NamedTuple):
    """Views on the parameters of one layer; `bias` is None for a layer kind without that shape."""

    weights: Array
    bias: Array | None


class Network:
    """A dense network, or layers of one's own between inputs and outputs.

    Parameters
    ----------
    layers : sequence
        An `InputLayer`, then layers; with no hidden layer the network is linear in its outputs'
        activation.
    loss : Loss, default SquaredError()
    alpha : float, default 0.0
        L2 penalty: ``alpha ||W||**2 / (2 sum_r w_r)`` is added to the loss on training rows, W the
        weights of all dense layers without their biases and ``sum_r w_r`` the number of rows or the
        sum of `sample_weight`.  That is the scale of scikit-learn's MLP on all rows at once; on a
        batch the sum is that of all training rows, so that batches agree on what they minimize.

    Attributes
    ----------
    n_inputs, n_outputs, n_parameters : int
    blocks : list of slice
        The slice of theta of every layer that has parameters: its weights (n_in, n_out) row by
        row, then its bias.

    Raises
    ------
    TypeError, ValueError
        Something that is not a layer, or no layer after the input; `CrossEntropy` on one output.
    """

    def __init__(
        self, layers: Sequence[Any], loss: Loss | None = None, *, alpha: float = 0.0
    ) -> None:
        if not isinstance(layers, Iterable):
            raise TypeError(f"layers={layers!r}: must be a sequence of layers")
        self.layers = list(layers)
        self.loss = SquaredError() if loss is None else loss
        if not isinstance(self.loss, Loss) or type(self.loss).evaluate is Loss.evaluate:
            raise TypeError(
                f"loss={loss!r}: must be an hbcd.Loss, such as SquaredError(), with an `evaluate`"
            )
        self.alpha = float(check_number("alpha", alpha, low=0.0) or 0.0)
        if len(self.layers) < 2 or not isinstance(self.layers[0], InputLayer):
            raise ValueError("layers: must be an InputLayer and at least one layer after it")
        for k, layer in enumerate(self.layers[1:], start=1):
            if not isinstance(layer, Layer):
                raise TypeError(f"layers[{k}]={layer!r}: must be an hbcd.Layer")
        self._rows: list[tuple[Any, Any, int, int]] = []  # what the core is told of each layer
        self._inputs: list[int] = []
        width = self.layers[0].n_inputs
        for layer in self.layers[1:]:
            self._inputs.append(width)
            if vars(type(layer)).get("_native") == "dense":
                self._rows.append((None, layer.activation, layer.n_neurons, 0))
            else:
                n_out = check_integer("n_out", layer.n_out(width), 1)
                n_own = check_integer("n_parameters", layer.n_parameters(width), 0)
                assert n_out is not None
                assert n_own is not None
                self._rows.append((layer, None, n_out, n_own))
            width = self._rows[-1][2]
        self._nets: dict[Any, core.Net] = {}
        # The layout depends neither on the precision nor on the activations.
        rows = [(layer, None, n_out, n_params) for layer, _, n_out, n_params in self._rows]
        self.n_inputs: int = self.layers[0].n_inputs
        net = core.Net(np.float64, self.n_inputs, rows, None)
        self.n_outputs: int = width
        if isinstance(self.loss, CrossEntropy) and width < 2:
            raise ValueError(f"loss={self.loss!r}: must have at least 2 outputs, not {width}")
        self.n_parameters: int = net.n_params
        self._blocks = net.blocks()
        self.blocks = [slice(start, stop) for start, stop, *_ in self._blocks]
        self._box = self._bounds()

    def __repr__(self) -> str:
        widths = "-".join(str(n) for n in [self.n_inputs, *(row[2] for row in self._rows)])
        return f"<Network {widths}, {self.n_parameters} parameters>"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_nets": {}}

    def _net(self, dtype: Any) -> core.Net:
        """The core's network for a precision.

        One that calls back into Python belongs to one call: it carries the exception of that call.
        """
        kind = np.dtype(dtype)
        net = self._nets.get(kind)
        if net is None:
            net = core.Net(dtype, self.layers[0].n_inputs, self._rows, self.loss)
            if not net.calls_python:
                self._nets[kind] = net
        return net

    # ---- parameters

    def _bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Bounds of all parameters, (lo, hi) of (n_parameters,); None where no layer has any."""
        bounded = [
            (start, n_in, n_out, layer + 1, self.layers[layer + 1].weight_bounds)
            for start, _, n_in, n_out, layer in self._blocks
            if getattr(self.layers[layer + 1], "weight_bounds", None) is not None
            and self._rows[layer][0] is None
        ]
        if not bounded:  # nothing of that size is made for most networks
            return None
        lo, hi = np.full(self.n_parameters, -np.inf), np.full(self.n_parameters, np.inf)
        for start, n_in, n_out, layer, sides in bounded:
            try:
                own = box_vectors("weight_bounds", sides, n_in * n_out, np.float64, (n_in, n_out))
            except (TypeError, ValueError) as error:
                raise type(error)(f"layers[{layer}]: {error}") from None
            for side, to in zip(own, (lo, hi), strict=True):
                if side is not None:
                    to[start : start + n_in * n_out] = side
        return lo, hi

    def _project(self, theta: Array) -> Array:
        """theta, inside the bounds."""
        if self._box is None:
            return theta
        return np.clip(theta, *self._box).astype(theta.dtype)

    def init(self, rng: Any = None, dtype: Any = np.float64) -> Array:
        """Initial parameters: each layer's own; weights of dense ones are N(0, 1 / n_in).

        Parameters
        ----------
        rng : None, int, Generator or SeedSequence
            The seed.
        dtype : numpy.float64 or numpy.float32

        Returns
        -------
        ndarray of shape (n_parameters,)
        """
        if np.dtype(dtype) not in (np.float32, np.float64):
            raise TypeError(f"dtype={dtype}: must be float32 or float64")
        generator = np.random.default_rng(as_seed("rng", rng))
        parts = [
            np.asarray(layer.init(n_in, generator), dtype=np.float64).reshape(-1)
            for layer, n_in in zip(self.layers[1:], self._inputs, strict=True)
        ]
        theta = np.concatenate(parts)
        if theta.shape != (self.n_parameters,):
            raise ValueError(
                f"init: layers gave {theta.size} parameters, must be {self.n_parameters}"
            )
        if self._box is not None:
            # A weight beyond its bound is mirrored at it: a sign constraint leaves its size.
            lo, hi = self._box
            theta = np.where(theta < lo, 2 * lo - theta, theta)
            theta = np.where(theta > hi, 2 * hi - theta, theta)
        return self._project(theta.astype(dtype))

    def parameters(self, theta: Array) -> list[LayerParameters]:
        """Views on theta by layers.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)

        Returns
        -------
        list of (weights, bias)
            Of shapes (n_in, n_out) and (n_out,), one pair per block.
        """
        theta = self._real_theta(theta)
        found = []
        for start, stop, n_in, n_out, layer in self._blocks:
            if self._rows[layer][0] is not None:
                found.append(LayerParameters(theta[start:stop], None))
                continue
            middle = start + n_in * n_out
            found.append(
                LayerParameters(theta[start:middle].reshape(n_in, n_out), theta[middle:stop])
            )
        return found

    def _real_theta(self, theta: ArrayLike) -> Array:
        """The same theta, of any stride, where it is an array of float32 or float64."""
        array = as_real("theta", theta)
        if array.shape != (self.n_parameters,):
            raise ValueError(f"theta: has shape {array.shape}, must be ({self.n_parameters},)")
        if not np.isfinite(array).all():
            raise ValueError("theta: must be finite")
        return array

    def _check_theta(self, theta: ArrayLike, *, copy: bool) -> Array:
        array = self._real_theta(theta)
        return np.array(array, order="C", copy=True) if copy else np.ascontiguousarray(array)

    # ---- evaluation

    def predict(
        self, theta: ArrayLike, X: ArrayLike | Scaled, *, n_threads: int | None = None
    ) -> Array:
        """The outputs at X.

        Parameters
        ----------
        theta : array_like of shape (n_parameters,)
        X : array_like of shape (rows, n_inputs)
        n_threads : int, optional
            None: the processors at hand.

        Returns
        -------
        ndarray of shape (rows, n_outputs)
            In the precision of theta.
        """
        simple = n_threads is None or (type(n_threads) is int and n_threads > 0)
        known = self._nets.get(getattr(theta, "dtype", None)) if simple else None
        few: Array | None = None if known is None else known.predict_few(theta, X)
        if few is not None:
            return few
        point = self._check_theta(theta, copy=False)
        rows, columns = as_table("X", X, self.n_inputs, None, point.dtype)
        out = np.empty((rows.shape[0], self.n_outputs), point.dtype)
        self._net(point.dtype).predict(point, rows, out, effective_threads(n_threads), columns)
        return out

    def bind(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        n_threads: int = 1,
        dtype: Any = np.float64,
    ) -> Objective:
        """The loss on these rows as a function.

        Parameters
        ----------
        X, y, sample_weight : array_like
            As for `loss_and_gradient`.
        n_threads : int, default 1
        dtype : numpy.float64 or numpy.float32
            Precision of theta.

        Returns
        -------
        Objective
            ``objective(theta) -> (f, gradient)``.
        """
        kind = np.dtype(dtype)
        data = as_data(self, X, y, sample_weight, kind, alpha=self.alpha)
        return Objective(self, self._net(kind), data, effective_threads(n_threads))

    def loss_and_gradient(
        self,
        theta: ArrayLike,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        n_threads: int = 1,
    ) -> tuple[float, Array]:
        """The mean loss and its gradient, in the precision of theta.

        Parameters
        ----------
        theta : array_like of shape (n_parameters,)
        X : array_like of shape (rows, n_inputs)
        y : array_like of shape (rows,) or (rows, n_outputs)
        sample_weight : array_like of shape (rows,), optional
        n_threads : int, default 1
            Any number gives the same bits.

        Returns
        -------
        f : float
        gradient : ndarray of shape (n_parameters,)
        """
        point = self._check_theta(theta, copy=False)
        bound = self.bind(X, y, sample_weight, n_threads=n_threads, dtype=point.dtype)
        return bound(point)

    def sensitivities(
        self,
        theta: ArrayLike,
        X: ArrayLike,
        y: ArrayLike,
        measure: Sensitivity | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        box: Any = None,
    ) -> NDArray[np.float64]:
        """One number per block: how much each layer has to gain on these rows.

        Parameters
        ----------
        theta, X, y : array_like
            As for `loss_and_gradient`.
        measure : Sensitivity, default ProjectedGradient()
        sample_weight : array_like of shape (rows,), optional
        box : None, half-width or (lo, hi), optional
            Bounds of theta.

        Returns
        -------
        ndarray of shape (blocks,)
        """
        measure = ProjectedGradient() if measure is None else measure
        if not isinstance(measure, Sensitivity):
            raise TypeError(f"measure={measure!r}: must be an hbcd.Sensitivity")
        point = self._check_theta(theta, copy=False)
        _, gradient = self.loss_and_gradient(point, X, y, sample_weight)
        lo, hi = box_vectors("box", box, self.n_parameters, point.dtype)
        sides = None
        if lo is not None or hi is not None:
            infinite = np.full(self.n_parameters, np.inf, point.dtype)
            sides = (-infinite if lo is None else lo, infinite if hi is None else hi)
        values = self._net(point.dtype).sensitivities(measure, point, gradient, sides)
        return np.asarray(values)

    # ---- training

    def train(
        self,
        theta: ArrayLike,
        X: ArrayLike | Scaled,
        y: ArrayLike | Scaled,
        sample_weight: ArrayLike | None = None,
        eval_set: tuple[Any, ...] | None = None,
        strategy: TrainingStrategy | None = None,
        stop: Stop | None = None,
        rng: Any = 0,
        n_threads: int | None = None,
        *,
        hold_out: float = 0.0,
        progress: Progress | None = None,
        callbacks: Any = None,
        early_stopping: EarlyStopping | None = None,
    ) -> FitReport:
        """Trains from theta, which is not changed.

        Parameters
        ----------
        theta : array_like of shape (n_parameters,)
            Start, moved inside the `weight_bounds` of the layers; its precision is that of the run.
        X, y, sample_weight : array_like
            Rows, targets, weights; networks train best on standardized columns.
        eval_set : (X, y) or (X, y, sample_weight), optional
            Held-out rows: what is kept is the best by their loss, without penalty.
        strategy : TrainingStrategy, default Hybrid.fast()
        stop : Stop, default Stop()
            Limits of the whole run; tolerances of the phases that set none.  At a limit the last
            point is still measured, so that it counts.
        rng : None, int, Generator or SeedSequence, default 0
            The same seed gives the same bits, at any number of threads.
        n_threads : int, optional
            None: the processors at hand.
        hold_out : float, default 0
            Share of the rows, drawn by the seed, that is kept apart as `eval_set` where there is
            none; the losses reported are those of the other rows.
        progress : callable, optional
            Called some 20 times a second with (phase, epoch, step, block, loss, best, seconds,
            n_fev).
        callbacks : Callback, function of an `Event`, or list of them, optional
            Told what happens; one that returns True ends the training.
        early_stopping : EarlyStopping, optional
            By which metric of the held-out rows the best parameters are kept, and when the training
            ends; None: their loss.

        Returns
        -------
        FitReport
            Also after Ctrl-C: ``report.interrupted`` tells, and a loop over fits has to ask.  Where
            the loss is finite nowhere it is reported as it is, with ``stop_reason`` NOT_FINITE.

        Raises
        ------
        ValueError, TypeError
            Bad input; nothing is changed.  Exceptions of parts written in Python and of callbacks
            arrive intact.
        """
        started = time.perf_counter()
        point = self._project(self._check_theta(theta, copy=True))
        strategy = Hybrid.fast() if strategy is None else strategy
        stop = Stop() if stop is None else stop
        if not isinstance(strategy, TrainingStrategy):
            raise TypeError(f"strategy={strategy!r}: must be an hbcd.TrainingStrategy")
        if not isinstance(stop, Stop):
            raise TypeError(f"stop={stop!r}: must be an hbcd.Stop")
        if progress is not None and not callable(progress):
            raise TypeError(f"progress={progress!r}: must be callable or None")
        check_number("hold_out", hold_out, low=0.0, high=1.0, open_high=True)
        seed, threads = as_seed("rng", rng), effective_threads(n_threads)
        data = as_data(self, X, y, sample_weight, point.dtype, alpha=self.alpha)
        heard = as_callbacks(callbacks)
        rule = as_early_stopping(early_stopping)
        held_out = None
        held: Held | None = None
        if eval_set is not None:
            held = as_held(eval_set)
            held_out = as_data(self, *held, point.dtype, of="eval_set: ")
        elif 1 <= round(hold_out * data.rows) < data.rows:
            data, held_out, held = split_data(
                self, X, y, sample_weight, hold_out, seed, point.dtype
            )
        heard += logged()
        listeners = Listeners(heard) if heard else None
        audience = Audience(listeners, rule, scorer_of(self, rule, held, point.dtype, threads))

        def one(
            theta: Array,
            seed: int,
            stop: Stop,
            threads: int,
            follow: Progress | None,
            start: int = 0,
        ) -> tuple[FitReport, float]:
            run = Run(self, data, held_out, stop, threads, follow, started, audience, start)
            inner = strategy.strategy if isinstance(strategy, MultiStart) else strategy
            if listeners is not None and listeners.stopped:
                run.phases([], theta, stop, seed)  # before it began: the start is what there is
            elif drives_itself(inner):
                run.drive(inner, theta, seed)
            else:
                run.phases(inner.phases(self, data.rows), theta, stop, seed)
            return run.report(), run.score

        def all_starts() -> FitReport:
            if not isinstance(strategy, MultiStart):
                return one(point, seed, stop, threads, progress)[0]
            children = np.random.SeedSequence(seed).spawn(strategy.starts - 1)
            return best_of_starts(
                one,
                [point, *(self.init(np.random.default_rng(c), point.dtype) for c in children)],
                [seed, *(as_seed("rng", child) for child in children)],
                stop,
                threads,
                progress,
                side_by_side=not calls_python(self, strategy, point.dtype),
            )

        if listeners is None:
            return all_starts()
        return listeners.around(point, data.rows, started, all_starts)
