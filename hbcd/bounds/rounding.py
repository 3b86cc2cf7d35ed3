"""What rounding can do to a computed sum: the terms that make bounds hold for computed outputs.

With u the unit roundoff, a sum of n products computed in any order, with or without fused
operations, differs from the exact one by at most ``gamma_n sum |w_i x_i|``, ``gamma_n = n u /
(1 - n u)`` [1]_.  A layer that is computed therefore is the exact one whose inputs of the
activation have an error within ``gamma |W|'|x|``, and each bound takes that into itself as a
disturbance; so it holds for the exact network and for the one that `predict` computes, in its
precision.  Bounds are computed in float64, and the rounding of that is part of the same
disturbance [2]_.

References
----------
.. [1] N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002,
   section 3.1.
.. [2] S. M. Rump, Verification methods: rigorous results using floating-point arithmetic, Acta
   Numerica 19 (2010).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ACTIVATION", "SLACK", "TINY", "gamma", "outward", "roundoff"]

Array = NDArray[np.float64]
TINY = 1e-300  # more than what any underflow of float64 loses
TINY_SINGLE = 1e-36  # and of float32, once for each term
ACTIVATION = 24.0  # roundoffs: 4 units in the last place of hbcd's functions, 8 of NumPy's
SLACK = 1.01  # for the rounding of the error terms themselves


def roundoff(dtype: Any) -> float:
    """The unit roundoff of a precision: half the distance from 1 to the next number."""
    return float(np.finfo(dtype).eps) / 2.0


def gamma(n: float, dtype: Any = np.float64) -> float:
    """The relative error of sums of n terms."""
    share = n * roundoff(dtype)
    if share >= 0.1:
        raise ValueError(f"layers: {n:.0f} inputs are too many for bounds in {np.dtype(dtype)}")
    return SLACK * share / (1.0 - share)


def outward(lo: Array, hi: Array, steps: int = 1) -> tuple[Array, Array]:
    """Bounds moved apart by some units in the last place."""
    for _ in range(steps):
        lo, hi = np.nextafter(lo, -np.inf), np.nextafter(hi, np.inf)
    return lo, hi
