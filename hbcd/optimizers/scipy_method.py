"""The optimizers as methods of ``scipy.optimize.minimize``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from hbcd.optimizers.engine import Method, minimize_function
from hbcd.parts.stopping import Stop

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

__all__ = ["scipy_method"]


def scipy_method(optimizer: Method) -> Callable[..., OptimizeResult]:
    """An optimizer as a `method` of ``scipy.optimize.minimize``.

    Options understood: every field of `Stop`, `rng`, and SciPy's `maxiter` and `maxfun`; SciPy's
    `tol` sets `pg_tol` and `f_tol`.
    """

    def method(
        fun: Callable[..., Any],
        x0: ArrayLike,
        args: tuple[Any, ...] = (),
        *,
        jac: Any = None,
        hess: Any = None,
        hessp: Any = None,
        bounds: Any = None,
        constraints: Any = (),
        callback: Callable[..., Any] | None = None,
        rng: Any = None,
        tol: float | None = None,
        maxiter: int | None = None,
        maxfun: int | None = None,
        **options: Any,
    ) -> OptimizeResult:
        if constraints is not None and np.size(constraints) > 0:
            raise ValueError("constraints: must be empty; bounds are the only ones supported")
        unknown = set(options) - set(Stop.__dataclass_fields__)
        if unknown:
            raise TypeError(f"options={sorted(unknown)}: must be fields of hbcd.Stop")
        if tol is not None:
            options = {"pg_tol": tol, "f_tol": tol, **options}
        if maxiter is not None:
            options["max_iterations"] = maxiter
        if maxfun is not None:
            options["max_evaluations"] = maxfun
        return minimize_function(
            optimizer,
            fun,
            x0,
            jac if callable(jac) else bool(jac),
            bounds,
            rng,
            callback,
            args if isinstance(args, tuple) else (args,),
            Stop(**options),
            residuals=False,
        )

    return method
