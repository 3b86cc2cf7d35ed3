"""When to stop, and why it stopped."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from hbcd import core
from hbcd.utils.public import public
from hbcd.utils.validation import check_integer, check_number

__all__ = ["Stop", "StopReason"]


@public
class StopReason(IntEnum):
    """Why a run, a phase or an optimizer stopped; `str` gives a sentence."""

    GRADIENT = 1
    DECREASE = 2
    ITERATIONS = 3
    EVALUATIONS = 4
    TIME = 5
    TARGET = 6
    WIDTH = 7
    SENSITIVITY = 8
    LINE_SEARCH = 9
    EPOCHS = 10
    NO_PROGRESS = 11
    INTERRUPTED = 12
    CALLBACK = 13
    NOT_FINITE = 14

    def __str__(self) -> str:
        return str(core.status_text(int(self)))


@public
@dataclass(frozen=True)
class Stop:
    """Tolerances and limits of a run, of a phase, or of `minimize`.

    Parameters
    ----------
    pg_tol : float, default 1e-5
        Stop when the projected gradient ``max_i |P(x - g)_i - x_i|`` is not larger (`pgtol` of
        L-BFGS-B).  Absolute in training, where losses are those of standardized targets; what it
        means for a function that is small or flat where it starts is said in `minimize`.
    f_tol : float or None, default 1e-9
        Stop when ``(f_k - f_{k+1}) / max(|f_k|, |f_{k+1}|, 1)`` is not larger; None: never.
        BarzilaiBorwein and Adam, whose values go up and down, compare with the largest of their
        last values instead of f_k: `history` of them, and 10.
    max_iterations : int or None
        Limit; None: no limit.
    max_evaluations : int or None
        Limit on evaluations of the loss, with or without gradient, on any rows; None: no limit.
        What training measures at its start and at the end of a pass, on all rows and on held-out
        ones, is counted and made even beyond the limit: two evaluations more at most.
    max_seconds : float or None
        Wall-clock limit in seconds; what was best until then is kept.
    target : float or None
        Stop when the objective is not larger.

    Raises
    ------
    ValueError, TypeError
        A value outside its range.
    """

    pg_tol: float = 1e-5
    f_tol: float | None = 1e-9
    max_iterations: int | None = None
    max_evaluations: int | None = None
    max_seconds: float | None = None
    target: float | None = None

    def __post_init__(self) -> None:
        check_number("pg_tol", self.pg_tol, low=0.0)
        check_number("f_tol", self.f_tol, low=0.0, none=True)
        check_integer("max_iterations", self.max_iterations, 0, none=True)
        check_integer("max_evaluations", self.max_evaluations, 1, none=True)
        check_number("max_seconds", self.max_seconds, low=0.0, none=True)
        check_number("target", self.target, none=True)
