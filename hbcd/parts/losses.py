"""Losses, defined on the outputs of a row: built-in ones run compiled code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.utils.public import public
from hbcd.utils.validation import check_number

__all__ = [
    "AbsoluteError",
    "CrossEntropy",
    "Huber",
    "LogCosh",
    "Logistic",
    "Loss",
    "Poisson",
    "Quantile",
    "SquaredError",
    "check_shapes",
    "has_curvature",
]

Array = NDArray[Any]


@public
class Loss:
    """What a network is trained to make small: the weighted mean of a function of each row.

    Subclass it and write `evaluate`: ``F = sum_r w_r loss_r / sum_r w_r``; or compile a function of
    that kind and hand it over as a `CompiledLoss`.  Second-order methods that need a Gauss-Newton
    matrix (`LevenbergMarquardt`, `ExactOutput`) refuse either.

    Attributes
    ----------
    standardize_target : bool, default True
        Whether an estimator hands over targets standardized, (y - center) / spread.
    robust : bool, default False
        Whether center and spread are the median and half the median absolute deviation from it,
        which a minority of outliers hardly moves, in place of mean and standard deviation.
    """

    standardize_target: bool = True
    robust: bool = False

    def evaluate(self, out: Array, target: Array, grad: Array | None) -> Array:
        """The loss of every row (rows,); writes `grad` unless it is None.

        Parameters
        ----------
        out, target : ndarray of shape (rows, outputs)
            Outputs of the network and targets: views on the core's memory in the run's precision,
            valid during the call only; up to 256 rows at a time.
        grad : ndarray of shape (rows, outputs) or None
            To be set to the derivative of each row's loss in its outputs, without its weight.
        """
        raise NotImplementedError(f"{type(self).__name__}.evaluate: must be written")

    def mean(self, out: Array) -> Array:
        """What outputs predict; the outputs themselves unless there is a link.

        Parameters
        ----------
        out : ndarray of shape (rows, outputs)

        Returns
        -------
        ndarray of shape (rows, outputs)
        """
        return out

    def _check_target(self, name: str, target: Array) -> None:
        """ValueError where the loss has no meaning for a target."""


class _Compiled(Loss):
    """Shared by the built-in ones: `evaluate` runs the compiled function of the class's `_row`."""

    _row: ClassVar[str]

    def evaluate(self, out: Array, target: Array, grad: Array | None) -> Array:
        check_shapes(out, target, grad)
        return core.loss_of_rows(self._row, self._parameters, out, target, grad)

    @property
    def _parameters(self) -> tuple[float, ...]:
        """The parameters of the compiled function."""
        return ()


def has_curvature(loss: Loss) -> bool:
    """Whether a loss has a Gauss-Newton matrix: the built-in ones do, custom ones do not."""
    return "_row" in vars(type(loss))


def check_shapes(out: Array, target: Array, grad: Array | None) -> None:
    """ValueError unless outputs, targets and a gradient have the same two axes.

    Parameters
    ----------
    out, target : ndarray of shape (rows, outputs)
    grad : ndarray of shape (rows, outputs) or None
    """
    if out.ndim != 2 or out.shape != target.shape or (grad is not None and grad.shape != out.shape):
        raise ValueError("out, target, grad: must have the same two axes")


def _refuse(name: str, target: Array, wrong: Array, rule: str) -> None:
    if wrong.any():
        at = np.unravel_index(int(np.argmax(wrong)), target.shape)
        raise ValueError(f"{name}: row {at[0]} is {target[at]:g}: must be {rule}")


@public
@dataclass(frozen=True)
class SquaredError(_Compiled):
    """Mean of half squared error.

    ``F = sum_r w_r sum_k (out_rk - y_rk)**2 / 2 / (n_outputs * sum_r w_r)``: the mean is over rows
    and outputs alike, so that without weights ``F = np.mean((out - y)**2) / 2``.
    """

    _native = "squared_error"
    _row: ClassVar[str] = "squared_error"


@public
@dataclass(frozen=True)
class AbsoluteError(_Compiled):
    """Mean absolute error with a rounded tip: ``sqrt(e**2 + s**2) - s``, e = out - y.

    Parameters
    ----------
    smoothing : float, default 0.01
        s: below it the loss is quadratic, ``e**2 / (2 s)``; it is never more than s below ``|e|``.
        In the units of the target as the network sees it: of an estimator, halves of the
        target's median absolute deviation.

    Notes
    -----
    Mean over rows and outputs alike, as for `Huber`, `LogCosh`, `Quantile`, `Poisson` and
    `Logistic`.  The Gauss-Newton weight of this loss, `Huber`, `LogCosh` and `Quantile` is
    ``slope / e``, as in iteratively reweighted least squares [1]_; that of the others is the second
    derivative.

    References
    ----------
    .. [1] P. J. Huber, Robust estimation of a location parameter, Ann. Math. Statist. 35 (1964).
    """

    smoothing: float = 0.01
    robust = True
    _native = "absolute"
    _row: ClassVar[str] = "absolute"

    def __post_init__(self) -> None:
        check_number("smoothing", self.smoothing, low=0.0, open_low=True)

    @property
    def _parameters(self) -> tuple[float, ...]:
        return (self.smoothing,)


