"""Callbacks of an estimator: the user's, those that print, and scikit-learn's."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hbcd.callbacks.callback import Callback, Event
from hbcd.callbacks.callback_list import as_callbacks
from hbcd.callbacks.log_lines import printed
from hbcd.estimators.parameters import EstimatorParameters
from hbcd.utils.validation import check_integer

__all__ = ["SklearnBridge", "SklearnCallbacks", "sklearn_bridges", "with_sklearn_callbacks"]

Fit = TypeVar("Fit", bound=Callable[..., Any])


class _FromScikitLearn:
    """A method of scikit-learn's mixin for callbacks; absent before 1.9 and without it."""

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        try:
            from sklearn.callback import CallbackSupportMixin
        except ImportError:
            raise AttributeError(f"{self.name}: needs scikit-learn 1.9 or newer") from None
        method = getattr(CallbackSupportMixin, self.name)
        return method if instance is None else method.__get__(instance, owner)


class SklearnCallbacks(EstimatorParameters):
    """`set_callbacks` of scikit-learn, and the callbacks of a fit."""

    set_callbacks = _FromScikitLearn()
    _init_callback_context = _FromScikitLearn()

    def _fit_callbacks(self) -> list[Any]:
        """The callbacks of the user, and those that print."""
        if not isinstance(self.verbose, (bool, np.bool_)):
            check_integer("verbose", self.verbose, 0)
        return [*as_callbacks(self.callbacks), *(printed() if self.verbose > 1 else ())]


def with_sklearn_callbacks(estimator: Any, fit: Fit) -> Fit:
    """A function ``fit(estimator, ...)`` that ends scikit-learn's callbacks, where there are any.

    Without them it is `fit` itself.
    """
    if "_skl_callbacks" not in vars(estimator):
        return fit
    from sklearn.callback import with_callbacks

    managed: Fit = with_callbacks(fit)
    return managed


class SklearnBridge(Callback):
    """A training as scikit-learn's callbacks see it: a fit whose subtasks are sweeps.

    Parameters
    ----------
    estimator : HybridEstimator
    X, y, sample_weight
        As `fit` got them.
    fitted : callable
        ``fitted(theta, network)``: a copy of the estimator, fitted with these parameters.
    """

    def __init__(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        sample_weight: Any,
        fitted: Callable[[NDArray[Any], Any], Any],
    ) -> None:
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.about = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self.fitted = fitted
        self.open: dict[int, Any] = {}  # by the number of the start
        self.root = estimator._init_callback_context(max_subtasks=None)
        self.root.call_on_fit_task_begin(**self.about)

    def _sweep(self, start: int) -> Any:
        if start not in self.open:
            self.open[start] = self.root.subcontext(task_name="sweep")
            self.open[start].call_on_fit_task_begin(**self.about)
        return self.open[start]

    def on_block_begin(self, event: Event) -> None:
        """Opens a sweep at its first visit."""
        self._sweep(event.start)

    def on_sweep_end(self, event: Event) -> bool:
        """Closes it; a callback may answer that this is the end."""
        sweep = self._sweep(event.start)
        del self.open[event.start]
        return self._close(sweep, event)

    def on_end(self, event: Event) -> None:
        """Closes sweeps that did not come to their end."""
        while self.open:
            _, sweep = self.open.popitem()
            if event.stop_reason is None:  # an exception: there is nothing to show
                sweep.call_on_fit_task_end(estimator=self.about["estimator"])
            else:
                self._close(sweep, event)

    def _close(self, sweep: Any, event: Event) -> bool:
        def attributes() -> dict[str, Any]:
            found: dict[str, Any] = vars(self.fitted(event.best_theta, event.network))
            return found

        return bool(sweep.call_on_fit_task_end(**self.about, reconstruction_attributes=attributes))

    def close(self) -> None:
        """The fit is done, its attributes are set."""
        self.root.call_on_fit_task_end(**self.about, reconstruction_attributes={})


def sklearn_bridges(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    apply: Callable[[Any, NDArray[Any], Any], None],
) -> list[SklearnBridge]:
    """One bridge where scikit-learn's callbacks are set; `apply(copy, theta, network)` fits one."""
    if "_skl_callbacks" not in vars(estimator):
        return []

    def fitted(theta: NDArray[Any], network: Any) -> Any:
        other = copy.copy(estimator)
        apply(other, theta, network)
        return other

    return [SklearnBridge(estimator, X, y, sample_weight, fitted)]
