"""`hbcd.tune`: parameters that suit a table, found by successive halving."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from hbcd.streams.rows import Rows
from hbcd.tables.encoded import EncodedTable
from hbcd.training import registry
from hbcd.tuning.candidates import Tunable, text_of
from hbcd.tuning.default_space import default_space
from hbcd.tuning.fits import Problem, quiet
from hbcd.tuning.halving import Rung, SuccessiveHalving
from hbcd.tuning.optuna_study import StudyMirror
from hbcd.tuning.parallel import workers_of
from hbcd.tuning.result import TuneResult, cost_of, table_of
from hbcd.tuning.scoring import scoring_of
from hbcd.tuning.search import GIVEN, Search, Standing
from hbcd.tuning.space import Space, combinations, draw, parse_space
from hbcd.tuning.splits import count_rows, splits_of
from hbcd.tuning.storage import Storage
from hbcd.utils.public import public
from hbcd.utils.validation import as_real, check_integer
from hbcd.utils.version import __version__

__all__ = ["tune"]


@public
def tune(
    model: Any,
    X: Any,
    y: ArrayLike,
    space: Mapping[str, Any] | None = None,
    *,
    budget: int = 20,
    n_jobs: int | None = None,
    cv: Any = None,
    scoring: Any = None,
    random_state: Any = None,
    sample_weight: ArrayLike | None = None,
    groups: Any = None,
    halving: SuccessiveHalving | None = None,
    storage: str | os.PathLike[str] | None = None,
    study: Any = None,
    refit: bool = True,
    verbose: int = 0,
) -> TuneResult:
    """Searches for parameters of a model that suit a table, by successive halving.

    Candidates are drawn from the space.  Each trains briefly on the rows of every split and is
    scored on those left out; the best train again and longer, and the best of these to the end,
    beside the model as it is given.  What training is shared out by is counted and not timed
    (passes over the data, iterations, `max_iter` and `max_fun`), so the same `random_state` gives
    the same result on every machine, with any `n_jobs`.

    Parameters
    ----------
    model : HybridRegressor, HybridClassifier, or an estimator of scikit-learn that holds one
        What is not in the space is as it is here.  It is not changed.
    X : array_like or DataFrame of shape (rows, features)
    y : array_like of shape (rows,) or (rows, outputs)
    space : dict, optional
        Name of a parameter to what is tried for it: a list of values, which may be parts such as
        ``hbcd.Hybrid.fast()``; (low, high), whole numbers where both are; (low, high, "log"); or a
        distribution with ``rvs(random_state=)``.  Parameters of parts have names like
        ``strategy__shell__optimizer__learning_rate``, and count where the strategy that was drawn
        has such a part.  None: that of `tuning_space`.
    budget : int, default 20
        What the search costs at most, in whole fits (each of one fit a split): of one candidate
        that trains to the end, whatever its size.  Of 20, with the defaults of
        `SuccessiveHalving`, 54 candidates get a ninth of their training, 18 a third, 6 all of it.
    n_jobs : int or None
        Fits side by side, as in scikit-learn: with joblib by its backends, such as
        ``joblib.parallel_config("dask")``; without joblib on threads.  Models that say nothing of
        threads train on one each then.
    cv : None, int, float, splitter or list of pairs
        Folds; a share of the rows to leave out once; an object with ``split(X, y, groups)``; or
        pairs of row numbers.  None: 3 folds of fewer than 2000 rows, else a share of 0.2.
    scoring : str, callable or None
        "r2", "mse", "rmse", "mae", "median_absolute_error", "pinball", "poisson_deviance"; of
        classes "log_loss", "accuracy", "balanced_accuracy"; the name of a scorer of scikit-learn;
        or ``function(model, X, y)``, larger is better.  None: what suits the loss of the model: r2,
        mae of losses that outliers hardly move, pinball of quantiles, poisson_deviance; log_loss.
    random_state : None, int, Generator or RandomState
        Of the candidates, the splits, and the fits of a model without a seed.
    sample_weight : array_like of shape (rows,), optional
        Of fits and scores; only where `model` is an estimator of hbcd itself.
    groups : array_like of shape (rows,), optional
        For a splitter that takes groups.
    halving : SuccessiveHalving, optional
    storage : str or path, optional
        A file of JSON, one line a fit, replaced as a whole after each.  Where it is there, the
        search goes on from it, and ends with the same result.
    study : optuna.Study, optional
        Every candidate is added to it when it has ended, so that its storage and dashboards show
        the search.  It must go the way of the score.
    refit : bool, default True
        Fit the best model on all rows.
    verbose : int, default 0
        1: a line on standard error after every rung.

    Returns
    -------
    TuneResult

    Raises
    ------
    ValueError, TypeError
        Bad arguments, in one line; all candidates failed, with the error of the first (a single one
        that fails is in `TuneResult.trials` with its error); a `storage` of another search.
    KeyboardInterrupt
        Ctrl-C: the fits that were done are in `storage`.

    Examples
    --------
    >>> import hbcd
    >>> X, y = hbcd.make_plant(200, rng=0, return_X_y=True)
    >>> model = hbcd.HybridRegressor(max_iter=50)
    >>> space = {"hidden_layer_sizes": [(3,), (8,)], "alpha": (0.01, 1.0, "log")}
    >>> found = hbcd.tune(model, X, y, space, budget=4, random_state=0)
    >>> sorted(found.best_params_)
    ['alpha', 'hidden_layer_sizes']
    """
    # check
    tunable = Tunable(model)
    rows = _checked_rows(X, y)
    check_integer("budget", budget, 2)
    check_integer("verbose", int(verbose), 0)
    workers = workers_of(n_jobs)
    halving = SuccessiveHalving() if halving is None else halving
    if not isinstance(halving, SuccessiveHalving):
        raise TypeError(f"halving={halving!r}: must be an hbcd.SuccessiveHalving or None")
    weight = _weights(sample_weight, rows, tunable)
    score = scoring_of(scoring, tunable.estimator)
    dimensions = parse_space(default_space(tunable, rows) if space is None else space)
    tunable.check_names(dimensions)

    # draw
    kept = Storage(storage)
    seed = kept.about.get("seed") if random_state is None else None
    seed = registry.seed(random_state) if seed is None else int(seed)
    of_splits, of_candidates, of_models = np.random.SeedSequence(seed).spawn(3)
    classes = tunable.estimator._estimator_type == "classifier"
    splits = splits_of(cv, X, y, groups, classes, np.random.default_rng(of_splits))
    total = combinations(dimensions)
    rungs = halving.plan(budget, total)
    drawn = draw(
        dimensions,
        None if total is not None and total <= rungs[0].candidates else rungs[0].candidates,
        np.random.default_rng(of_candidates),
        lambda candidate: text_of(tunable.effective(candidate)),
    )
    candidates = [tunable.effective(candidate) for candidate in drawn]
    about = _about(
        tunable, (X, y, weight), splits, score.name, dimensions, candidates, rungs, halving, seed
    )
    kept.begin(about)
    mirror = None
    if study is not None:
        mirror = StudyMirror(study, score, about["digest"], dimensions, candidates)

    def ended(standings: list[list[Standing]], complete: bool) -> None:
        if mirror is not None:
            mirror.add(standings, complete)

    # search
    problem = Problem(
        tunable=tunable,
        X=X if _has_rows(X) else np.asarray(X),
        y=y if _has_rows(y) else np.asarray(y),
        weight=weight,
        splits=splits,
        scoring=score,
        seed=int(np.random.default_rng(of_models).integers(2**31)),
        n_threads=1 if workers > 1 else None,
    )
    search = Search(problem, halving, rungs, candidates, kept, n_jobs, int(verbose), ended)
    with quiet():
        best = search.run()

    # result
    parameters = search.candidates[best.trial]
    return TuneResult(
        best_estimator_=_refitted(problem, parameters, refit),
        best_params_=parameters,
        best_score_=best.score,
        given_score_=next(one.score for one in search.standings if one.trial == GIVEN),
        scoring=score.name,
        trials=table_of(search.standings, search.candidates),
        cost=cost_of(search.standings),
    )


def _checked_rows(X: Any, y: Any) -> int:
    """How many rows there are; all targets must be known: a fit tells only of its own rows."""
    if isinstance(X, Rows):
        raise TypeError("X: must be a table in memory, not hbcd.Rows; some of the rows will do")
    rows = count_rows(X)
    if count_rows(y) != rows:
        raise ValueError(f"y: has {count_rows(y)} rows, must have {rows}, one for each row of X")
    missing = np.asarray(pd.isna(np.asarray(y))).reshape(count_rows(y), -1).any(axis=1)
    if missing.any():
        raise ValueError(f"y: row {int(np.argmax(missing))} is missing (NaN): must have a value")
    return rows


def _has_rows(table: Any) -> bool:
    """Whether rows can be taken of a table as it is."""
    return isinstance(table, EncodedTable) or hasattr(table, "shape")


def _weights(value: Any, rows: int, tunable: Tunable) -> Any:
    if value is None:
        return None
    if tunable.prefix:
        raise ValueError("sample_weight: must be left out, the model is not an estimator of hbcd")
    weight = as_real("sample_weight", value)
    if weight.shape != (rows,):
        raise ValueError(f"sample_weight: has shape {weight.shape}, must be ({rows},)")
    return weight


def _refitted(problem: Problem, parameters: dict[str, Any], refit: bool) -> Any:
    others: dict[str, Any] = {}
    if problem.tunable.estimator.random_state is None:
        others["random_state"] = problem.seed
    model = problem.tunable.with_parameters(parameters, **others)
    if refit:
        options = {} if problem.weight is None else {"sample_weight": problem.weight}
        model.fit(problem.X, problem.y, **options)
    return model


def _about(
    tunable: Tunable,
    data: tuple[Any, Any, Any],
    splits: Sequence[Any],
    scoring: str,
    space: Space,
    candidates: Sequence[dict[str, Any]],
    rungs: Sequence[Rung],
    halving: SuccessiveHalving,
    seed: int,
) -> dict[str, Any]:
    """What tells a search from others, as JSON; a difference is named by its key."""
    chosen = "".join(text_of(candidate) for candidate in candidates)
    digest = hashlib.sha256(chosen.encode(errors="surrogatepass"))
    for part in (*data, *(rows for split in splits for rows in split)):
        digest.update(_content(part))
    about = {
        "hbcd": __version__,
        "seed": seed,
        "rows": count_rows(data[0]),
        "splits": len(splits),
        "scoring": scoring,
        "halving": text_of(halving),
        "candidates": [rung.candidates for rung in rungs],
        "model": text_of(tunable.model),
        "space": text_of(space),
    }
    digest.update(text_of(about).encode(errors="surrogatepass"))
    return {**about, "digest": digest.hexdigest()}


def _content(table: Any) -> bytes:
    """A digest of a table of any kind."""
    if table is None:
        return b""
    if isinstance(table, EncodedTable):
        table = table.features
    if isinstance(table, (pd.DataFrame, pd.Series)):
        return np.asarray(pd.util.hash_pandas_object(table, index=False)).tobytes()
    array = np.asarray(table)
    return repr(array.tolist()).encode() if array.dtype.hasobject else array.tobytes()
