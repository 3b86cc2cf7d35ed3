"""HybridRegressor: a network as scikit-learn users expect it, in the units of their table."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd import _names, _saved, modelfile
from hbcd._frames import PandasOutput, as_inputs, as_targets, learn_encoder, target_names
from hbcd._metrics import r2_scores
from hbcd._progress import Display
from hbcd._scaling import Scaled, Scaler
from hbcd._validation import as_weights, check_integer, check_number
from hbcd.activations import Activation
from hbcd.layers import HiddenLayer, InputLayer, OutputLayer
from hbcd.network import Network
from hbcd.report import FitReport
from hbcd.stopping import Stop
from hbcd.strategies import TrainingStrategy
from hbcd.tables import TableEncoder

__all__ = ["HybridRegressor", "NotFittedError", "TrainingInterrupted", "load"]

Array = NDArray[Any]
_FEW = 100_000  # numbers of which a standardized copy costs less than the checks of doing without


class NotFittedError(ValueError, AttributeError):
    """`fit` has not been called yet."""


class TrainingInterrupted(UserWarning):
    """Ctrl-C ended a fit early; the best parameters until then are kept."""


class HybridRegressor(PandasOutput):
    """A dense network for regression, trained by the hybrid method.

    Inputs and targets are standardized; predictions are in the target's units.  A DataFrame's
    columns of text, category and truth values become dummies, recorded in the model.

    Parameters
    ----------
    hidden_layer_sizes : sequence of int, default (10, 10, 10)
        Widths of the hidden layers; () for none.
    activation : str, Activation, or a sequence of them, one per hidden layer, default "tanh"
        "identity", "sigmoid", "tanh", "relu", "leaky_relu".
    strategy : str or TrainingStrategy, default "fast"
        "fast", "paper", "full_batch", "mini_batch", "bcd", "batch_shell".
    random_state : None, int, Generator or RandomState
        Seed of the initial parameters and of the training.
    n_threads : int or None
        None: the processors at hand.  Any number gives the same bits.
    dtype : {"float64", "float32"}
        Precision of the parameters and of the training.
    max_time : float or None
        Wall-clock limit of a fit, seconds; the best parameters until then are kept.
    stop : Stop or None
        Further tolerances and limits.
    validation_fraction : "auto", float or None, default "auto"
        Share of the rows held out where `fit` gets no `eval_set`: the best parameters by their loss
        are kept, and training ends when it no longer falls.  "auto": as the strategy has it; "fast"
        holds out 15 % of a table with fewer than 10 rows per parameter.  None: none.
    verbose : int, default 0
        1 shows progress on a terminal.
    missing : {"error", "indicator"}, default "error"
        What is done with missing values in X: refused with row and column, or replaced by the
        column's median in training, with a feature beside that is 1 where the value is missing.
        A column without gaps in training must have none later.

    Attributes
    ----------
    theta_ : ndarray
        The parameters of `network_`, for standardized inputs and targets.
    network_ : Network
    report_ : FitReport
        What the training found and cost.
    history_ : DataFrame
        Step, phase, block, loss, sensitivity, seconds and more, one line per block visit and per
        pass over the data.
    n_features_in_, n_outputs_, n_iter_ : int
    feature_names_in_ : ndarray of str
        Where X was a DataFrame.
    target_names_ : list of str
        Where y was a Series or DataFrame with names; else empty.
    loss_ : float
        Mean half squared error on the training rows, standardized.

    Examples
    --------
    >>> import hbcd
    >>> X, y = hbcd.make_plant(2000, rng=0, return_X_y=True)
    >>> model = hbcd.HybridRegressor((5, 5), random_state=0, max_time=5).fit(X[:1600], y[:1600])
    >>> bool(model.score(X[1600:], y[1600:]) > 0.9)
    True
    """

    _estimator_type = "regressor"
    about_: dict[str, Any]  # what the command line notes of the table

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (10, 10, 10),
        activation: str | Activation | Sequence[str | Activation] = "tanh",
        strategy: str | TrainingStrategy = "fast",
        *,
        random_state: Any = None,
        n_threads: int | None = None,
        dtype: str = "float64",
        max_time: float | None = None,
        stop: Stop | None = None,
        validation_fraction: str | float | None = "auto",
        verbose: int = 0,
        missing: str = "error",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.strategy = strategy
        self.random_state = random_state
        self.n_threads = n_threads
        self.dtype = dtype
        self.max_time = max_time
        self.stop = stop
        self.validation_fraction = validation_fraction
        self.verbose = verbose
        self.missing = missing

    # ---- the protocol of scikit-learn

    @classmethod
    def _parameter_names(cls) -> list[str]:
        return [name for name in inspect.signature(cls.__init__).parameters if name != "self"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters passed to the constructor."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params: Any) -> HybridRegressor:
        """Sets parameters of the constructor."""
        names = self._parameter_names()
        for name, value in params.items():
            if name not in names:
                raise ValueError(f"{name}={value!r}: must be one of {', '.join(names)}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        changed = [  # by their text: arrays compare element by element
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if repr(value) != repr(defaults[name].default)
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, RegressorTags, Tags, TargetTags

        return Tags(
            estimator_type="regressor",
            target_tags=TargetTags(required=True, multi_output=True),
            regressor_tags=RegressorTags(),
            input_tags=InputTags(allow_nan=self.missing == "indicator"),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "theta_")

    # ---- fit

    def fit(
        self,
        X: ArrayLike | pd.DataFrame,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        eval_set: tuple[Any, ArrayLike] | None = None,
    ) -> HybridRegressor:
        """Trains on X (rows, features) and y (rows,) or (rows, outputs).

        Parameters
        ----------
        X : array_like or DataFrame
            Finite numbers; in a DataFrame text becomes dummies.
        y : array_like
            Finite numbers, in any unit.
        sample_weight : array_like of shape (rows,), optional
        eval_set : (X, y), optional
            Held-out rows; the best parameters by their loss are kept.

        Returns
        -------
        self
            Also after Ctrl-C, with a `TrainingInterrupted` warning and the best parameters so far.

        Raises
        ------
        ValueError, TypeError
            Bad input or parameters, in one line; a model fitted before stays as it was.
        """
        strategy = _names.strategy(self.strategy)
        dtype = _names.dtype(self.dtype)
        check_number("max_time", self.max_time, low=0.0, open_low=True, none=True)
        encoder = learn_encoder(X, self.missing)
        rows = as_inputs(X, encoder)
        targets = as_targets(y, rows=rows.shape[0])
        weight = as_weights(sample_weight, rows.shape[0])
        x_scaler, y_scaler = Scaler.fit(rows, weight), Scaler.fit(targets, weight)
        held_out = None
        if eval_set is not None:
            x, t = self._held_out(eval_set, encoder, rows.shape[1], targets.shape[1])
            held_out = Scaled(x, x_scaler), Scaled(t, y_scaler)
        network = self._network(rows.shape[1], targets.shape[1])
        generator = np.random.default_rng(_names.seed(self.random_state))
        with Display() if self.verbose else _Silent() as display:
            report = network.train(
                network.init(generator, dtype),
                Scaled(rows, x_scaler),
                Scaled(targets, y_scaler),
                weight,
                held_out,
                strategy,
                _names.stop(self.stop, self.max_time),
                generator,
                self.n_threads,
                hold_out=self._hold_out(strategy, network, rows.shape[0]),
                progress=display if self.verbose else None,
            )
        self._set_fitted(network, report.theta, x_scaler, y_scaler, encoder, np.ndim(y) == 1)
        self.target_names_ = target_names(y)
        self._set_report(report)
        if report.interrupted:
            warnings.warn(
                f"interrupted after {report.seconds:.1f} s: the best parameters are kept",
                TrainingInterrupted,
                stacklevel=2,
            )
        return self

    def _held_out(
        self, eval_set: Any, encoder: TableEncoder | None, n_inputs: int, n_outputs: int
    ) -> tuple[Array, Array]:
        try:
            X, y = eval_set
        except (TypeError, ValueError):
            raise ValueError("eval_set: must be a pair (X, y)") from None
        rows = as_inputs(X, encoder, n_inputs)
        return rows, as_targets(y, columns=n_outputs, rows=rows.shape[0])

    def _hold_out(self, strategy: TrainingStrategy, network: Network, n_rows: int) -> float:
        fraction = self.validation_fraction
        if isinstance(fraction, str):
            if fraction != "auto":
                raise ValueError(
                    f"validation_fraction={fraction!r}: must be 'auto', a number or None"
                )
            return strategy.hold_out_share(network, n_rows)
        check_number("validation_fraction", fraction, low=0.0, high=1.0, open_high=True, none=True)
        return 0.0 if fraction is None else float(fraction)

    def _network(self, n_inputs: int, n_outputs: int) -> Network:
        try:
            widths = [int(w) for w in self.hidden_layer_sizes if check_integer("width", w, 1)]
        except TypeError:
            raise TypeError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r}: must be a sequence of integers"
            ) from None
        except ValueError as error:
            raise ValueError(f"hidden_layer_sizes={self.hidden_layer_sizes!r}: {error}") from None
        activations = _names.activations(self.activation, len(widths))
        hidden = [HiddenLayer(w, a) for w, a in zip(widths, activations, strict=True)]
        return Network([InputLayer(n_inputs), *hidden, OutputLayer(n_outputs)])

    def _set_fitted(
        self,
        network: Network,
        theta: Array,
        x_scaler: Scaler,
        y_scaler: Scaler,
        encoder: TableEncoder | None,
        flat: bool,
    ) -> None:
        self.network_ = network
        self.theta_ = theta
        self.x_scaler_, self.y_scaler_ = x_scaler, y_scaler
        self.encoder_ = encoder
        self.n_outputs_ = network.n_outputs
        self._flat = flat
        self.n_features_in_ = network.n_inputs if encoder is None else len(encoder.columns)
        if encoder is not None and encoder.named:
            names = [name for name, _ in encoder.columns]
            self.feature_names_in_ = np.array(names, dtype=object)
        elif hasattr(self, "feature_names_in_"):
            del self.feature_names_in_

    def _set_report(self, report: FitReport) -> None:
        self.report_ = report
        self.loss_ = report.loss
        self.n_iter_ = report.n_iter

    @property
    def history_(self) -> pd.DataFrame:
        """The history of the fit, one line per block visit and per pass over the data."""
        self._check_fitted()
        return self.report_.history

    def _check_fitted(self) -> None:
        if not hasattr(self, "theta_"):
            raise NotFittedError(
                f"{type(self).__name__}: is not fitted yet; call fit before using it"
            )

    # ---- predict

    def predict(self, X: ArrayLike | pd.DataFrame) -> Any:
        """Predictions in the target's units: (rows,), or (rows, outputs) where y had two axes.

        A NumPy array, or what `set_output` asked for.
        """
        return self._output(self._predict(X), X)

    def _predict(self, X: ArrayLike | pd.DataFrame) -> Array:
        self._check_fitted()
        rows = as_inputs(X, self.encoder_, self.network_.n_inputs)
        few = rows.size <= _FEW
        scaled = (
            self.x_scaler_.forward(rows, self.theta_.dtype) if few else Scaled(rows, self.x_scaler_)
        )
        out = self.network_.predict(self.theta_, scaled, n_threads=self.n_threads)
        values = self.y_scaler_.backward(out.astype(np.float64, copy=False))
        return values[:, 0] if self._flat else values

    def score(
        self, X: ArrayLike | pd.DataFrame, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> float:
        """R2, the mean over outputs; 1 is perfect, 0 the mean of y."""
        predicted = self._predict(X)
        predicted = predicted[:, np.newaxis] if self._flat else predicted
        targets = as_targets(y, columns=self.n_outputs_, rows=predicted.shape[0])
        r2 = r2_scores(targets, predicted, as_weights(sample_weight, targets.shape[0]))
        # A target that does not vary: 1 where it is met, else 0, as scikit-learn has it.
        met = (targets == predicted).all(axis=0)
        return float(np.where(np.isnan(r2), met, r2).mean())

    # ---- on disk

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model: arrays and JSON in the safetensors layout, atomically, never a pickle.

        Raises
        ------
        NotFittedError
            Before `fit`.
        ValueError
            An activation of one's own, which no file can hold.
        OSError
            The file cannot be written; one that was there is still there.
        """
        self._check_fitted()
        modelfile.save(path, *_saved.describe(self))


class _Silent:
    """Stands where a display would."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> None:
        return None


def load(path: str | os.PathLike[str]) -> HybridRegressor:
    """Reads a model written by `HybridRegressor.save`; nothing in the file is ever run.

    The model predicts as it did.  What only matters for another fit is not in the file: seed, time
    limit and a strategy that was an object (the default stands in its place); `history_` is empty.

    Parameters
    ----------
    path : str or path

    Raises
    ------
    ValueError
        Not a model file, damaged, written by a newer format, or it cannot be read.
    """
    arrays, document = modelfile.load(path)
    try:
        return _saved.restore(HybridRegressor, arrays, document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{os.fspath(path)}: is not a model of hbcd: {error}") from None
