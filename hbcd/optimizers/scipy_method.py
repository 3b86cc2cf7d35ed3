"""The optimizers as methods of ``scipy.optimize.minimize``."""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hbcd.optimizers.bounds import all_fixed
from hbcd.optimizers.differences import Differences
from hbcd.optimizers.engine import SOLVED, Problem, run
from hbcd.optimizers.scipy_observer import SciPyObserver
from hbcd.optimizers.scipy_options import Choices, read_options
from hbcd.parts.stopping import StopReason
from hbcd.utils.validation import check_integer

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

__all__ = ["scipy_method"]

Array = NDArray[np.float64]

# SciPy's status: 0 for a success, 2 for what is not here.
STATUS = {
    **dict.fromkeys(SOLVED, 0),
    StopReason.ITERATIONS: 1,
    StopReason.EVALUATIONS: 1,
    StopReason.TIME: 1,
    StopReason.NOT_FINITE: 3,
    StopReason.CALLBACK: 99,
}


def scipy_method(optimizer: Any) -> Callable[..., OptimizeResult]:
    """An optimizer as a `method` of ``scipy.optimize.minimize``.

    Options: every field of `Stop`, `rng`, and SciPy's own for L-BFGS-B and BFGS where they apply:
    `gtol`, `ftol` (absolute, as SciPy's), `maxiter`, `maxfun`, `maxcor`, `maxls`, `c1`, `c2`,
    `xrtol`, `norm`, `hess_inv0`, `eps`, `finite_diff_rel_step`, `workers`, `disp`, `return_all`.
    `iprint` has no effect, as in SciPy.  SciPy's `tol` sets `pg_tol` and `f_tol`.

    Parameters
    ----------
    optimizer : Optimizer

    Returns
    -------
    callable
        Its result has SciPy's `status` (0: success, 1: a limit, 2: no better point, 3: not a
        number, 99: StopIteration), and the `StopReason` as `stop_reason`.
    """

    def method(
        fun: Callable[..., Any],
        x0: Any,
        args: Any = (),
        *,
        jac: Any = None,
        hess: Any = None,
        hessp: Any = None,
        bounds: Any = None,
        constraints: Any = (),
        callback: Callable[..., Any] | None = None,
        **options: Any,
    ) -> OptimizeResult:
        if constraints is not None and np.size(constraints) > 0:
            raise ValueError("constraints: must be empty; bounds are the only ones supported")
        for name, value in (("hess", hess), ("hessp", hessp)):
            if value is not None:
                message = f"{name}: is not used by {type(optimizer).__name__}"
                warnings.warn(message, RuntimeWarning, stacklevel=3)
        choices = read_options(optimizer, options)
        with _mapper(choices.options.get("workers")) as evaluate:
            differences = Differences(
                step=choices.options.get("eps"),
                relative_step=choices.options.get("finite_diff_rel_step"),
                evaluate=evaluate,
            )
            problem = Problem(
                fun, x0, jac, bounds, args, differences=differences, basis=choices.basis
            )
            return _run(choices, problem, callback)

    return method


def _run(choices: Choices, problem: Problem, callback: Callable[..., Any] | None) -> OptimizeResult:
    observer = SciPyObserver(choices, callback)
    found = run(
        choices.optimizer,
        problem,
        choices.stop,
        choices.options.get("rng"),
        observer,
        choices.absolute,
    )
    observer.complete(found)
    found["stop_reason"] = reason = found.status
    found["status"] = STATUS.get(reason, 2)
    if reason is StopReason.CALLBACK:
        found["message"] = "`callback` raised `StopIteration`."
    if all_fixed(problem.bounds, found.x.size):
        found["message"] = "All independent variables were fixed by bounds."
    if choices.options.get("disp"):
        _display(found)
    return found


def _display(found: OptimizeResult) -> None:
    """What SciPy prints with `disp`; its warning where the run was no success."""
    from scipy.optimize import OptimizeWarning

    if found.success:
        print(found.message)
    else:
        warnings.warn(found.message, OptimizeWarning, stacklevel=5)
    print(f"         Current function value: {found.fun:f}")
    print(f"         Iterations: {found.nit:d}")
    print(f"         Function evaluations: {found.nfev:d}")


@contextmanager
def _mapper(workers: Any) -> Iterator[Callable[..., Any]]:
    """`map`, or one that works in parallel: SciPy's `workers`, a callable or so many processes."""
    if workers is None or callable(workers):
        yield map if workers is None else workers
        return
    if workers == -1 and not isinstance(workers, bool):
        workers = multiprocessing.cpu_count()
    if check_integer("workers", workers, 1) == 1:
        yield map
        return
    with multiprocessing.Pool(workers) as pool:
        yield pool.map
