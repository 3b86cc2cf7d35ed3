"""Optimizers of any function or loss: ADAM, L-BFGS-B, BFGS, Barzilai-Borwein, ICRS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from hbcd.optimizers.base import Compiled, InnerIterations
from hbcd.optimizers.checks import check_box, check_flag, check_line_search
from hbcd.parts.stopping import Stop
from hbcd.utils.public import public
from hbcd.utils.validation import check_integer, check_number

__all__ = ["BFGS", "ICRS", "LBFGS", "Adam", "BarzilaiBorwein"]

MOST_PAIRS = 10_000  # of L-BFGS: the core keeps the products of all pairs


@public
@dataclass(frozen=True)
class Adam(Compiled):
    """ADAM (Kingma and Ba 2015, algorithm 1), each step projected onto the box.

    Parameters
    ----------
    learning_rate : float, default 3e-3
        Step size.
    beta1, beta2 : float, default 0.9 and 0.999
        Decay of the first and second moments, in [0, 1).
    epsilon : float, default 1e-8
        Added to the root of the second moment.
    schedule : {"constant", "cosine"}, default "constant"
        "cosine": the step size falls to 0, ``learning_rate (1 + cos(pi t / T)) / 2`` in step t of
        T, t = 0, 1, ... (Loshchilov and Hutter 2017).  T is the number of iterations of the phase:
        passes times batches times visits times iterations of a visit, or what `max_iterations` of
        the phase and the run leave of them; of `hbcd.minimize` its `max_iterations`.  Other limits
        cut the schedule off, and without an end of any kind the rate does not fall.  Passes that
        bring no better point do not end a phase: the gain may come with the last, short steps.
    """

    learning_rate: float = 3e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    schedule: Literal["constant", "cosine"] = "constant"
    _native = "adam"
    inner_iterations = InnerIterations(shell=10, descent=20, batch=1)

    def __post_init__(self) -> None:
        check_number("learning_rate", self.learning_rate, low=0.0, open_low=True)
        check_number("beta1", self.beta1, low=0.0, high=1.0, open_high=True)
        check_number("beta2", self.beta2, low=0.0, high=1.0, open_high=True)
        check_number("epsilon", self.epsilon, low=0.0, open_low=True)
        if self.schedule not in ("constant", "cosine"):
            raise ValueError(f"schedule={self.schedule!r}: must be 'constant' or 'cosine'")

    @property
    def most_iterations(self) -> int:
        """10 000: its steps have a fixed length, so that no test of its own may ever end it."""
        return 10_000


@public
@dataclass(frozen=True)
class LBFGS(Compiled):
    """Limited-memory BFGS inside a box.

    L-BFGS-B (Byrd, Lu, Nocedal and Zhu 1995) with the strong Wolfe line search of More and
    Thuente (1994).

    Parameters
    ----------
    memory : int, default 10
        Pairs of differences kept, at most 10 000.
    damping : bool, default False
        Pairs of bad curvature are damped (Powell 1978) instead of skipped.
    armijo, wolfe : float, default 1e-3 and 0.9
        ``f(x + t d) <= f(x) + armijo t g'd`` and ``|g(x + t d)'d| <= wolfe |g'd|``.
    max_line_search : int, default 20
        Evaluations in one line search.
    """

    memory: int = 10
    damping: bool = False
    armijo: float = 1e-3
    wolfe: float = 0.9
    max_line_search: int = 20
    _native = "lbfgs"
    inner_iterations = InnerIterations(shell=2, descent=5, batch=5)
    monotone: ClassVar[bool] = True
    hessian: ClassVar[Literal["matrix", "pairs"] | None] = "pairs"

    def __post_init__(self) -> None:
        check_integer("memory", self.memory, 1, high=MOST_PAIRS)
        check_flag("damping", self.damping)
        check_line_search(self.armijo, self.wolfe, self.max_line_search)


@public
@dataclass(frozen=True)
class BFGS(Compiled):
    """BFGS inside a box, with the whole inverse Hessian: for up to some thousand variables.

    Nocedal and Wright 2006, section 6.1, with the strong Wolfe line search of More and Thuente
    (1994).  The matrix is in double precision whatever that of the variables, so that rounding
    does not make it indefinite.  ``H0 = (s'y / y'y) I`` once the first step is made.  A variable
    that is held on its bound leaves the model: ``H - h h' / h_ii``, with h its column, is the
    exact inverse of the Hessian without it.  Each iteration passes over the matrix once, on
    one thread: about 0.1 ms for 400 variables, 1.5 ms for 2000, 15 ms for 5000.

    Parameters
    ----------
    scaling : {"al_baali", "oren_luenberger", "first"}, default "al_baali"
        The inverse Hessian is multiplied by gamma before each update.  With
        ``r = s'Bs / s'y``: ``max(1, r)`` (Al-Baali 1998), r (Oren and Luenberger 1974), or 1.
    armijo, wolfe : float, default 1e-3 and 0.9
        ``f(x + t d) <= f(x) + armijo t g'd`` and ``|g(x + t d)'d| <= wolfe |g'd|``.
    max_line_search : int, default 20
        Evaluations in one line search.
    memory_limit : int, default 2**30
        Bytes that the matrix may take: ``4 n (n + 1)`` for n variables, 100 MB for 5000.

    Raises
    ------
    ValueError
        When a run has too many variables for `memory_limit`.
    """

    scaling: Literal["al_baali", "oren_luenberger", "first"] = "al_baali"
    armijo: float = 1e-3
    wolfe: float = 0.9
    max_line_search: int = 20
    memory_limit: int = 2**30
    _native = "bfgs"
    inner_iterations = InnerIterations(shell=5, descent=5, batch=5)
    monotone: ClassVar[bool] = True
    hessian: ClassVar[Literal["matrix", "pairs"] | None] = "matrix"

    def __post_init__(self) -> None:
        if self.scaling not in ("al_baali", "oren_luenberger", "first"):
            raise ValueError(
                f"scaling={self.scaling!r}: must be 'al_baali', 'oren_luenberger' or 'first'"
            )
        check_line_search(self.armijo, self.wolfe, self.max_line_search)
        check_integer("memory_limit", self.memory_limit, 1)

    @staticmethod
    def matrix_bytes(n: int) -> int:
        """Bytes of the matrix of n variables.

        Parameters
        ----------
        n : int
            Number of variables.

        Returns
        -------
        int
        """
        return 4 * n * (n + 1)

    def check_size(self, n: int) -> None:
        """ValueError if the matrix of n variables is larger than `memory_limit`."""
        need = self.matrix_bytes(n)
        if need > self.memory_limit:
            raise ValueError(
                f"memory_limit={self.memory_limit}: must be at least {need} bytes for BFGS on "
                f"{n} variables; LBFGS needs far less"
            )


@public
@dataclass(frozen=True)
class BarzilaiBorwein(Compiled):
    """Spectral projected gradient with Barzilai-Borwein steps.

    Birgin, Martinez and Raydan 2000.  The search is not monotone, the best point is returned.  It
    ends at `f_tol` when the last `history` values have not decreased by more, not when one step,
    which may be a short one, has not.

    Parameters
    ----------
    step : {"abbmin", "bb1", "bb2"}, default "abbmin"
        ``bb1 = s's / s'y``, ``bb2 = s'y / y'y``; abbmin takes the smallest of the last bb2 when
        ``bb2 / bb1 < tau``, else bb1 (Frassoldati, Zanni and Zanghirati 2008).
    history : int, default 10
        M of the non-monotone search: a trial is compared with the largest of the last M values.
    armijo : float, default 1e-4
        Sufficient decrease.
    step_min, step_max : float, default 1e-30 and 1e10
        Bounds of the step.
    tau : float, default 0.8
        Threshold of abbmin.
    abb_memory : int, default 5
        How many bb2 steps abbmin takes the smallest of.
    """

    step: Literal["abbmin", "bb1", "bb2"] = "abbmin"
    history: int = 10
    armijo: float = 1e-4
    step_min: float = 1e-30
    step_max: float = 1e10
    tau: float = 0.8
    abb_memory: int = 5
    _native = "bb"
    inner_iterations = InnerIterations(shell=10, descent=20, batch=20)

    def __post_init__(self) -> None:
        if self.step not in ("abbmin", "bb1", "bb2"):
            raise ValueError(f"step={self.step!r}: must be 'abbmin', 'bb1' or 'bb2'")
        check_integer("history", self.history, 1)
        check_number("armijo", self.armijo, low=0.0, high=1.0, open_low=True, open_high=True)
        check_number("step_min", self.step_min, low=0.0, open_low=True)
        check_number("step_max", self.step_max, low=self.step_min)
        check_number("tau", self.tau, low=0.0, high=1.0, open_low=True)
        check_integer("abb_memory", self.abb_memory, 1)


@public
@dataclass(frozen=True)
class ICRS(Compiled):
    """Integrated controlled random search (Banga and Casares 1987), derivative free.

    From the best point x each trial draws all coordinates from ``N(x_i, (kappa lambda_i)**2)``,
    ``lambda_i`` the distance to the nearest bound; only a better trial is taken.  kappa starts at
    k1 and shrinks by k2 after too many failures.  Needs finite bounds.  One iteration is n trials.

    Parameters
    ----------
    k1, k2 : float, default 1/3 and 1/2
        First relative width (the nearest bound is a 3-sigma event) and shrink factor.
    failures_per_parameter : float, default 4
        n_e: shrink after n_e n failures.
    max_failures : int or None
        A fixed number of failures instead.
    cumulative : bool, default False
        Count failures since the last shrink, not in a row.
    reset_width : bool, default False
        A success sets the width back to k1.
    tolerance : float, default 1e-4
        Stop when the widest interval, relative to the box, is narrower.  One that is so wide that
        nothing is tried is no success.
    floor : float, default 0.05
        Smallest distance to a bound that counts, relative to the box: lets a coordinate leave its
        bound.  (With 1e-3 the search stalls in a corner of the box.)
    max_evaluations : int or None
        Trials of one call; None: 100 n where nothing else limits them.
    """

    k1: float = 1.0 / 3.0
    k2: float = 0.5
    failures_per_parameter: float = 4.0
    max_failures: int | None = None
    cumulative: bool = False
    reset_width: bool = False
    tolerance: float = 1e-4
    floor: float = 0.05
    max_evaluations: int | None = None
    _native = "icrs"
    inner_iterations = InnerIterations(shell=50, descent=50, batch=20)
    value_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_number("k1", self.k1, low=0.0, open_low=True)
        check_number("k2", self.k2, low=0.0, high=1.0, open_low=True, open_high=True)
        check_number("failures_per_parameter", self.failures_per_parameter, low=0.0, open_low=True)
        check_integer("max_failures", self.max_failures, 1, none=True)
        check_flag("cumulative", self.cumulative)
        check_flag("reset_width", self.reset_width)
        check_number("tolerance", self.tolerance, low=0.0)
        check_number("floor", self.floor, low=0.0, high=0.5)
        check_integer("max_evaluations", self.max_evaluations, 1, none=True)

    @property
    def search_box(self) -> float:
        """1: the box is the regularizer of the search, and it needs one (Casares and Banga)."""
        return 1.0

    def for_function(
        self, n: int, stop: Stop, box: tuple[Any, Any], residuals: bool
    ) -> tuple[Self, Stop]:
        """Itself, with a budget of ``100 n`` evaluations where nothing else limits it.

        Parameters
        ----------
        n : int
            Number of variables.
        stop : Stop
        box : (lo, hi)
        residuals : bool

        Returns
        -------
        (ICRS, Stop)

        Raises
        ------
        ValueError
            A variable without finite bounds, or bounds further apart than the largest number.
        """
        method, stop = super().for_function(n, stop, box, residuals)
        check_box(n, *box)
        limits = (stop.max_evaluations, stop.max_iterations, stop.max_seconds)
        if method.max_evaluations is None and limits == (None, None, None):
            method = method.changed(max_evaluations=100 * n)
        return method, stop
