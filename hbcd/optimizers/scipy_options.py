"""SciPy's options of its gradient methods, read for an optimizer of hbcd."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from hbcd.parts.stopping import Stop
from hbcd.utils.validation import as_real, check_integer, check_number

__all__ = ["Choices", "read_options"]

# What SciPy calls some fields of an optimizer: understood by an optimizer that has the field.
FIELDS = {"maxcor": "memory", "maxls": "max_line_search", "c1": "armijo", "c2": "wolfe"}
GENERAL = ("rng", "tol", "maxiter", "maxfun", "disp", "iprint", "return_all", "xrtol")
OF_GRADIENTS = ("gtol", "ftol", "norm", "eps", "finite_diff_rel_step", "workers")
OF_MATRICES = ("hess_inv0",)  # of an optimizer that keeps the whole inverse Hessian


@dataclass(frozen=True)
class Choices:
    """Options, checked.

    Attributes
    ----------
    optimizer : Optimizer
        With the fields that were set by SciPy's names.
    stop : Stop
    absolute : bool
        `gtol` or `ftol` was given, which SciPy takes as absolute.
    options : dict
        The others, as they were given.
    gtol : float
        Tolerance of the gradient.
    norm : float or None
        Order of the norm in which the gradient is measured; None: its largest element, in the
        core.
    basis : ndarray of shape (n, n) or None
        Cholesky factor of `hess_inv0`.
    """

    optimizer: Any
    stop: Stop
    absolute: bool
    options: dict[str, Any]
    gtol: float
    norm: float | None
    basis: Any = None


def read_options(optimizer: Any, options: dict[str, Any]) -> Choices:
    """The options of one call of ``scipy.optimize.minimize``.

    Raises
    ------
    TypeError, ValueError
        An option that this optimizer does not have, or a value outside its range.
    """
    known = _known(optimizer)
    unknown = sorted(set(options) - known)
    if unknown:
        raise TypeError(
            f"options={unknown}: must be among {sorted(known)} for {type(optimizer).__name__}"
        )
    given = {name: value for name, value in options.items() if value is not None}
    fields = {field: given[name] for name, field in FIELDS.items() if name in given}
    if fields:
        optimizer = _with_fields(optimizer, fields, given)
    check_number("xrtol", given.get("xrtol", 0.0), low=0.0)
    stop, norm, basis = _stop(options), given.get("norm", np.inf), _basis(given)
    if isinstance(norm, bool) or not isinstance(norm, (int, float)) or math.isnan(norm):
        raise TypeError(f"norm={norm!r}: must be a number, of the order of a vector norm")
    absolute = not {"gtol", "norm", "hess_inv0"}.isdisjoint(given)
    if norm == np.inf and basis is None:
        return Choices(optimizer, stop, absolute, given, stop.pg_tol, None)
    in_core = dataclasses.replace(stop, pg_tol=0.0)
    return Choices(optimizer, in_core, absolute, given, stop.pg_tol, float(norm), basis)


def _basis(given: dict[str, Any]) -> Any:
    """Variables in which `hess_inv0` is the identity: its Cholesky factor."""
    if "hess_inv0" not in given:
        return None
    matrix = as_real("hess_inv0", given["hess_inv0"])
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"hess_inv0: has shape {matrix.shape}, must be (n, n)")
    if not np.allclose(matrix, matrix.T, rtol=1e-10, atol=0.0):
        raise ValueError("hess_inv0: must be symmetric")
    try:
        return np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        raise ValueError(
            "hess_inv0: must be positive definite: 'hess_inv0' matrix isn't positive definite."
        ) from None


def _known(optimizer: Any) -> set[str]:
    known = {*GENERAL, *(field.name for field in dataclasses.fields(Stop))}
    known |= {name for name, field in FIELDS.items() if hasattr(optimizer, field)}
    if not optimizer.value_only:
        known |= set(OF_GRADIENTS)
    if optimizer.hessian == "matrix":
        known |= set(OF_MATRICES)
    return known


def _with_fields(optimizer: Any, fields: dict[str, Any], given: dict[str, Any]) -> Any:
    """The optimizer with these fields; an error names SciPy's options."""
    if {"c1", "c2"} & set(given):
        c1, c2 = given.get("c1", optimizer.armijo), given.get("c2", optimizer.wolfe)
        for name, value in (("c1", c1), ("c2", c2)):
            check_number(name, value)
        if not 0 < c1 < c2 < 1:
            raise ValueError(f"c1={c1}, c2={c2}: 'c1' and 'c2' must satisfy 0 < c1 < c2 < 1")
    for name in ("maxcor", "maxls"):
        if name in given:
            check_integer(name, given[name], 1)
    try:
        return dataclasses.replace(optimizer, **fields)
    except ValueError as error:
        names = {field: name for name, field in FIELDS.items()}
        field, _, rest = str(error).partition("=")
        raise ValueError(f"{names.get(field, field)}={rest}") from None


def _stop(options: dict[str, Any]) -> Stop:
    """`Stop` from its own fields and from SciPy's names; SciPy's win, `tol` is the weakest."""
    own = {field.name for field in dataclasses.fields(Stop)}
    tol = options.get("tol")
    fields: dict[str, Any] = {} if tol is None else {"pg_tol": tol, "f_tol": tol}
    fields.update({name: value for name, value in options.items() if name in own})
    for name, field in (("gtol", "pg_tol"), ("ftol", "f_tol")):
        if options.get(name) is not None:
            fields[field] = check_number(name, options[name], low=0.0)
    for name, field, least in (("maxiter", "max_iterations", 0), ("maxfun", "max_evaluations", 1)):
        if options.get(name) is not None:
            fields[field] = _limit(name, options[name], least)
    return Stop(**fields)


def _limit(name: str, value: Any, least: int) -> int | None:
    """A limit that may be no integer: the first count that is not below it; None if infinite."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(
        value, (int, float, np.integer, np.floating)
    ):
        raise TypeError(f"{name}={value!r}: must be a number or None")
    if math.isnan(value) or value < least:
        raise ValueError(f"{name}={value}: must be at least {least}")
    return None if math.isinf(value) else math.ceil(value)
