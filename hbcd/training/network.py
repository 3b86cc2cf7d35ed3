"""Networks: layers, a flat parameter vector the network does not keep, prediction, training."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from numpy.typing import ArrayLike, NDArray

from hbcd.callbacks.callback_list import CallbackList
from hbcd.callbacks.early_stopping import EarlyStopping
from hbcd.callbacks.log_lines import logged
from hbcd.networks.data import as_training_data
from hbcd.networks.derivatives import NetworkDerivatives
from hbcd.networks.evaluation import NetworkEvaluation
from hbcd.networks.row_source import RowSource, read_tables
from hbcd.networks.shared_table import ranks_with
from hbcd.parts.report import FitReport
from hbcd.parts.stopping import Stop
from hbcd.training.budget import Budget
from hbcd.training.monitor import Monitor, ProgressFunction
from hbcd.training.options import TrainingOptions
from hbcd.training.rows_of_ranks import rows_of_ranks
from hbcd.training.run import Run
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.training.training import Training
from hbcd.training.validation_score import scorer_of
from hbcd.utils.public import public
from hbcd.utils.ranks import Ranks, decided, ranks_of
from hbcd.utils.scaling import Scaled

__all__ = ["Network"]

Array = NDArray[Any]


@public
class Network(NetworkEvaluation, NetworkDerivatives):
    """A dense network, or custom layers between inputs and outputs.

    Parameters
    ----------
    layers : sequence
        An `InputLayer`, then layers; with no hidden layer the network is linear in its outputs'
        activation.
    loss : Loss, default SquaredError()
    alpha : float, default 0.0
        L2 penalty: ``alpha ||W||**2 / (2 n)`` is added to the loss on training rows, W the weights
        of all dense layers without their biases and n the number of training rows whose
        `sample_weight` is not 0.  That is the scale of scikit-learn's MLP on all rows at once; on a
        batch n is that of all training rows, so that batches agree on what they minimize.

    Attributes
    ----------
    n_inputs, n_outputs, n_parameters : int
    widths : tuple of int
        Outputs of every layer after the input.
    blocks : list of slice
        The slice of theta of every layer that has parameters: its weights (n_in, n_out) row by
        row, then its bias.
    block_layouts : list of BlockLayout
        The same with the shapes of the layers.
    bounds : (lo, hi) or None
        Bounds of theta from the `weight_bounds` of the layers, two ndarrays of float64 and shape
        (n_parameters,); None where no layer has any.

    Raises
    ------
    TypeError, ValueError
        Something that is not a layer, or no layer after the input; `CrossEntropy` on one output.
    """

    def train(
        self,
        theta: ArrayLike,
        X: ArrayLike | Scaled | RowSource,
        y: ArrayLike | Scaled | None = None,
        sample_weight: ArrayLike | None = None,
        eval_set: tuple[Any, ...] | RowSource | None = None,
        strategy: TrainingStrategy | None = None,
        stop: Stop | None = None,
        rng: Any = 0,
        n_threads: int | None = None,
        *,
        hold_out: float = 0.0,
        progress: ProgressFunction | None = None,
        callbacks: Any = None,
        early_stopping: EarlyStopping | None = None,
        penalty_center: ArrayLike | None = None,
        backend: Ranks | None = None,
    ) -> FitReport:
        """Trains from theta, which is not changed.

        Parameters
        ----------
        theta : array_like of shape (n_parameters,)
            Start, moved inside the `weight_bounds` of the layers; its precision is that of the run.
        X, y, sample_weight : array_like
            Rows, targets, weights; networks train best on standardized columns.  X may be `Rows`,
            which have all three.
        eval_set : (X, y), (X, y, sample_weight) or Rows, optional
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
        penalty_center : array_like of shape (n_parameters,), optional
            What the penalty draws weights and biases to, ``alpha ||theta - C||**2 / (2 n)``, until
            the strategy changes the network.  None: weights to 0, biases to nothing.
        backend : hbcd.distributed.Backend, optional
            Ranks that train together: each calls `train` with its own rows, which follow those of
            the rank before, and gets the same parameters, with the bits of one process that has
            all rows.  Clock, `progress`, callbacks and Ctrl-C are those of rank 0; held-out
            rows, targets and weights go to every rank.

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
        together = ranks_of(backend)
        if together is not None:
            with together.session():
                parts = rows_of_ranks(together, X, y, sample_weight, eval_set)
                return self.train(
                    theta,
                    *parts,
                    strategy,
                    stop,
                    rng,
                    n_threads,
                    hold_out=hold_out,
                    progress=progress,
                    callbacks=callbacks,
                    early_stopping=early_stopping,
                    penalty_center=penalty_center,
                )
        ranks = ranks_with(X)
        started = time.perf_counter()
        tables = read_tables(X, y, sample_weight)
        held: Any = eval_set.tables() if isinstance(eval_set, RowSource) else eval_set
        options = TrainingOptions.checked(
            strategy, stop, rng, n_threads, hold_out, progress, callbacks, early_stopping
        )
        options = options.on_ranks(ranks)
        point = self.project(self.check_theta(theta, copy=True))
        rule, threads = options.early_stopping, options.n_threads
        rows = as_training_data(
            self,
            *tables,
            held,
            options.hold_out,
            options.seed,
            point.dtype,
            threads,
        )
        if penalty_center is not None:
            rows.train.draw_to(self.check_theta(penalty_center))
        scorer = scorer_of(self, rule, rows.held, point.dtype, threads)
        heard = ranks is None or ranks.rank == 0
        listed = CallbackList([*options.callbacks, *logged()] if heard else [])
        monitor = Monitor(listed, rule, scorer)
        training = Training(self, rows.train, rows.held_out, monitor, started)
        run = Run(
            training,
            point,
            options.seed,
            Budget(options.stop, started, ranks=ranks),
            threads,
            monitor.with_metric(options.progress),
        )
        try:
            listed.begin(point, rows.train.rows, training.seconds, self)
            listed.stopped = decided(ranks, listed.stopped)
            report, at_bounds = run.run(options.strategy), run.at_bounds()
            report = replace(report, at_bounds=at_bounds) if at_bounds else report
        except BaseException:
            listed.fail(training.seconds)
            raise
        listed.end(report, rows.train.rows)
        return report
