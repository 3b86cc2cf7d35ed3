"""Optimizers of a block or of everything.

ADAM, L-BFGS-B, BFGS, Barzilai-Borwein, ICRS, Levenberg-Marquardt, exact output layer; one's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from hbcd.optimizers.base import Compiled, Optimizer
from hbcd.utils.validation import check_integer, check_number

__all__ = [
    "BFGS",
    "ICRS",
    "LBFGS",
    "Adam",
    "BarzilaiBorwein",
    "ExactOutput",
    "LevenbergMarquardt",
    "Optimizer",
]


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
    """

    learning_rate: float = 3e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    _native = "adam"

    def __post_init__(self) -> None:
        check_number("learning_rate", self.learning_rate, low=0.0, open_low=True)
        check_number("beta1", self.beta1, low=0.0, high=1.0, open_high=True)
        check_number("beta2", self.beta2, low=0.0, high=1.0, open_high=True)
        check_number("epsilon", self.epsilon, low=0.0, open_low=True)


@dataclass(frozen=True)
class LBFGS(Compiled):
    """Limited-memory BFGS inside a box.

    L-BFGS-B (Byrd, Lu, Nocedal and Zhu 1995) with the strong Wolfe line search of More and
    Thuente (1994).

    Parameters
    ----------
    memory : int, default 10
        Pairs of differences kept.
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
    monotone: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_integer("memory", self.memory, 1)
        check_number("armijo", self.armijo, low=0.0, high=1.0, open_low=True, open_high=True)
        check_number("wolfe", self.wolfe, low=self.armijo, high=1.0, open_low=True, open_high=True)
        check_integer("max_line_search", self.max_line_search, 1)


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
    monotone: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.scaling not in ("al_baali", "oren_luenberger", "first"):
            raise ValueError(
                f"scaling={self.scaling!r}: must be 'al_baali', 'oren_luenberger' or 'first'"
            )
        check_number("armijo", self.armijo, low=0.0, high=1.0, open_low=True, open_high=True)
        check_number("wolfe", self.wolfe, low=self.armijo, high=1.0, open_low=True, open_high=True)
        check_integer("max_line_search", self.max_line_search, 1)
        check_integer("memory_limit", self.memory_limit, 1)

    def check_size(self, n: int) -> None:
        """ValueError if the matrix of n variables is larger than `memory_limit`."""
        need = 4 * n * (n + 1)
        if need > self.memory_limit:
            raise ValueError(
                f"memory_limit={self.memory_limit}: must be at least {need} bytes for BFGS on "
                f"{n} variables; LBFGS needs far less"
            )


@dataclass(frozen=True)
class BarzilaiBorwein(Compiled):
    """Spectral projected gradient with Barzilai-Borwein steps.

    Birgin, Martinez and Raydan 2000.  The search is not monotone, the best point is returned.

    Parameters
    ----------
    step : {"abbmin", "bb1", "bb2"}, default "abbmin"
        ``bb1 = s's / s'y``, ``bb2 = s'y / y'y``; abbmin takes the smallest of the last bb2 when
        ``bb2 / bb1 < tau``, else bb1 (Frassoldati, Zanni and Zanghirati 2008).
    history : int, default 10
        M of the non-monotone search: a trial is compared with the largest of the last M values.
    armijo : float, default 1e-4
        Sufficient decrease.
    step_min, step_max : float, default 1e-10 and 1e10
        Bounds of the step.
    tau : float, default 0.8
        Threshold of abbmin.
    abb_memory : int, default 5
        How many bb2 steps abbmin takes the smallest of.
    """

    step: Literal["abbmin", "bb1", "bb2"] = "abbmin"
    history: int = 10
    armijo: float = 1e-4
    step_min: float = 1e-10
    step_max: float = 1e10
    tau: float = 0.8
    abb_memory: int = 5
    _native = "bb"

    def __post_init__(self) -> None:
        if self.step not in ("abbmin", "bb1", "bb2"):
            raise ValueError(f"step={self.step!r}: must be 'abbmin', 'bb1' or 'bb2'")
        check_integer("history", self.history, 1)
        check_number("armijo", self.armijo, low=0.0, high=1.0, open_low=True, open_high=True)
        check_number("step_min", self.step_min, low=0.0, open_low=True)
        check_number("step_max", self.step_max, low=self.step_min)
        check_number("tau", self.tau, low=0.0, high=1.0, open_low=True)
        check_integer("abb_memory", self.abb_memory, 1)


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
        Stop when the widest interval, relative to the box, is narrower.
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
    value_only: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_number("k1", self.k1, low=0.0, open_low=True)
        check_number("k2", self.k2, low=0.0, high=1.0, open_low=True, open_high=True)
        check_number("failures_per_parameter", self.failures_per_parameter, low=0.0, open_low=True)
        check_integer("max_failures", self.max_failures, 1, none=True)
        check_number("tolerance", self.tolerance, low=0.0)
        check_number("floor", self.floor, low=0.0, high=0.5)
        check_integer("max_evaluations", self.max_evaluations, 1, none=True)


@dataclass(frozen=True)
class LevenbergMarquardt(Compiled):
    """Levenberg-Marquardt on a sum of squares, or a loss with a Gauss-Newton matrix, inside a box.

    Each step p minimizes ``g'p + p'(J'WJ + mu D)p / 2`` in the box, J the Jacobian of the errors
    and g the gradient; it is taken if the loss falls.  J is never stored: an iteration takes the
    normal equations once (``n**2`` operations per row), solutions of ``n**3 / 3`` operations, and
    for every step that is refused one more value.  Near a minimum without residual it converges
    quadratically.  An iteration counts as two evaluations, a value and the normal equations.

    Parameters
    ----------
    damping : {"nielsen", "trust_region", "marquardt"}, optional
        "nielsen", the default for a network, whose standardized inputs give all weights one scale:
        D is the identity, and mu follows how well the model predicted the loss (Nielsen 1999).
        "trust_region", the default for any other function: D is the largest diagonal of J'WJ so
        far, which makes the steps independent of the scale of each variable, and mu makes
        ``(p'Dp)**0.5`` as large as a radius that follows likewise (More 1978), at three to
        five solutions a step.  "marquardt": that D, and mu as for the first (Marquardt 1963).
    mu : float, default 1e-3
        The first one where there is no radius; for "nielsen" relative to the largest element of the
        diagonal.
    radius : float, default 1.0
        The first one of a trust region, relative to ``(x'Dx)**0.5`` of the start.
    variable_projection : bool, default False
        The last layer, if it is dense and linear, is eliminated: steps are made for the layers
        below it with the matrix of Kaufman (1975), and after each the last layer is solved
        exactly.  All parameters at once only; on a single block it changes nothing.
    block_diagonal : bool, default False
        All layers at once, but each with a matrix of its own (Jacobi): for k layers of one size
        ``1 / k`` of the operations per row.  The blocks share mu and, where the joint step is too
        long, a shorter one is tried before mu grows.
    ridge : float, default 1e-4
        Of variable projection: the last layer is drawn to what it was, by lambda as in
        `ExactOutput`.  That moves no minimum; without it, a last layer whose inputs are nearly
        dependent jumps from bound to bound.
    memory_limit : int, default 2**30
        Largest matrix J'WJ in bytes, ``8 n**2``; a run takes about four times as much in all.

    Raises
    ------
    ValueError
        Larger matrices than `memory_limit`; a loss of one's own (with `variable_projection` any
        but the squared error) or layers of one's own with parameters; a function without residuals
        (see `hbcd.minimize`), which is all that ``scipy.optimize.minimize`` has.
    """

    damping: Literal["nielsen", "trust_region", "marquardt"] | None = None
    mu: float = 1e-3
    radius: float = 1.0
    variable_projection: bool = False
    block_diagonal: bool = False
    ridge: float = 1e-4
    memory_limit: int = 2**30
    _native = "lm"
    monotone: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.damping not in (None, "nielsen", "trust_region", "marquardt"):
            raise ValueError(
                f"damping={self.damping!r}: must be 'nielsen', 'trust_region' or 'marquardt'"
            )
        check_number("mu", self.mu, low=0.0, open_low=True)
        check_number("radius", self.radius, low=0.0, open_low=True)
        check_number("ridge", self.ridge, low=0.0)
        check_integer("memory_limit", self.memory_limit, 1)
        if self.variable_projection and self.block_diagonal:
            raise ValueError("block_diagonal=True: must be False with variable_projection")

    def check_size(self, n: int) -> None:
        """ValueError where the matrix of n variables is larger than `memory_limit`."""
        if 8 * n * n > self.memory_limit:
            raise ValueError(
                f"n={n}: Levenberg-Marquardt needs {8 * n * n} bytes, "
                f"more than memory_limit={self.memory_limit}"
            )


@dataclass(frozen=True)
class ExactOutput(Compiled):
    """The last layer solved exactly, as the least squares problem that it is; others by `inner`.

    For every output k the weights and bias are ``c = argmin sum_r w_r (phi_r'c - y_rk)**2 + lambda
    |c|**2`` over the box, phi the inputs of the layer and 1.  The loss itself has no term in
    lambda: a solution that is not better is not taken.

    Parameters
    ----------
    inner : Optimizer, optional
        A built-in one for the other blocks.  None: any other block is an error.
    ridge : float, default 1e-8
        lambda relative to the mean of the diagonal of ``sum_r w_r phi_r phi_r'``.

    Raises
    ------
    ValueError
        The last layer is not dense and linear, or the loss is not the squared error.
    """

    inner: Optimizer | None = None
    ridge: float = 1e-8
    _native = "exact_output"

    def __post_init__(self) -> None:
        check_number("ridge", self.ridge, low=0.0)
        if self.inner is None:
            return
        if not isinstance(self.inner, Compiled) or "_native" not in vars(type(self.inner)):
            raise TypeError(f"inner={self.inner!r}: must be a built-in hbcd.Optimizer or None")
        if isinstance(self.inner, ExactOutput):
            raise TypeError(f"inner={self.inner!r}: must not be an ExactOutput itself")

    def check_size(self, n: int) -> None:
        """That of `inner`."""
        if isinstance(self.inner, Compiled):
            self.inner.check_size(n)
