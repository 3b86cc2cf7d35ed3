"""HybridClassifier: a network that tells classes, as scikit-learn users expect it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd.callbacks.early_stopping import EarlyStopping
from hbcd.estimators.class_outputs import ClassOutputs
from hbcd.estimators.dataframes import held_out_pair
from hbcd.estimators.sklearn_callbacks import with_sklearn_callbacks
from hbcd.parts.activations import Activation
from hbcd.parts.layers import Layer
from hbcd.parts.stopping import Stop
from hbcd.streams.rows import Rows
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.utils.public import public
from hbcd.utils.ranks import Ranks

__all__ = ["HybridClassifier"]

Array = NDArray[Any]


@public
class HybridClassifier(ClassOutputs):
    """A dense network for classification; by default one that is made of several.

    Two classes: one output and the `Logistic` loss; more: an output each and `CrossEntropy`.
    Inputs are standardized; a DataFrame's columns of text, category and truth values become
    dummies, recorded in the model.

    Parameters
    ----------
    hidden_layer_sizes : "auto", "grow", int or sequence of int, default "auto"
        Widths of the hidden layers; () for none.  "auto": twice the geometric mean of the numbers
        of inputs and outputs, at least 40 and at most 100, for one layer, or for two where there
        are ten rows for every parameter of the network then.  "grow": `Grow` finds them while it
        trains, from one neuron on; a `strategy` that is given trains between two changes, and
        `partial_fit` changes nothing.
    activation : str, Activation, or a sequence of them, one per hidden layer, default "tanh"
        "identity", "sigmoid", "tanh", "relu", "leaky_relu".
    strategy : str or TrainingStrategy, default "auto"
        "auto", "fast", "paper", "multi_start", "full_batch", "mini_batch", "bcd", "batch_shell".
    effort : "fast", "balanced", "best" or float, default "balanced"
        How much the default fit tries: a multiple of "balanced"; "fast" is 0.3, "best" 8.  It is
        counted in operations, so that a seed gives the same bits on every machine.
    members : "auto" or int, default "auto"
        Networks trained on parts of the rows and weighted by the loss of rows that they have not
        seen, as one network; see "What a fit does by itself" in the documentation.  "auto": where
        widths, layers, strategy and alpha are left to the fit and no rows are held out; an integer:
        so many parts; 1: one network, with which neither `effort` nor `encoding` may be given.
    encoding : "auto", "pieces" or None, default "auto"
        Whether members see smooth pieces of numbers (`SmoothPieces`): as rows left out say, or not.
    monotonic_cst : array_like of shape (features,), dict by column, or None, default None
        1: of two classes, the probability of ``classes_[1]`` never falls where this column rises;
        -1: it never rises; 0: either.  See `HybridRegressor`.
    layers : list of Layer, optional
        As for `HybridRegressor`.
    alpha : "auto", "cv" or float, default "auto"
        L2 penalty of the weights as in scikit-learn's MLP, see `Network`.
        As for `HybridRegressor`; "auto" is 0.1 where widths are given.
    class_weight : None, "balanced" or dict of class to weight
        Factors of the weights of rows; "balanced" gives all classes the same sum:
        ``sum_r w_r / (n_classes * sum of w_r in the class)``.  A class not in a dict has 1.
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
    validation_fraction : "auto", float, splitter, pair of rows or None, default None
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
        activations and classes must be the same; the columns' levels are those of the first fit.
    callbacks : Callback, function of an `Event`, or list of them, optional
        Told what happens during `fit`; one that returns True ends it.
    missing : {"error", "indicator"}, default "error"
        What is done with missing values in X, as for `HybridRegressor`.
    dates : {"error", "features"}, default "error"
        What is done with columns of dates in X, given as such or as text: refused, or made into
        hour, weekday and day of the year (a sine and a cosine of each, so that midnight and New
        Year have no jump) and the days since the first of the training rows.
    calibrate : {"isotonic", "temperature"} or None, default None
        How probabilities are made to agree with how often classes came in rows that the networks
        had not seen: by a rising function for each class, or by a factor of all outputs.
        Derivatives and bounds stay those of the network.
    on_extrapolation : {"ignore", "warn", "raise"}, default "ignore"
        What is done where a number in X leaves the range of its column in training.
    backend : hbcd.distributed.Backend, optional
        Ranks that fit together, such as `hbcd.distributed.MPIBackend`: each calls `fit` with its
        own rows, and gets the same model.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted: numbers, truth values or text.
    hidden_layer_sizes_ : tuple of int
        The widths.
    alpha_ : float
        The penalty.
    alpha_path_ : ndarray of shape (penalties, 2)
        Of "cv", every penalty tried and the mean loss of the rows left out; else empty.
    members_ : DataFrame
        Every member tried: name, widths, pieces, number of networks, penalty, loss of the rows left
        out, weight: the sum of weights is 1, or what makes better probabilities.  Empty where one
        network was trained.
    oof_prediction_ : ndarray of shape (rows, n_classes), or None
        Probabilities for the training rows by members that have not seen them; NaN for rows of
        weight 0 and, of more than 12 000 rows, for the 79 of 80 that are never left out.
    feature_range_ : ndarray of shape (2, columns)
        The least and the greatest value of every column in training; NaN where it has no numbers.
    constant_features_ : list
        Features that did not vary in the training rows, by name, or by number where they have no
        names; they have no influence on predictions.
    theta_ : ndarray
        The parameters of `network_`, for standardized inputs.
    network_ : Network
    report_ : FitReport
    history_ : DataFrame
    n_features_in_, n_outputs_, n_iter_ : int
    coefs_, intercepts_, n_layers_
        See `HybridRegressor`; a plain forward pass over the raw features gives
        `decision_function`.
    out_activation_ : str
        "logistic" or "softmax": from there to probabilities.
    feature_names_in_ : ndarray of str
        Where X was a DataFrame.
    loss_curve_ : list of float
        The training loss at the end of every pass over the data.
    validation_scores_, best_validation_score_ : list of float, float; or None
        The metric of `early_stopping` at the same times, and that of the parameters kept.
    loss_ : float
        Mean of minus the log-likelihood of the training rows, with penalty.

    Examples
    --------
    >>> import hbcd, numpy as np
    >>> X = np.random.default_rng(0).normal(size=(400, 2))
    >>> y = np.where(X[:, 0] * X[:, 1] > 0, "same", "other")
    >>> model = hbcd.HybridClassifier((5, 5), random_state=0, max_time=5).fit(X[:300], y[:300])
    >>> bool(model.score(X[300:], y[300:]) > 0.9)
    True
    """

    _estimator_type = "classifier"
    _given_alpha = 0.1

    def __init__(
        self,
        hidden_layer_sizes: str | int | Sequence[int] = "auto",
        activation: str | Activation | Sequence[str | Activation] = "tanh",
        strategy: str | TrainingStrategy = "auto",
        *,
        effort: str | float = "balanced",
        members: str | int = "auto",
        encoding: str | None = "auto",
        monotonic_cst: Any = None,
        layers: Sequence[Layer] | None = None,
        alpha: str | float = "auto",
        class_weight: str | Mapping[Any, float] | None = None,
        random_state: Any = None,
        n_threads: int | None = None,
        dtype: str = "auto",
        max_iter: int | None = None,
        max_fun: int | None = None,
        max_time: float | None = None,
        stop: Stop | None = None,
        validation_fraction: Any = None,
        early_stopping: EarlyStopping | str | bool | None = None,
        verbose: int = 0,
        warm_start: bool = False,
        callbacks: Any = None,
        missing: str = "error",
        dates: str = "error",
        calibrate: str | None = None,
        on_extrapolation: str = "ignore",
        backend: Ranks | None = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.strategy = strategy
        self.effort = effort
        self.members = members
        self.encoding = encoding
        self.monotonic_cst = monotonic_cst
        self.layers = layers
        self.alpha = alpha
        self.class_weight = class_weight
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
        self.calibrate = calibrate
        self.on_extrapolation = on_extrapolation
        self.backend = backend

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(allow_nan=self.missing == "indicator"),
        )

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
    ) -> HybridClassifier:
        """Trains on X (rows, features) and the labels y (rows,).

        Parameters
        ----------
        X : array_like, DataFrame or Rows
            Finite numbers; in a table text becomes dummies.
        y : array_like, or None with Rows
            Labels: whole numbers, truth values or text, at least two different ones.
        sample_weight : array_like of shape (rows,), optional
            At least 0, in any unit: only ratios count, and a row of weight 0 is as if it were not
            there.
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
        fit = with_sklearn_callbacks(self, HybridClassifier._fit)
        return fit(self, X, y, sample_weight, held_out_pair(eval_set, X_val, y_val))

    def partial_fit(
        self,
        X: ArrayLike | pd.DataFrame | Rows,
        y: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> HybridClassifier:
        """Trains on these rows for one pass, from where the model stands.

        See `HybridRegressor.partial_fit`.  ``class_weight="balanced"`` is that of the rows given.

        Parameters
        ----------
        X, y, sample_weight
            As in `fit`; y need not have all classes.
        classes : array_like of shape (n_classes,)
            All labels there will be; needed by the first call, unless after `fit`.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            As `fit`; no classes, other ones than before, or a label that is none of them.
        """
        labels = self._all_classes(classes)
        fit = with_sklearn_callbacks(self, HybridClassifier._fit)
        return fit(self, X, y, sample_weight, None, partial=True, classes=labels)
