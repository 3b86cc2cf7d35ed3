"""How much training a number of rows pays for: passes over batches, iterations of a finish."""

from __future__ import annotations

import math

from hbcd.training.quasi_newton import iteration_cost

__all__ = ["finish_iterations", "passes"]

PASSES = 100
FINISH = 600  # evaluations of all rows
ROWS = 40_000  # from which on both fall with the root of the rows
FEWEST_PASSES = 10
MOST_ITERATIONS = 1000
FEWEST_ITERATIONS = 20


def passes(n_rows: int) -> int:
    """Passes over the rows by batches.

    Parameters
    ----------
    n_rows : int
    """
    return max(round(PASSES * min(_share(n_rows), 1.0)), FEWEST_PASSES)


def finish_iterations(n_parameters: int, n_rows: int) -> int:
    """Iterations of the quasi-Newton method after the batches.

    Parameters
    ----------
    n_parameters, n_rows : int
    """
    evaluations = FINISH * _share(n_rows)
    iterations = evaluations / iteration_cost(n_parameters, n_rows)
    return max(min(round(iterations), MOST_ITERATIONS), FEWEST_ITERATIONS)


def _share(n_rows: int) -> float:
    return math.sqrt(ROWS / n_rows)
