"""Every check on a user's arrays and numbers: one clear line, `name=value: rule`."""

from __future__ import annotations

import math
import numbers
import os
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd import core
from hbcd.utils.column_sums import row_sum

__all__ = [
    "as_array",
    "as_exact_weights",
    "as_matrix",
    "as_real",
    "as_seed",
    "as_weights",
    "box_vectors",
    "check_finite",
    "check_fits",
    "check_integer",
    "check_number",
    "effective_threads",
]

Array = NDArray[Any]
NUMBERS = (int, float, np.integer, np.floating, numbers.Real)  # the last also has fractions


def check_integer(
    name: str, value: Any, low: int, *, high: int = 2**62, none: bool = False
) -> int | None:
    """An integer from `low` to `high` (what the core counts in), or None where that is allowed."""
    if value is None and none:
        return None
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name}={value!r}: must be an integer{' or None' if none else ''}")
    if value < low:
        raise ValueError(f"{name}={value}: must be at least {low}")
    if value > high:
        raise ValueError(f"{name}={value}: must be at most {'2**62' if high == 2**62 else high}")
    return int(value)


def check_number(
    name: str,
    value: Any,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    open_low: bool = False,
    open_high: bool = False,
    none: bool = False,
) -> float | None:
    """A finite number from low to high (the ends excluded where open), or None where allowed."""
    if value is None and none:
        return None
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, NUMBERS):
        raise TypeError(f"{name}={value!r}: must be a number{' or None' if none else ''}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{name}={value}: must be finite")
    if number < low or (open_low and number == low):
        raise ValueError(
            f"{name}={value}: must be {'greater than' if open_low else 'at least'} {low:g}"
        )
    if number > high or (open_high and number == high):
        raise ValueError(
            f"{name}={value}: must be {'less than' if open_high else 'at most'} {high:g}"
        )
    return number


