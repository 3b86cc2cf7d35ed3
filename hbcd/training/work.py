"""How much training a number of rows pays for: passes over batches, iterations of a finish."""

from __future__ import annotations

import math

from hbcd.training.quasi_newton import iteration_cost

__all__ = ["finish_iterations", "passes"]

# Friedman's function with noise, 200 000 x 10, network of 64 and 64: error (CPU s) with
# 45 passes and 268 evaluations 0.0213 (10.6), 20 and 120 0.0206 (6.8), 10 and 60 0.0213 (3.9), 10
# and 30 0.0225 (2.7), 20 and 10 0.0233 (2.3); LightGBM 0.0711 (1.1).
PASSES = 100
FINISH = 600  # evaluations of all rows
ROWS = 36_000  # of the largest table the rest was chosen on; beyond, passes fall with the rows,
# evaluations with their square
FEWEST_PASSES = 10
MOST_ITERATIONS = 1000
FEWEST_ITERATIONS = 20


def passes(n_rows: int) -> int:
    """Passes over the rows by batches.

    Parameters
    ----------
    n_rows : int
    """
    return max(round(PASSES * min(ROWS / n_rows, 1.0)), FEWEST_PASSES)


def finish_iterations(n_parameters: int, n_rows: int) -> int:
    """Iterations of the quasi-Newton method after the batches.

    Parameters
    ----------
    n_parameters, n_rows : int
    """
    share = ROWS / n_rows
    evaluations = FINISH * (math.sqrt(share) if share > 1.0 else share**2)
    iterations = evaluations / iteration_cost(n_parameters, n_rows)
    return max(min(round(iterations), MOST_ITERATIONS), FEWEST_ITERATIONS)