@public
@dataclass(frozen=True)
class Huber(_Compiled):
    """``e**2 / 2`` up to ``|e| = delta``, ``delta (|e| - delta / 2)`` beyond; e = out - y.

    Parameters
    ----------
    delta : float, default 1.35
        In the units of the target as the network sees it: of an estimator, halves of the target's
        median absolute deviation; where errors are small beside them take a smaller one.
    """

    delta: float = 1.35
    robust = True
    _native = "huber"
    _row: ClassVar[str] = "huber"

    def __post_init__(self) -> None:
        check_number("delta", self.delta, low=0.0, open_low=True)

    @property
    def _parameters(self) -> tuple[float, ...]:
        return (self.delta,)


@public
@dataclass(frozen=True)
class LogCosh(_Compiled):
    """``log cosh(out - y)``: about half the square of small errors, the size of large ones."""

    robust = True
    _native = "log_cosh"
    _row: ClassVar[str] = "log_cosh"


@public
@dataclass(frozen=True)
class Quantile(_Compiled):
    """The pinball loss with a rounded tip: the network learns a conditional quantile.

    With ``u = y - out``: ``(sqrt(u**2 + s**2) + (2 q - 1) u) / 2 - s sqrt(q (1 - q))``, at least 0
    and at most s / 2 from ``max(q u, (q - 1) u)`` (Koenker and Bassett 1978).

    Parameters
    ----------
    q : float, default 0.5
        Level, between 0 and 1; 0.5 is half the `AbsoluteError`.
    smoothing : float, default 0.01
        s, in the units of the target as the network sees it: of an estimator, halves of the
        target's median absolute deviation.
    """

    q: float = 0.5
    smoothing: float = 0.01
    robust = True
    _native = "quantile"
    _row: ClassVar[str] = "quantile"

    def __post_init__(self) -> None:
        check_number("q", self.q, low=0.0, high=1.0, open_low=True, open_high=True)
        check_number("smoothing", self.smoothing, low=0.0, open_low=True)

    @property
    def _parameters(self) -> tuple[float, ...]:
        return (self.smoothing, self.q)


@public
@dataclass(frozen=True)
class Poisson(_Compiled):
    """Half the Poisson deviance with log link: ``mu - y - y log(mu / y)``, ``mu = exp(out)``.

    Targets are counts or rates, at least 0.  Outputs are logarithms; `mean` gives mu.
    """

    standardize_target = False
    _native = "poisson"
    _row: ClassVar[str] = "poisson"

    def mean(self, out: Array) -> Array:
        """``exp(out)``."""
        return np.exp(out)

    def _check_target(self, name: str, target: Array) -> None:
        _refuse(name, target, target < 0, "at least 0 for Poisson()")


@public
@dataclass(frozen=True)
class Logistic(_Compiled):
    """``log(1 + exp(out)) - y out``: minus the log-likelihood of y in {0, 1}, or a share between.

    Outputs are log-odds; `mean` gives probabilities of 1.
    """

    standardize_target = False
    _native = "logistic"
    _row: ClassVar[str] = "logistic"

    def mean(self, out: Array) -> Array:
        """``1 / (1 + exp(-out))`` without overflow."""
        small = np.exp(-np.abs(out))
        return np.asarray(np.where(out < 0, small, 1.0) / (1.0 + small))

    def _check_target(self, name: str, target: Array) -> None:
        _refuse(name, target, (target < 0) | (target > 1), "from 0 to 1 for Logistic()")


@public
@dataclass(frozen=True)
class CrossEntropy(_Compiled):
    """``sum_k y_k (log sum_j exp(out_j) - out_k)``: minus the log-likelihood of a class.

    A row of y is 1 at its class and 0 elsewhere, or the shares of the classes.  The mean is over
    rows alone.  `mean` gives probabilities, the softmax of the outputs.  The Gauss-Newton matrix of
    a row, ``diag(p) - p p'``, is used whole.
    """

    standardize_target = False
    _native = "cross_entropy"
    _row: ClassVar[str] = "cross_entropy"

    def mean(self, out: Array) -> Array:
        """``exp(out_k) / sum_j exp(out_j)`` without overflow."""
        powers = np.exp(out - out.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def _check_target(self, name: str, target: Array) -> None:
        _refuse(name, target, target < 0, "at least 0 for CrossEntropy()")
