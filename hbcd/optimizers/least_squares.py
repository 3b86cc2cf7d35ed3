"""Optimizers that need a sum of squares: Levenberg-Marquardt, and the exact output layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from hbcd.optimizers.base import Compiled, InnerIterations, Optimizer, Requirements
from hbcd.optimizers.checks import check_flag
from hbcd.parts.stopping import Stop
from hbcd.utils.public import public
from hbcd.utils.validation import check_integer, check_number

__all__ = ["ExactOutput", "LevenbergMarquardt"]


@public
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
        Larger matrices than `memory_limit`; a custom loss (with `variable_projection` any
        but the squared error) or custom layers with parameters; a function without residuals
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
    inner_iterations = InnerIterations(shell=1, descent=1, batch=1)
    monotone: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.damping not in (None, "nielsen", "trust_region", "marquardt"):
            raise ValueError(
                f"damping={self.damping!r}: must be 'nielsen', 'trust_region' or 'marquardt'"
            )
        check_flag("variable_projection", self.variable_projection)
        check_flag("block_diagonal", self.block_diagonal)
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

    def requirements(self, by_blocks: bool) -> list[Requirements]:
        """A Gauss-Newton matrix of the loss; with variable projection, a linear output layer.

        Parameters
        ----------
        by_blocks : bool
            It gets one block at a time.

        Returns
        -------
        list of Requirements
        """
        projected = self.variable_projection and not by_blocks
        one_block = by_blocks or self.block_diagonal
        return [Requirements(type(self).__name__, one_block, True, projected)]

    def for_function(
        self, n: int, stop: Stop, box: tuple[Any, Any], residuals: bool
    ) -> tuple[Self, Stop]:
        """Itself, with steps damped by a trust region unless `damping` says otherwise.

        Parameters
        ----------
        n : int
            Number of variables.
        stop : Stop
        box : (lo, hi)
        residuals : bool

        Returns
        -------
        (LevenbergMarquardt, Stop)

        Raises
        ------
        ValueError
            The function gives no residuals, or has too many variables.
        """
        if not residuals:
            raise ValueError(
                "residuals=False: must be True, LevenbergMarquardt needs a fun that returns "
                "residuals"
            )
        method, stop = super().for_function(n, stop, box, residuals)
        if method.damping is None:
            method = method.changed(damping="trust_region")
        return method, stop


@public
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
    inner_iterations = InnerIterations(shell=1, descent=1, batch=1)  # those of `inner`, if any

    def __post_init__(self) -> None:
        check_number("ridge", self.ridge, low=0.0)
        if self.inner is None:
            return
        if not isinstance(self.inner, Compiled) or "_native" not in vars(type(self.inner)):
            raise TypeError(f"inner={self.inner!r}: must be a built-in hbcd.Optimizer or None")
        if isinstance(self.inner, ExactOutput):
            raise TypeError(f"inner={self.inner!r}: must not be an ExactOutput itself")
        object.__setattr__(self, "inner_iterations", self.inner.inner_iterations)

    @property
    def search_box(self) -> float | None:
        """That of `inner`, None without one."""
        return None if self.inner is None else self.inner.search_box

    @property
    def most_iterations(self) -> int | None:
        """That of `inner`, None without one."""
        return None if self.inner is None else self.inner.most_iterations

    def check_size(self, n: int) -> None:
        """That of `inner`."""
        if self.inner is not None:
            self.inner.check_size(n)

    def requirements(self, by_blocks: bool) -> list[Requirements]:
        """A linear output layer, and what `inner` needs.

        Parameters
        ----------
        by_blocks : bool
            It gets one block at a time.

        Returns
        -------
        list of Requirements
        """
        own = Requirements(type(self).__name__, by_blocks, linear_output=True)
        return [own] if self.inner is None else [own, *self.inner.requirements(by_blocks)]

    def for_function(
        self, n: int, stop: Stop, box: tuple[Any, Any], residuals: bool
    ) -> tuple[Self, Stop]:
        """Refuses: a function has no layers.

        Parameters
        ----------
        n : int
            Number of variables.
        stop : Stop
        box : (lo, hi)
        residuals : bool

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError(f"method={self!r}: is for the last layer of a network, not a function")