def as_array(name: str, value: ArrayLike) -> Array:
    """An array of any kind; an error where NumPy would make one that is something else."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise ValueError(f"{name}: has masked (missing) values: must be finite numbers")
    if hasattr(value, "toarray"):
        raise TypeError(f"{name}: sparse data is not supported: {name}.toarray() makes it dense")
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name}: must be a table of numbers: {error}") from None


def as_real(name: str, value: ArrayLike) -> Array:
    """An aligned array of float32 or float64; whatever else is numeric becomes float64."""
    array = as_array(name, value)
    if array.dtype in (np.float32, np.float64) and array.dtype.isnative:
        return array if array.flags.aligned else array.copy()
    if array.dtype.kind == "c":
        raise ValueError(f"{name}: Complex data not supported, must be real numbers")
    if array.dtype.kind in "SUmMV":  # NumPy would read text and dates as numbers where it can
        raise ValueError(f"{name}: must hold numbers only, not {array.dtype} values")
    try:
        return _without_na(array).astype(np.float64)
    except TypeError as error:
        raise TypeError(
            f"{name}: must hold numbers only, not {array.dtype} values: {error}"
        ) from None
    except (ValueError, OverflowError):
        raise ValueError(
            f"{name}: must hold numbers only, not {array.dtype} values{_first_other(array)}"
        ) from None


def _first_other(array: Array) -> str:
    """Where the first object that is no number of float64 stands, and what it is."""
    for at, value in np.ndenumerate(array):
        try:
            float(value)
        except (TypeError, ValueError, OverflowError):
            shown = repr(value)[:40]
            place = f"row {at[0]}" + (f", column {at[1]}" if len(at) > 1 else "")
            return f": {place} is {shown}"
    return ""


def _without_na(array: Array) -> Array:
    """Objects with NaN where a nullable column of pandas has NA, which is no number."""
    if array.dtype.kind != "O":
        return array
    missing = np.frompyfunc(lambda value: type(value).__name__ == "NAType", 1, 1)(array)
    return np.where(np.asarray(missing, dtype=bool), np.nan, array)


def check_finite(name: str, array: Array, remedy: str = "") -> None:
    """Refuses missing (`remedy`: what to do about it) and infinite values, naming the first."""
    if array.size <= 10_000 and core.all_finite(array):
        return  # before a sum of NumPy would have begun
    with np.errstate(over="ignore", invalid="ignore"):
        total = array.sum(dtype=np.float64)
    if np.isfinite(total) or np.isfinite(array).all():
        return
    at = np.unravel_index(int(np.argmin(np.isfinite(array))), array.shape)
    place = f"row {at[0]}" if array.ndim == 1 else f"row {at[0]}, column {at[1]}"
    kind = "missing (NaN)" if np.isnan(array[at]) else "infinite"
    rule = remedy if remedy and np.isnan(array[at]) else "NaN and infinity are refused"
    raise ValueError(f"{name}: {place} is {kind}: must be finite; {rule}")


def as_matrix(
    name: str,
    value: ArrayLike,
    *,
    columns: int | None = None,
    rows: int | None = None,
    gaps: bool = False,
    remedy: str = "",
    finite: bool = True,
) -> Array:
    """A finite table of numbers (rows, columns), float32 and float64 as they are, of any stride.

    Where `gaps` are allowed, NaN passes; else `remedy` says what to do about one.
    Without `finite` the table is not read; the caller checks it later.

    Raises
    ------
    ValueError
        Not numeric, not of two axes (a vector is one column where `columns` is 1), empty, of the
        wrong number of rows or columns, or with a value that is missing or infinite.
    """
    array = as_real(name, value)
    if array.ndim == 1 and (columns is None or columns == 1) and not name.endswith("X"):
        array = array[:, np.newaxis]
    if array.ndim != 2:
        raise ValueError(
            f"{name}: must have 2 axes (rows, columns), not {array.ndim}; "
            f"Reshape your data with {name}.reshape(-1, 1) for one column"
        )
    if array.shape[0] == 0:
        raise ValueError(f"{name}: has 0 rows, must have at least 1")
    if array.shape[1] == 0:
        raise ValueError(
            f"{name}: has 0 columns, must have at least 1: 0 feature(s) (shape={array.shape}) "
            "while a minimum of 1 is required."
        )
    if columns is not None and array.shape[1] != columns:
        raise ValueError(f"{name}: has {array.shape[1]} columns, must have {columns}")
    if rows is not None and array.shape[0] != rows:
        raise ValueError(f"{name}: has {array.shape[0]} rows, must have {rows}")
    if finite:
        check_finite(name, np.where(np.isnan(array), 0.0, array) if gaps else array, remedy)
    return array


def check_fits(name: str, array: Array, dtype: Any) -> None:
    """Refuses float64 values that would become infinite in a run in float32."""
    if array.dtype == np.float64 and dtype == np.float32:
        largest = max(float(array.max()), -float(array.min()))
        if largest > float(np.finfo(np.float32).max):
            raise ValueError(f"{name}: largest magnitude {largest:g}: must fit into float32")


def as_weights(value: ArrayLike | None, rows: int) -> NDArray[np.float64] | None:
    """Sample weights of mean 1: None, or `rows` finite numbers >= 0, not all of them zero.

    Only their ratios count, so they come back divided by the mean of those that are not 0, and as
    None where all are equal.  A row of weight 0 is as if it were not there.
    """
    exact = as_exact_weights(value, rows)
    if exact is None:
        return None
    return np.asarray(exact * (np.count_nonzero(exact) / row_sum(exact)))


def as_exact_weights(value: ArrayLike | None, rows: int) -> NDArray[np.float64] | None:
    """Sample weights scaled by a power of two, so that the largest is from 0.5 to 1.

    That is exact: sums of them neither overflow nor round where those of whole weights do not.
    None where all are equal; where all that are not 0 are equal, those are 1.
    """
    if value is None:
        return None
    array = as_real("sample_weight", value)
    if array.ndim != 1 or array.shape[0] != rows:
        raise ValueError(f"sample_weight: has shape {array.shape}, must be ({rows},)")
    check_finite("sample_weight", array)
    if (array < 0).any():
        raise ValueError(f"sample_weight={array.min():g}: must be at least 0")
    if not (array > 0).any():
        raise ValueError("sample_weight: all weights are zero, at least one must be positive")
    positive = array > 0
    if (array[positive] == array.max()).all():
        if positive.all():
            return None
        return positive.astype(np.float64)
    return np.ldexp(array.astype(np.float64), -int(np.frexp(array.max())[1]))


def as_seed(name: str, value: Any) -> int:
    """A 63-bit seed from None (fresh), an integer, a generator, RandomState or SeedSequence."""
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}={value!r}: must be an integer, a generator or None")
    if isinstance(value, (int, np.integer)):
        if not 0 <= value < 2**63:
            raise ValueError(f"{name}={value}: must be between 0 and 2**63 - 1")
        return int(value)
    if isinstance(value, np.random.RandomState):
        return int(value.randint(0, 2**63 - 1, dtype=np.int64))
    if value is None:
        return int.from_bytes(os.urandom(8), "little") >> 1
    if isinstance(value, (np.random.Generator, np.random.BitGenerator, np.random.SeedSequence)):
        return int(np.random.default_rng(value).integers(2**63))
    raise TypeError(f"{name}={value!r}: must be an integer, a generator or None")


def box_vectors(
    name: str, box: Any, n: int, dtype: Any, shape: tuple[int, int] | None = None
) -> tuple[Array | None, Array | None]:
    """(lo, hi), vectors of n or None for no bound, from None, a half-width, or a pair (lo, hi).

    Each of the pair may be a number, a vector, or None; with a `shape` of n elements also what
    broadcasts to it.
    """
    if box is None:
        return None, None
    if not isinstance(box, (tuple, list)) and np.ndim(box) == 0:
        width = check_number(name, box, low=0.0, open_low=True)
        assert width is not None
        return np.full(n, -width, dtype), np.full(n, width, dtype)
    try:
        lo, hi = box
    except (TypeError, ValueError):
        raise ValueError(f"{name}={box!r}: must be a half-width or a pair (lo, hi)") from None
    vectors: list[Array | None] = []
    for side, value in (("lo", lo), ("hi", hi)):
        if value is None:
            vectors.append(None)
            continue
        array = np.asarray(as_real(f"{name}: {side}", value), dtype=dtype)
        if shape is not None and array.ndim > 0:
            try:
                array = np.broadcast_to(array, shape).reshape(-1)
            except ValueError:
                raise ValueError(
                    f"{name}: {side} has shape {array.shape}, must broadcast to {shape}"
                ) from None
        if array.ndim > 1 or (array.ndim == 1 and array.shape != (n,)):
            raise ValueError(f"{name}: {side} has shape {array.shape}, must be a number or ({n},)")
        if np.isnan(array).any():
            raise ValueError(f"{name}: {side} has NaN, must be numbers or infinities")
        vectors.append(np.ascontiguousarray(np.broadcast_to(array, (n,))))
    lo, hi = vectors
    if lo is not None and hi is not None and (lo > hi).any():
        at = int(np.argmax(lo > hi))
        raise ValueError(
            f"{name}: lo={lo[at]:g} > hi={hi[at]:g} at variable {at}, must be lo <= hi"
        )
    return lo, hi


def effective_threads(n_threads: int | None) -> int:
    """The number of threads to use.

    None: the processors this process may run on, capped by OMP_NUM_THREADS.
    """
    if n_threads is not None:
        checked = check_integer("n_threads", n_threads, 1)
        assert checked is not None
        return min(checked, 4096)  # beyond any use; the core counts them in an int
    if hasattr(os, "sched_getaffinity"):
        available = len(os.sched_getaffinity(0))
    else:
        available = os.cpu_count() or 1
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if wanted.isdigit() and int(wanted) > 0:
        available = min(available, int(wanted))
    return available
