"""Layer sensitivities: one number per block, an estimate of how much there is to gain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from hbcd import core
from hbcd.utils.public import public

__all__ = [
    "GradientNorm",
    "ProjectedGradient",
    "RelativeGradient",
    "RootMeanSquareGradient",
    "ScalingFactor",
    "Sensitivity",
]

Array = NDArray[Any]
Box = tuple[Array, Array] | None


@public
class Sensitivity:
    """A measure of a block.  Subclass it and write `measure`."""

    def measure(self, theta: Array, gradient: Array, block: slice, box: Box) -> float:
        """The sensitivity of ``theta[block]``.

        Parameters
        ----------
        theta, gradient : ndarray of shape (n_parameters,)
            Valid during the call only.
        block : slice
        box : (lo, hi) or None
            Vectors like theta; infinities where there is no bound.

        Returns
        -------
        float
        """
        raise NotImplementedError(f"{type(self).__name__}.measure: must be written")


class _Compiled(Sensitivity):
    _row: ClassVar[str]

    def measure(self, theta: Array, gradient: Array, block: slice, box: Box = None) -> float:
        return float(core.measure_sensitivity(self._row, theta, gradient, block, box))


@public
@dataclass(frozen=True)
class ProjectedGradient(_Compiled):
    """``max_i |P(w_i - g_i) - w_i|`` over the block.

    The only measure commensurate with the projected gradient tolerance, hence the default.
    """

    _native = "projected_gradient"
    _row: ClassVar[str] = "projected_gradient"


@public
@dataclass(frozen=True)
class GradientNorm(_Compiled):
    """``||g||_2``, block Gauss-Southwell."""

    _native = "gradient_norm"
    _row: ClassVar[str] = "gradient_norm"


@public
@dataclass(frozen=True)
class RootMeanSquareGradient(_Compiled):
    """``||g||_2 / sqrt(n)``: does not favor wide layers."""

    _native = "rms_gradient"
    _row: ClassVar[str] = "rms_gradient"


@public
@dataclass(frozen=True)
class RelativeGradient(_Compiled):
    """``||g||_2 / (||w||_2 + eps)``."""

    _native = "relative_gradient"
    _row: ClassVar[str] = "relative_gradient"


@public
@dataclass(frozen=True)
class ScalingFactor(_Compiled):
    """Mean over the neurons j of a layer of ``|sum_i g_ij w_ij|``, the bias included.

    ``sum_i g_ij w_ij`` is the derivative with respect to a factor on the neuron's input (Zhang,
    Vassiliadis, Dorneanu and Arellano-Garcia 2023).
    """

    _native = "scaling_factor"
    _row: ClassVar[str] = "scaling_factor"

    def measure(
        self,
        theta: Array,
        gradient: Array,
        block: slice,
        box: Box = None,
        *,
        n_outputs: int = 1,
    ) -> float:
        """The measure; `n_outputs` is the number of neurons, 1 takes the layer as one."""
        return float(core.measure_sensitivity(self._row, theta, gradient, block, box, n_outputs))
