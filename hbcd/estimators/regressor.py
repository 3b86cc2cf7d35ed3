"""HybridRegressor: a network as scikit-learn users expect it, in the units of their table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd.callbacks.early_stopping import EarlyStopping
from hbcd.estimators.dataframes import held_out_pair
from hbcd.estimators.regression_outputs import RegressionOutputs
from hbcd.estimators.sklearn_callbacks import with_sklearn_callbacks
from hbcd.parts.activations import Activation
from hbcd.parts.layers import Layer
from hbcd.parts.losses import Loss
from hbcd.parts.stopping import Stop
from hbcd.streams.rows import Rows
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.utils.public import public
from hbcd.utils.ranks import Ranks

__all__ = ["HybridRegressor"]

Array = NDArray[Any]


@public
class HybridRegressor(RegressionOutputs):
    """A dense network for regression; by default one that is made of several.

    Inputs and targets are standardized; predictions are in the target's units.  A DataFrame's
    columns of text, category and truth values become dummies, recorded in the model.

    Parameters
    ----------
    hidden_layer_sizes : "auto", "grow", int or sequence of int, default "auto"
        Widths of the hidden layers; () for none.  "auto": twice the geometric mean of the numbers
        of inputs and outputs, 20 to 100, for one layer, or for two where there are ten rows for
        every parameter then.  "grow": `Grow` finds them, from one neuron on (`Grow` has more).
    activation : str, Activation, or a sequence of them, one per hidden layer, default "tanh"
        "identity", "sigmoid", "tanh", "relu", "leaky_relu".
    strategy : str or TrainingStrategy, default "auto"
        "auto", "fast", "paper", "multi_start", "full_batch", "mini_batch", "bcd", "batch_shell".
    effort : "fast", "balanced", "best" or float, default "balanced"
        How much the default fit tries, in operations: a multiple of "balanced"; "best" is 8.
    members : "auto" or int, default "auto"
        Networks trained on parts of the rows and weighted by the loss of rows that they have not
        seen, as one network.  "auto": where widths, layers, strategy and alpha are left to the fit
        and no rows are held out; an integer: so many parts; 1: one network, without `encoding`.
    encoding : "auto", "pieces" or None, default "auto"
        Whether members see smooth pieces of numbers (`SmoothPieces`): as rows left out say, or not.
    output_range : "auto", None or (least, most), default "auto"
        What predictions are kept within.  "auto": after members, the range of the training targets
        and half its width on either side; None: no limit.
    target_transform : "auto", "log", "yeo-johnson" or None, default "auto"
        What members or the network learn in place of the targets (`TargetTransform`); predictions
        are means of the targets again, or for robust losses what the loss asks for.  "auto": of
        skewed targets, where members lose less by it on rows left out; "log" needs targets above 0.
    monotonic_cst : array_like of shape (features,), dict by column, or None, default None
        1: predictions never fall where this column rises; -1: they never rise; 0: either.
    layers : list of Layer, optional
        The layers between inputs and output in place of widths and activations, custom ones among
        them, such as ``[HiddenLayer(20, weight_bounds=(0, None))]``.  An output layer is added
        unless the last one is an `OutputLayer`, which may have bounds of its own.
    loss : str or Loss, default "squared_error"
        "squared_error", "absolute_error", "huber", "log_cosh", "quantile", "poisson".  All but the
        last see the standardized target; for the four in the middle, which outliers hardly move,
        by its median and half its median absolute deviation, which their parameters
        (`Huber.delta`, ``smoothing``) count.  For "poisson" the target is only divided by
        its mean, which changes the loss by a factor; predictions are means, never negative.
    alpha : "auto", "cv" or float, default "auto"
        L2 penalty of the weights as in scikit-learn's MLP, see `Network`; on the loss of
        the target as the network sees it.
        "cv": the training descends from strong penalties to weak ones, on parts of the rows, and
        the penalty with the least loss on the rows left out is kept: three parts by turns up to
        1000 rows, one fifth of at most 10 000 rows beyond; with `eval_set` its rows.  `strategy`
        is "fast": the fit begins there and ends with BFGS on all rows; another one begins anew.
        Half of the limits at most go into this choice, of which callbacks and the log hear nothing;
        `warm_start` and `partial_fit` go on at the penalty that is there.  "auto": "cv" where the
        widths are "auto", else 0.0.
    random_state : None, int, Generator or RandomState
        Seed of the initial parameters and of the training.
    n_threads : int or None
        None: the processors at hand.  Any number gives the same bits.
    dtype : {"auto", "float64", "float32"}
        Precision of the parameters and of the training.  "auto": float32 from 3000 training rows
        on and for members unless they are exact, else float64; what goes on training keeps its own.
    max_iter, max_fun : int or None
        Limits of the iterations of the optimizers and of the evaluations of the objective, which
        may be on few rows; the best parameters until then are kept.  ``report_.stop_reason`` says
        which limit ended a fit.
    max_time : float or None
        Wall-clock limit of a fit, seconds, likewise.
    stop : Stop or None
        Further tolerances and limits.
    validation_fraction : "auto", float, splitter, pair of rows or None, default "auto"
        Rows held out where `fit` gets no `eval_set`: the best parameters by their loss are kept,
        and training ends when it no longer falls.  A float: a share, drawn by the seed.  "auto": as
        the strategy has it; "fast" holds out 15 % of a table with fewer than 10 rows per parameter,
        but none where rows left out have chosen the penalty.
        An object with ``split(X, y)``, as scikit-learn has them: its last split, which of splits
        in time is the one with the most rows.  A pair: numbers (or masks) of the rows to train on
        and of those held out, such as a split by groups.  None: none.
    early_stopping : EarlyStopping, str, bool or None, default None
        When held-out rows end the training, and by which metric the best parameters are kept; a
        name is ``EarlyStopping(name)``, True is by the loss.  Where nothing else holds rows out it
        takes a share of 15 %.
    verbose : int, default 0
        1 shows progress on a terminal; 2 prints a line for every pass, of members for every stage
        and arm (on standard error, unless the logger "hbcd" shows it).
    warm_start : bool, default False
        True: `fit` goes on from the parameters of the last fit, refolded to the means and scales of
        the new rows, so that it begins with the predictions that were there.  Columns, widths,
        activations and outputs must be the same; the columns' levels are those of the first fit.
    callbacks : Callback, function of an `Event`, or list of them, optional
        Told what happens during `fit`; one that returns True ends it.
    missing : {"error", "indicator"}, default "error"
        Missing values in X are refused, or the column's median in training with a feature beside.
    dates : {"error", "features"}, default "error"
        Columns of dates in X, given as such or as text, are refused, or made into hour, weekday and
        day of the year (sine and cosine of each) and the days since the first of the training rows.
    on_extrapolation : {"ignore", "warn", "raise"}, default "ignore"
        What is done where a number in X leaves the range of its column in training.
    backend : hbcd.distributed.Backend, optional
        Ranks that fit together, each with its own rows; all get the same model.

    Attributes
    ----------
    hidden_layer_sizes_, alpha_
        Widths and penalty.
    alpha_path_ : ndarray of shape (penalties, 2)
        Of "cv", every penalty tried and the mean loss of the rows left out; else empty.
    members_ : DataFrame
        Every member tried, a row each.  Empty where one network was trained.
    oof_prediction_ : ndarray of shape (rows,) or (rows, outputs), or None
        Predictions for the training rows by members that have not seen them; NaN for rows of weight
        0 and, of more than 12 000 rows, for the 79 of 80 that are never left out.
    output_range_ : ndarray of shape (2, outputs), or None
        What predictions are kept within.
    target_transform_ : TargetTransform or None
        What was learned in place of the targets; None: these.
    feature_range_ : ndarray of shape (2, columns)
        The least and the greatest value of every column in training; NaN where it has no numbers.
    constant_features_ : list
        Features that did not vary in the training rows, by name, or by number where they have no
        names; they have no influence on predictions.
    theta_ : ndarray
        The parameters of `network_`, for standardized inputs and targets.
    network_, report_ : Network, FitReport
    history_ : DataFrame
        Step, phase, block, loss, seconds and more, a line per block visit and pass over the data.
    n_features_in_, n_outputs_, n_iter_ : int
    coefs_, intercepts_ : list of ndarray
        Weights (n_in, n_out) and biases (n_out,) of every layer in float64, with the scalers folded
        into the first and the last: a plain forward pass over the raw features gives `predict`.
        The features of a table with text or gaps are those of `encode`, named by
        ``encoder_.feature_names``; they are more than `n_features_in_`.
    n_layers_
        Layers, inputs and outputs among them.
    out_activation_ : str
        "identity", for Poisson and logarithms of targets "exp", for other transforms
        "target_transform": from the last layer of that pass to predictions, before `output_range_`.
    feature_names_in_, target_names_
        Names of columns, where X was a DataFrame; those of targets, where y has them.
    loss_curve_, validation_scores_, best_validation_score_
        Lists of the training loss and of the metric of `early_stopping` (or None) after every pass
        over the data, and that of the parameters kept.
    loss_ : float
        The loss on the training rows, of squared error half its mean, standardized.

    Examples
    --------
    >>> import hbcd
    >>> X, y = hbcd.make_plant(2000, rng=0, return_X_y=True)
    >>> model = hbcd.HybridRegressor((5, 5), random_state=0, max_time=5).fit(X[:1600], y[:1600])
    >>> bool(model.score(X[1600:], y[1600:]) > 0.9)
    True
    """

    _estimator_type = "regressor"
    _given_alpha = 0.0

    def __init__(
        self,
        hidden_layer_sizes: str | int | Sequence[int] = "auto",
        activation: str | Activation | Sequence[str | Activation] = "tanh",
        strategy: str | TrainingStrategy = "auto",
        *,
        effort: str | float = "balanced",
        members: str | int = "auto",
        encoding: str | None = "auto",
        output_range: Any = "auto",
        target_transform: str | None = "auto",
        monotonic_cst: Any = None,
        layers: Sequence[Layer] | None = None,
        loss: str | Loss = "squared_error",
        alpha: str | float = "auto",
        random_state: Any = None,
        n_threads: int | None = None,
        dtype: str = "auto",
        max_iter: int | None = None,
        max_fun: int | None = None,
        max_time: float | None = None,
        stop: Stop | None = None,
        validation_fraction: Any = "auto",
        early_stopping: EarlyStopping | str | bool | None = None,
        verbose: int = 0,
        warm_start: bool = False,
        callbacks: Any = None,
        missing: str = "error",
        dates: str = "error",
        on_extrapolation: str = "ignore",
        backend: Ranks | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.strategy = strategy
        self.effort = effort
        self.members = members
        self.encoding = encoding
        self.output_range = output_range
        self.target_transform = target_transform
        self.monotonic_cst = monotonic_cst
        self.layers = layers
        self.loss = loss
        self.alpha = alpha
        self.random_state = random_state
        self.n_threads = n_threads
        self.dtype = dtype
        self.max_iter = max_iter
        self.max_fun = max_fun
        self.max_time = max_time
        self.stop = stop
        self.validation_fraction = validation_fraction
        self.early_stopping = early_stopping
        self.verbose = verbose
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.missing = missing
        self.dates = dates
        self.on_extrapolation = on_extrapolation
        self.backend = backend

    # ---- fit

    def fit(
        self,
        X: ArrayLike | pd.DataFrame | Rows,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        eval_set: tuple[Any, ArrayLike] | Rows | None = None,
        *,
        X_val: ArrayLike | pd.DataFrame | None = None,
        y_val: ArrayLike | None = None,
    ) -> HybridRegressor:
        """Trains on X (rows, features) and y (rows,) or (rows, outputs).

        Parameters
        ----------
        X : array_like, DataFrame or Rows
            Finite numbers; in a table text becomes dummies.
        y : array_like, or None with Rows
            Finite numbers, in any unit.
        sample_weight : array_like of shape (rows,), optional
            At least 0; only ratios count, and a row of weight 0 is as if it were not there.
        eval_set : (X, y) or Rows, optional
            Held-out rows; the best parameters by their loss are kept.
        X_val, y_val : optional
            The same, in two: ``Pipeline(..., transform_input=["X_val"])`` then sends the rows
            through its steps, as it does X.

        Returns
        -------
        self
            Also after Ctrl-C, with a `TrainingInterrupted` warning and the best parameters so far.

        Raises
        ------
        ValueError, TypeError
            Bad input or parameters, in one line; a model fitted before stays as it was.
        """
        fit = with_sklearn_callbacks(self, HybridRegressor._fit)
        return fit(self, X, y, sample_weight, held_out_pair(eval_set, X_val, y_val))

    def partial_fit(
        self,
        X: ArrayLike | pd.DataFrame | Rows,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> HybridRegressor:
        """Trains on these rows for one pass, from where the model stands.

        Means, scales and levels of columns are those of the first call (or of the last `fit`),
        which should therefore see typical rows; a column or target that did not vary there takes
        its mean and scale from the first call in which it does.  Every phase of the strategy makes
        one pass over the rows, at most 50 iterations where all of them are one batch; later calls
        leave out its search for a start.  The N rows of the last `fit`, or of the first call, count
        on: a later one minimizes the loss of its n rows plus ``max(alpha, 0.1 N)
        ||theta - theta_before||**2 / (2 n)``; rows that the model predicts leave it as it was, and
        a call never makes its rows worse.  `report_` is that of the call.  A first call trains one
        network, whatever `effort`, `members` and `encoding` say, which count for `fit`.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            As `fit`; other columns, widths or activations than before.
        """
        fit = with_sklearn_callbacks(self, HybridRegressor._fit)
        return fit(self, X, y, sample_weight, None, partial=True)
