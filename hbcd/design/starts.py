"""Where the search begins: the best of many rows of the box that are not near each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hbcd.design.lagrangian import violation
from hbcd.design.scaled_problem import ScaledProblem, spread_of

__all__ = ["chosen_starts", "drawn", "set_scales"]

Array = NDArray[np.float64]
APART = 0.1  # of the diagonal of the box, between starts
UNMET = 10.0  # spreads of the objective that a spread of a constraint counts for


def drawn(rng: np.random.Generator, rows: int, variables: int) -> Array:
    """A Latin hypercube: every column has one row in each of `rows` slices of its range."""
    order = np.stack([rng.permutation(rows) for _ in range(variables)], axis=1)
    found: Array = (order + rng.random((rows, variables))) / rows
    return np.vstack([np.full((1, variables), 0.5), found])


def set_scales(problems: list[ScaledProblem], samples: list[Array]) -> list[tuple[Array, Array]]:
    """Scales objective and constraints by their spread over samples; both at them, scaled.

    Parameters
    ----------
    problems : list of ScaledProblem
        Parts of one box.
    samples : list of ndarray of shape (rows, variables)
    """
    found = [problem.values(u) for problem, u in zip(problems, samples, strict=True)]
    f_scale = float(spread_of(np.concatenate([f for f, _ in found])))
    c_scale = spread_of(np.concatenate([c for _, c in found]))
    for problem in problems:
        problem.f_scale, problem.c_scale = f_scale, c_scale
    return [(f / f_scale, c / c_scale) for f, c in found]


def chosen_starts(
    problems: list[ScaledProblem],
    samples: list[Array],
    scaled: list[tuple[Array, Array]],
    starts: int,
) -> list[tuple[int, Array]]:
    """(number of the part, start (variables,)) of at least so many starts, one in every part.

    Parameters
    ----------
    problems, samples
        As for `set_scales`.
    scaled : list of (f, c)
        What it returned.
    starts : int
    """
    merits = [
        f + UNMET * violation(c, *problem.limits)
        for problem, (f, c) in zip(problems, scaled, strict=True)
    ]
    first = [(k, int(np.argmin(merit))) for k, merit in enumerate(merits)]
    every = [(float(m), k, r) for k, merit in enumerate(merits) for r, m in enumerate(merit)]
    chosen = [(k, samples[k][r]) for k, r in first]
    for _, k, r in sorted(every):
        if len(chosen) >= starts:
            break
        u = samples[k][r]
        near = (np.linalg.norm(u - other) for part, other in chosen if part == k)
        if min(near, default=np.inf) > APART * np.sqrt(u.size):
            chosen.append((k, u))
    return chosen
