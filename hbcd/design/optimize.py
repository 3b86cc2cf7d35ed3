"""`hbcd.optimize_inputs`: the best operating point of a trained model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hbcd.design.constraints import as_constraints
from hbcd.design.lagrangian import MET, LocalOptimum, local_optimum
from hbcd.design.objective import as_objective
from hbcd.design.result import ActiveLimit, OptimizedInputs
from hbcd.design.scaled_problem import BoxPart, ScaledProblem, spread_of
from hbcd.design.starts import chosen_starts, drawn, set_scales
from hbcd.estimators.bounds.feature_boxes import (
    FeatureBoxes,
    column_names,
    feature_boxes,
    feature_places,
    table_row,
)
from hbcd.estimators.derivatives.smooth_predictions import SmoothPredictions
from hbcd.utils.public import public
from hbcd.utils.validation import as_seed, check_integer, check_number

__all__ = ["optimize_inputs"]

Array = NDArray[np.float64]
SAMPLES = 64  # rows of the box for every start, of which the best are starts
MOST_SAMPLES = 10_000  # of each part of a box
SAME = 1e-6  # scaled objectives that count as one


@public
def optimize_inputs(
    model: Any,
    objective: Any = "max",
    box: Any = None,
    constraints: Any = None,
    *,
    n_starts: int = 10,
    confidence_level: float = 0.9,
    rng: Any = 0,
) -> OptimizedInputs:
    """The inputs within a box at which a trained model predicts what is wanted most.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier
        Fitted.
    objective : str, number, dict or callable, default "max"
        "max" or "min" of the model's output; a number: as near to it as can be.  With several
        outputs, or of a classifier, whose outputs are the probabilities of the classes, a dict of
        one output, by its name or number, to one of these; or of several to the numbers that they
        are to be near to.  A function ``f(prediction) -> (value, gradient)`` of a prediction
        (outputs,) is minimized.
    box : None, dict, DataFrame or array_like
        As `HybridRegressor.output_bounds` takes it: None: the training range of every column.  A
        dict: by column a pair (least, greatest), or one value that is held; of text a level or
        several of them, of which the best is found; of dates one time; other columns have their
        training range.  A DataFrame: rows "min" and "max".  An array of shape (columns, 2).
    constraints : sequence of (of, least, greatest), optional
        `of`: a dict of column to coefficient, or an array of coefficients (columns,), whose sum is
        limited; or an output, by its name or number.  None: no limit on that side; equal limits
        make an equation.  A `scipy.optimize.LinearConstraint` on all columns counts too.
    n_starts : int, default 10
        Local searches, from the best of 64 rows of the box for each that are not near each other.
        Every combination of levels gets one at least.
    confidence_level : float, default 0.9
        Of the interval that is reported.
    rng : None, int, Generator or SeedSequence, default 0
        The seed of these rows.

    Returns
    -------
    OptimizedInputs
        With the inputs as a row of the table, prediction, interval, novelty and active limits.

    Raises
    ------
    NotFittedError
        Before `fit`.
    ValueError, TypeError
        A box, an objective or constraints that are none, in one line.

    Notes
    -----
    L-BFGS in the box with exact derivatives, in float64 whatever the precision of the model; the
    constraints by an augmented Lagrangian.  A network has many local optima: more starts find
    better ones, but none is proven to be the best; `output_bounds` says how far it may be from it.

    Examples
    --------
    >>> import hbcd
    >>> X, y = hbcd.make_plant(2000, rng=0, return_X_y=True)
    >>> model = hbcd.HybridRegressor((8,), random_state=0, max_iter=200).fit(X, y)
    >>> best = hbcd.optimize_inputs(model, "max")
    >>> bool(best.prediction[0] >= model.predict(X).max())
    True
    """
    predictions = SmoothPredictions(model)
    starts = check_integer("n_starts", n_starts, 1)
    level = check_number(
        "confidence_level", confidence_level, low=0.0, high=1.0, open_low=True, open_high=True
    )
    assert starts is not None
    assert level is not None
    boxes = feature_boxes(model, box)
    columns = _columns(model, boxes)
    limits = as_constraints(constraints, *columns, boxes.lo.shape[1], predictions.names)
    parts = [BoxPart(low, high) for low, high in zip(boxes.lo, boxes.hi, strict=True)]
    samples = _samples(parts, starts, np.random.default_rng(as_seed("rng", rng)))
    seen = [predictions.values(p.features(u)) for p, u in zip(parts, samples, strict=True)]
    wanted = as_objective(objective, predictions.names, spread_of(np.concatenate(seen)))
    problems = [ScaledProblem(part, predictions, wanted, limits) for part in parts]
    scaled = set_scales(problems, samples)
    runs = [_run(problems, *one) for one in chosen_starts(problems, samples, scaled, starts)]
    best = min(runs, key=lambda one: (max(one.end.violation, MET), one.end.f))
    x = table_row(model, best.features, boxes.shown[best.number])
    labels = getattr(model, "column_labels_", None)
    if labels is not None and isinstance(x, np.ndarray):
        x = pd.DataFrame(x, columns=labels)
    return OptimizedInputs(
        x=x,
        prediction=_prediction(model, x),
        value=float(best.end.f * best.problem.f_scale * wanted.sign),
        interval=_interval(model, x, level),
        novelty=_novelty(model, x),
        active=_active(best, columns[1]),
        violation=best.end.violation,
        starts=_table(runs, wanted.sign),
        success=best.end.violation <= MET,
        message=_message(best, runs),
    )


@dataclass(frozen=True)
class _Run:
    """A local search in part `number` of the box."""

    number: int
    problem: ScaledProblem
    end: LocalOptimum
    evaluations: int

    @property
    def features(self) -> Array:
        """The features where it ended."""
        found: Array = self.problem.part.features(self.end.u[np.newaxis])[0]
        return found


def _run(problems: list[ScaledProblem], number: int, start: Array) -> _Run:
    problem = problems[number]
    before = problem.evaluations
    end = local_optimum(problem, start)
    return _Run(number, problem, end, problem.evaluations - before)


def _columns(model: Any, boxes: FeatureBoxes) -> tuple[list[Any], dict[Any, int]]:
    """What columns are called, and which feature each column of numbers is."""
    if boxes.owner[-1]:
        raise ValueError("box: must be one box")
    names, (columns, places) = column_names(model), feature_places(model)
    if len(boxes.shown[0]) != len(names):  # pairs of encoded features
        names = model.encoder_.feature_names
        columns = places = list(range(len(names)))
    held = np.setdiff1d(np.arange(boxes.lo.shape[1]), places)
    if (boxes.lo[:, held] < boxes.hi[:, held]).any():
        raise ValueError(
            "box: must hold every column of dates at one time, and the others at 64 combinations "
            "of levels at most"
        )
    return names, {names[k]: place for k, place in zip(columns, places, strict=True)}


def _samples(parts: list[BoxPart], starts: int, rng: np.random.Generator) -> list[Array]:
    """Rows of every part that starts are chosen from."""
    rows = min(SAMPLES * starts, MOST_SAMPLES)
    sizes = [part.variables.size for part in parts]
    return [drawn(rng, rows, size) if size else np.empty((1, 0)) for size in sizes]


def _prediction(model: Any, x: Any) -> Array:
    found = model.predict_proba(x) if hasattr(model, "classes_") else model.predict(x)
    return np.asarray(found, np.float64).reshape(-1)


def _interval(model: Any, x: Any, level: float) -> Array | None:
    """`predict_interval` at x; None where the model has none."""
    if not hasattr(model, "predict_interval"):
        return None
    try:
        return np.asarray(model.predict_interval(x, level), np.float64).reshape(-1, 2)
    except ValueError:  # no errors are known that it could follow from
        return None


def _novelty(model: Any, x: Any) -> float | None:
    """`novelty` at x; None where the model knows no training rows."""
    try:
        return float(model.novelty(x)[0])
    except ValueError:
        return None


def _active(best: _Run, place_of: dict[Any, int]) -> list[ActiveLimit]:
    """The limits that an optimum lies at."""
    problem, u, found = best.problem, best.end.u, []
    part, x = problem.part, best.features
    variable = {int(place): k for k, place in enumerate(part.variables)}
    for name, place in place_of.items():
        k = variable.get(place)
        if k is not None and min(u[k], 1 - u[k]) <= MET:
            side, end = ("least", part.lo) if u[k] <= MET else ("most", part.hi)
            found.append(ActiveLimit(str(name), side, float(end[place])))
    p = problem.predictions.values(x[np.newaxis])[0]
    scales = np.broadcast_to(problem.c_scale, len(problem.constraints))
    for one, scale in zip(problem.constraints, scales, strict=True):
        c = float(x @ one.inputs + p @ one.outputs)
        if one.least == one.most:
            found.append(ActiveLimit(one.name, "equal", one.least))
        elif abs(c - one.least) <= 10 * MET * scale:
            found.append(ActiveLimit(one.name, "least", one.least))
        elif abs(c - one.most) <= 10 * MET * scale:
            found.append(ActiveLimit(one.name, "most", one.most))
    return found


def _table(runs: list[_Run], sign: float) -> pd.DataFrame:
    """A row for every start."""
    return pd.DataFrame(
        {
            "value": [one.end.f * one.problem.f_scale * sign for one in runs],
            "violation": [one.end.violation for one in runs],
            "evaluations": [one.evaluations for one in runs],
        }
    )


def _message(best: _Run, runs: list[_Run]) -> str:
    """One line about what was found."""
    of = f"of {len(runs)} starts"
    if best.end.violation > MET:
        problem, x = best.problem, best.features
        p = problem.predictions.values(x[np.newaxis])[0]
        c = np.array([x @ one.inputs + p @ one.outputs for one in problem.constraints])
        least, most = problem.limits
        apart = np.abs(c / problem.c_scale - np.clip(c / problem.c_scale, least, most))
        worst = problem.constraints[int(apart.argmax())]
        text = f"{worst.name} is {c[apart.argmax()]:.6g}, not {worst.least:g} to {worst.most:g}"
        return f"none {of} meets the constraints: {text}"
    good = [one for one in runs if one.end.violation <= MET]
    near = sum(abs(one.end.f - best.end.f) <= SAME for one in good)
    return f"{near} {of} ended at this optimum"
