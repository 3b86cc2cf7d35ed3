"""Which quasi-Newton method costs least: BFGS with its whole matrix, or L-BFGS."""

from __future__ import annotations

from hbcd.optimizers.base import Optimizer
from hbcd.optimizers.builtin import BFGS, LBFGS

__all__ = ["bfgs_pays", "iteration_cost", "quasi_newton"]

# BFGS with the whole matrix goes 3 to 7 times as far in an iteration as L-BFGS once the loss is
# low, and passes over the matrix in each: 0.2 ns times P squared for P weights while the matrix
# lies in a cache, 0.5 ns from some 2000 weights on.  An evaluation takes 0.03 ns (float32 and
# AVX-512) to 0.15 ns (float64 and AVX2) times P times the rows.  CPU time of L-BFGS over that of
# BFGS down to the loss that both reach (one thread, AVX-512; concrete, airfoil, kin40k, sml, ccpp
# and generated rows, 900 to 40 000): up to 1231 weights, 3 to 85 % of the rows: 1.6 to 8; 1681 to
# 3051 weights, 5 to 45 %: 0.9 to 1.2, of a whole training; 2341 to 4929 weights, 48 to 100 %: 0.4
# to 0.6.  After ADAM, 4801 weights on 36 000 rows: the lower loss from 200 iterations on.
IN_CACHE = 1200  # weights
SHARE = 0.2  # weights per row beyond
# What an iteration costs, in evaluations with gradient on all rows: its own, and the matrix.
OWN = {BFGS: 1.4, LBFGS: 1.3}
MATRIX_IN_CACHE, MATRIX = 6.0, 15.0  # times weights per row


def bfgs_pays(n_parameters: int, n_rows: int) -> bool:
    """Whether the matrix of BFGS costs less than the evaluations it saves, and there is room.

    With more weights than rows it never does: there is less to learn from the rows than the matrix
    has room for.  The rule knows no number of threads, so that it cannot change the result.

    Parameters
    ----------
    n_parameters, n_rows : int
    """
    if n_parameters > max(min(IN_CACHE, n_rows), SHARE * n_rows):
        return False
    return BFGS().matrix_bytes(n_parameters) <= BFGS().memory_limit


def quasi_newton(n_parameters: int, n_rows: int) -> Optimizer:
    """BFGS where it pays, else L-BFGS with 20 pairs.

    Parameters
    ----------
    n_parameters, n_rows : int
    """
    return BFGS() if bfgs_pays(n_parameters, n_rows) else LBFGS(memory=20)


def iteration_cost(n_parameters: int, n_rows: int) -> float:
    """What an iteration of `quasi_newton` costs, in evaluations on all rows (float32, AVX-512).

    Parameters
    ----------
    n_parameters, n_rows : int
    """
    if not bfgs_pays(n_parameters, n_rows):
        return OWN[LBFGS]
    matrix = MATRIX_IN_CACHE if n_parameters <= IN_CACHE else MATRIX
    return OWN[BFGS] + matrix * n_parameters / n_rows
