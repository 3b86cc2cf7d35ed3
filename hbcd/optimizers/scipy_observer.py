"""What SciPy's options ask for between the iterations of a run, and add to its result."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from hbcd.optimizers.function import Function
from hbcd.optimizers.observer import Array, Converged, Observer, UserCallback
from hbcd.optimizers.scipy_options import Choices
from hbcd.parts.stopping import StopReason

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

__all__ = ["SciPyObserver"]


class SciPyObserver(Observer):
    """The user's callback, tests of `xrtol`, `norm` and `maxfun`, and steps for `hess_inv`.

    Parameters
    ----------
    choices : Choices
    callback : callable or None
        The user's.
    """

    def __init__(self, choices: Choices, callback: Callable[..., Any] | None) -> None:
        self.choices, self.options = choices, choices.options
        self.user = None if callback is None else UserCallback(callback)
        self.function: Function | None = None
        self.x: Array | None = None
        self.gradient: Array | None = None
        self.points: list[Array] = []
        self.pairs: list[tuple[Array, Array]] = []

    def begin(self, function: Function, x: Array, f: float, gradient: Array) -> None:
        """Before the first iteration."""
        self.function, self.x, self.gradient = function, x, gradient
        self.points = [x]
        self._test_gradient(gradient)

    def iteration(self, x: Array, f: float, gradient: Array | None) -> None:
        """After each one: the user's callback first, as in SciPy."""
        last, self.x = self.x, x.copy()
        if self.options.get("return_all"):
            self.points.append(self.x)
        if last is not None and gradient is not None and self.gradient is not None:
            self._keep(self.x - last, gradient - self.gradient)
        self.gradient = gradient
        if self.user is not None:
            self.user.iteration(x, f, gradient)
        xrtol = self.options.get("xrtol", 0.0)
        length = np.inf if last is None else np.linalg.norm(self.x - last)
        if xrtol > 0 and length <= xrtol * (xrtol + np.linalg.norm(self.x)):
            raise Converged(StopReason.WIDTH)
        self._test_gradient(gradient)
        limit = self.choices.stop.max_evaluations
        if limit is not None and self.function is not None and self.function.n_fev > limit:
            raise Converged(StopReason.EVALUATIONS)  # differences count too

    def _test_gradient(self, gradient: Array | None) -> None:
        """Ends the run where `norm` or `hess_inv0` keep the core from testing the gradient."""
        norm = self.choices.norm
        if norm is None or gradient is None:
            return
        if np.linalg.norm(gradient, ord=norm) <= self.choices.gtol:
            raise Converged(StopReason.GRADIENT)

    def _keep(self, step: Array, change: Array) -> None:
        """A pair of differences, as many as the optimizer keeps."""
        if self.choices.optimizer.hessian is None or not float(step @ change) > 0:
            return
        self.pairs.append((step, change))
        if self.choices.optimizer.hessian == "pairs":
            del self.pairs[: -self.choices.optimizer.memory]

    def complete(self, found: OptimizeResult) -> None:
        """Adds `hess_inv` and `allvecs` to a result."""
        if self.options.get("return_all"):
            found["allvecs"] = self.points
        kind = self.choices.optimizer.hessian
        if kind is None:
            return
        from scipy.optimize import LbfgsInvHessProduct

        pairs = np.array(self.pairs).reshape(-1, 2, found.x.size)
        product = LbfgsInvHessProduct(pairs[:, 0], pairs[:, 1])
        found["hess_inv"] = product if kind == "pairs" else product.todense()
