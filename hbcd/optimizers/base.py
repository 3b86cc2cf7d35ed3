"""What an optimizer is: the class to subclass, and the one that the built-in ones share."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.optimizers.scipy_method import scipy_method
from hbcd.parts.stopping import Stop, StopReason
from hbcd.utils.public import public
from hbcd.utils.validation import as_seed, box_vectors, check_integer

__all__ = ["Compiled", "InnerIterations", "Optimizer", "Requirements", "own_iterations"]

Array = NDArray[Any]
Box = tuple[Array, Array] | None
ValueAndGradient = Callable[[Array], tuple[float, Array]]


class InnerIterations(NamedTuple):
    """Iterations that an optimizer makes at a time, where a strategy is not told how many.

    Attributes
    ----------
    shell : int
        Of a visit in `BatchShell`: few, because a fit that converges on so few rows interpolates
        them.
    descent : int
        Of a visit in `BlockCoordinateDescent`, on all rows.
    batch : int
        On a batch of `MiniBatch`.
    """

    shell: int = 5
    descent: int = 10
    batch: int = 1


def own_iterations(optimizer: Optimizer, place: Literal["shell", "descent", "batch"]) -> int:
    """What the optimizer says in `inner_iterations` of this place.

    Raises
    ------
    TypeError, ValueError
        It is not a whole number of at least 1.
    """
    own = optimizer.inner_iterations
    number = getattr(own, place) if isinstance(own, InnerIterations) else own
    check_integer(f"{type(optimizer).__name__}.inner_iterations", number, 1)
    return int(number)


@dataclass(frozen=True)
class Requirements:
    """What an optimizer needs of a network.

    Attributes
    ----------
    by : str
        Name of the optimizer, for messages.
    one_block : bool
        Its matrices are those of one block at a time, not of all parameters.
    gauss_newton : bool
        A built-in loss, and dense layers wherever there are parameters.
    linear_output : bool
        The squared error, and a last layer that is dense and without activation.
    """

    by: str
    one_block: bool = False
    gauss_newton: bool = False
    linear_output: bool = False


@public
class Optimizer:
    """Minimizes a function inside a box.  Subclass it and write `minimize`.

    Attributes
    ----------
    value_only : bool
        It never asks for a gradient.
    monotone : bool
        It can be continued where it stopped, and never gets worse.
    inner_iterations : int or InnerIterations
        Iterations at a time where a strategy is not told how many; an int: everywhere the same.
    hessian : {"matrix", "pairs"} or None
        What it knows of the inverse Hessian, for `hess_inv` of SciPy's results.
    """

    value_only: ClassVar[bool] = False
    monotone: ClassVar[bool] = False
    inner_iterations: InnerIterations | int = InnerIterations()
    hessian: ClassVar[Literal["matrix", "pairs"] | None] = None

    def minimize(
        self, objective: ValueAndGradient, x: Array, box: Box, stop: Any, rng: np.random.Generator
    ) -> StopReason | None:
        """Moves `x` in place and says why it stopped (None: it has made its iterations).

        Parameters
        ----------
        objective : callable
            ``objective(x) -> (f, gradient)``; ``objective.value(x) -> f``.  It raises when the run
            is over (a limit, Ctrl-C): do not catch that.  The best point it evaluated is kept, and
            taken instead of `x` if it is better.
        x : ndarray of shape (n,)
            Start, inside the box; the result: ``x[:] = ...``, not ``x = ...``, which sets a
            variable.  In the run's precision.  Values that are not finite are taken back, and the
            run ends with NOT_FINITE.
        box : (lo, hi) or None
            Vectors of n; infinities where there is no bound.
        stop : Stop
            Tolerances and limits.  `objective` enforces all but `max_iterations`, which is yours to
            count: it is the `inner_iterations` of the strategy, or None.
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

    def requirements(self, by_blocks: bool) -> list[Requirements]:
        """What it needs of a network; checked before a training.

        Parameters
        ----------
        by_blocks : bool
            It gets one block at a time.

        Returns
        -------
        list of Requirements
        """
        return [Requirements(type(self).__name__, one_block=by_blocks)]

    def for_function(
        self, n: int, stop: Stop, box: tuple[Any, Any], residuals: bool
    ) -> tuple[Self, Stop]:
        """What `hbcd.minimize` runs: itself and `stop`, with what was left open filled in.

        Parameters
        ----------
        n : int
            Number of variables.
        stop : Stop
        box : (lo, hi)
            Vectors of n, or None for no bound.
        residuals : bool
            The function is a sum of squares and gives its residuals.

        Returns
        -------
        (Optimizer, Stop)

        Raises
        ------
        ValueError
            It cannot minimize this function.
        """
        self.check_size(n)
        if self.most_iterations is not None and not _is_limited(stop):
            stop = _changed(stop, max_iterations=self.most_iterations)
        return self, stop

    @property
    def search_box(self) -> float | None:
        """Half-width of the bounds of the parameters in a phase without any; None: no bounds."""
        return None

    @property
    def most_iterations(self) -> int | None:
        """Iterations of one call where nothing else limits them; None: its own tests end it."""
        return None

    @property
    def scipy(self) -> Callable[..., Any]:
        """Itself for ``scipy.optimize.minimize(..., method=optimizer.scipy)``."""
        return scipy_method(self)


def _is_limited(stop: Stop) -> bool:
    return stop.max_iterations is not None or stop.max_seconds is not None


def _changed(described: Any, **fields: Any) -> Any:
    """A copy of a frozen description, of any subclass, with other values in some fields."""
    other = copy.copy(described)
    for name, value in fields.items():
        object.__setattr__(other, name, value)
    return other


class Compiled(Optimizer):
    """Shared by the built-in ones: `minimize` runs the compiled optimizer."""

    _native: ClassVar[str]

    @property
    def runs_compiled(self) -> bool:
        """Whether the core runs it by itself: not a subclass of a built-in one."""
        return "_native" in vars(type(self))

    def changed(self, **fields: Any) -> Self:
        """A copy with other values in some fields.

        Parameters
        ----------
        **fields
            Names and values of fields.

        Returns
        -------
        Compiled
        """
        return _changed(self, **fields)  # type: ignore[no-any-return]

    def minimize(
        self,
        objective: ValueAndGradient,
        x: Array,
        box: Box = None,
        stop: Any = None,
        rng: Any = None,
    ) -> StopReason:
        """Moves `x` (contiguous float32 or float64) in place to the best point found.

        The tolerances of `stop` are absolute here; `hbcd.minimize` adapts them to small functions.
        """
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
