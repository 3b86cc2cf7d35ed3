"""A fit on several ranks: which rows every rank gets, and which stay where they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_float_dtype, is_integer_dtype

from hbcd.estimators.dataframes import learn_inputs
from hbcd.estimators.fitting.fit_settings import FitSettings
from hbcd.estimators.fitting.network_layers import grows
from hbcd.estimators.parameters import EstimatorParameters
from hbcd.networks.shared_table import SharedTable
from hbcd.streams.rows import Rows
from hbcd.tables.encoded import EncodedTable
from hbcd.tables.frames import as_frame
from hbcd.training.rows_of_ranks import check_build
from hbcd.utils.gathered import gathered
from hbcd.utils.ranks import Ranks, check_alike
from hbcd.utils.validation import as_array, as_matrix

__all__ = ["WHOLE", "rows_for_ranks"]

Array = NDArray[Any]
WHOLE = 1 << 25  # numbers of a table: up to there, 256 MB, every rank has all rows
# What each rank decides for itself, or rank 0 for all.
OWN = ("backend", "callbacks", "n_threads", "random_state", "stop", "verbose")


def rows_for_ranks(
    model: EstimatorParameters,
    settings: FitSettings,
    X: Any,
    y: Any,
    sample_weight: Any,
    eval_set: Any,
) -> tuple[FitSettings, tuple[Any, Any, Any, Any]]:
    """The settings of rank 0, and the rows that each rank needs, from those of each.

    Of tables, targets, weights and held-out rows are those of all ranks; `Rows` stay what they are.
    Inputs are those of all, too, up to `WHOLE` numbers and where the fit reads them other than in
    one pass after another; else each rank has its own.
    """
    ranks = settings.ranks
    assert ranks is not None
    if grows(model):
        raise ValueError("backend: a network that grows trains on one machine, without backend")
    check_build(ranks)
    check_alike(ranks, {"estimator": type(model).__name__})
    check_alike(ranks, {**_parameters(model), "training that goes on": settings.resumes})
    generator, stop = ranks.agree((settings.generator, settings.stop))
    settings = replace(settings, generator=generator, stop=stop)
    kinds = [isinstance(one, Rows) for one in (X, eval_set)]
    for name, value in (("X", X), ("eval_set", eval_set)):
        check_alike(ranks, {name: _kind(value)})
    held = eval_set if kinds[1] else _held(ranks, eval_set)
    if kinds[0]:
        return settings, (X, y, sample_weight, held)
    if isinstance(X, EncodedTable):  # by the same encoder on all ranks
        inputs = replace(X, features=_inputs(model, ranks, X.features, settings))
    else:
        inputs = _inputs(model, ranks, X, settings)
    weight = _gathered("sample_weight", ranks, sample_weight)
    return settings, (inputs, _gathered("y", ranks, y), weight, held)


def _kind(value: Any) -> str:
    if value is None:
        return "None"
    return "an hbcd.Rows" if isinstance(value, Rows) else "a table in memory"


def _held(ranks: Ranks, eval_set: Any) -> Any:
    """The held-out rows of all ranks, where they are tables in memory."""
    if eval_set is None:
        return None
    try:
        held = tuple(eval_set)
    except TypeError:
        raise ValueError("eval_set: must be a pair (X, y)") from None
    return tuple(_gathered("eval_set", ranks, value) for value in held)


def _inputs(model: EstimatorParameters, ranks: Ranks, X: Any, settings: FitSettings) -> Any:
    """The inputs of all ranks, or a table that they share."""
    X = as_frame(X)
    X = X if hasattr(X, "iloc") else as_array("X", X)
    check_alike(ranks, _table(X))
    size, plain = sum(ranks.gather(X.size)), all(ranks.gather(_is_plain(X)))
    if size > WHOLE and plain and _in_passes(model, settings):
        return _of_rank(ranks, X, model)
    return gathered("X", ranks, X)


def _table(X: Any) -> dict[str, Any]:
    """What the tables of all ranks have in common."""
    frame = hasattr(X, "iloc")
    return {
        "number of features": X.shape[1] if X.ndim == 2 else f"of {X.ndim} axes",
        "table X": "a DataFrame" if frame else "an array",
        "columns": X.columns.tolist() if frame else [],
    }


def _gathered(name: str, ranks: Ranks, own: Any) -> Any:
    known = own is None or isinstance(own, (list, tuple))
    own = own if known else as_frame(own)
    return gathered(name, ranks, own if known or hasattr(own, "iloc") else as_array(name, own))


def _parameters(model: EstimatorParameters) -> dict[str, Any]:
    """The parameters whose values say what they are."""
    found = {k: repr(v) for k, v in model.get_params(deep=False).items() if k not in OWN}
    return {k: said for k, said in found.items() if " at 0x" not in said}


def _is_plain(X: Any) -> bool:
    """Whether a table has nothing but numbers, and names for all columns or for none."""
    if not isinstance(X, pd.DataFrame):
        return X.ndim == 2 and X.dtype.kind in "fiu"
    numbers = all(is_float_dtype(kind) or is_integer_dtype(kind) for kind in X.dtypes)
    named = all(isinstance(name, str) for name in X.columns)
    return numbers and named and not X.isna().any(axis=None)


def _in_passes(model: EstimatorParameters, settings: FitSettings) -> bool:
    """Whether a fit reads inputs in passes alone: it trains one network at a known penalty."""
    share = model.validation_fraction
    by_chance = share is None or isinstance(share, (str, int, float, np.number))
    one = isinstance(model.members, str) or model.members == 1
    goes_on = settings.partial or settings.resumes
    known = getattr(model, "target_transform", None) in (None, "auto")
    return settings.alpha is not None and one and by_chance and known and not goes_on


def _of_rank(ranks: Ranks, X: Any, model: EstimatorParameters) -> Any:
    """The inputs of this rank, as a table of all ranks."""
    if not isinstance(X, pd.DataFrame):
        kinds = ranks.gather(np.asarray(X).dtype if len(X) else None)
        dtype = np.result_type(*{kind for kind in kinds if kind is not None})
        own = as_matrix("X", X, finite=False) if len(X) else X
        return SharedTable.of(own.astype(dtype if dtype.kind == "f" else np.float64), ranks)
    some = gathered("X", ranks, X.head(1))
    encoder, _ = learn_inputs(some, model.missing, model.dates)
    assert encoder is not None
    own = encoder.encode(X) if len(X) else np.empty((0, X.shape[1]))
    return EncodedTable(encoder, SharedTable.of(own, ranks))  # type: ignore[arg-type]
