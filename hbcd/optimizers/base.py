"""What an optimizer is: the class to subclass, and the one that the built-in ones share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.parts.stopping import Stop, StopReason
from hbcd.utils.validation import as_seed, box_vectors

__all__ = ["Compiled", "Optimizer"]

Array = NDArray[Any]
Box = tuple[Array, Array] | None
Objective = Callable[[Array], tuple[float, Array]]


class Optimizer:
    """Minimizes a function inside a box.  Subclass it and write `minimize`."""

    value_only: ClassVar[bool] = False  # never asks for a gradient
    monotone: ClassVar[bool] = False  # can be taken up again where it stopped, never gets worse

    def minimize(
        self, objective: Objective, x: Array, box: Box, stop: Any, rng: np.random.Generator
    ) -> StopReason | None:
        """Moves `x` in place and says why it stopped (None: it is done).

        Parameters
        ----------
        objective : callable
            ``objective(x) -> (f, gradient)``; ``objective.value(x) -> f``.  It raises when the run
            is over (a limit, Ctrl-C): let that pass.  The best point it evaluated is kept, and
            taken instead of `x` if it is better.
        x : ndarray of shape (n,)
            Start, inside the box; the result.  In the run's precision.
        box : (lo, hi) or None
            Vectors of n; infinities where there is no bound.
        stop : Stop
            Tolerances, and limits that are enforced by `objective`.
        rng : numpy.random.Generator
            Seeded from the run.
        """
        raise NotImplementedError(f"{type(self).__name__}.minimize: must be written")

    def check_size(self, n: int) -> None:
        """Refuses a number of variables that is too large; called before a run.

        Parameters
        ----------
        n : int
            Number of variables.

        Raises
        ------
        ValueError
            They are too many.
        """

    @property
    def scipy(self) -> Callable[..., Any]:
        """Itself for ``scipy.optimize.minimize(..., method=optimizer.scipy)``."""
        from hbcd.optimizers.minimize import scipy_method

        return scipy_method(self)


class Compiled(Optimizer):
    """Shared by the built-in ones: `minimize` runs the compiled optimizer."""

    _native: ClassVar[str]

    def minimize(
        self,
        objective: Objective,
        x: Array,
        box: Box = None,
        stop: Any = None,
        rng: Any = None,
    ) -> StopReason:
        """Moves `x` (contiguous float32 or float64) in place to the best point found."""
        self.check_size(x.size)
        lo, hi = box_vectors("box", box, x.size, x.dtype)
        value = getattr(objective, "value", None)
        normal = getattr(objective, "normal_equations", None)

        def function(point: Array, with_gradient: bool) -> tuple[float, Array | None]:
            if not with_gradient and value is not None:
                return float(value(point)), None
            f, gradient = objective(point)
            return f, gradient

        result = core.minimize(
            self,
            function,
            x,
            lo,
            hi,
            Stop() if stop is None else stop,
            as_seed("rng", rng),
            row=self._native,  # also where `self` is of a class of the user's: this is its super()
            normal=normal,
        )
        return StopReason(result["status"])
