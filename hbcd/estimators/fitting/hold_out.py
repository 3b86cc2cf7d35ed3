"""Which rows an estimator holds out: a share, a splitter of scikit-learn, or two lists of rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.fitting.fit_settings import FitSettings
from hbcd.estimators.parameters import EstimatorParameters
from hbcd.networks.checked_rows import CheckedRows
from hbcd.training.network import Network
from hbcd.training.strategy_base import TrainingStrategy
from hbcd.utils.validation import check_number

__all__ = ["chosen_rows", "chosen_share", "held_share"]

Index = NDArray[np.intp]
NAME = "validation_fraction"
EARLY = 0.15  # held out where early stopping asks for rows and no share is given


def chosen_rows(choice: Any, X: Any, y: Any, n: int) -> tuple[Index, Index] | None:
    """The rows to train on and those held out, or None where it is a share.

    Parameters
    ----------
    choice : object
        Something with ``split(X, y)``, or a pair of lists of row numbers or masks.
    X, y : array_like
        What a splitter is given.
    n : int
        Rows.

    Raises
    ------
    ValueError, TypeError
        Rows that are not there, twice, in both parts, or a part without any.
    """
    if callable(getattr(choice, "split", None)) and not isinstance(choice, str):
        pair = _last_split(choice, X, y)
    elif isinstance(choice, (tuple, list)) or (isinstance(choice, np.ndarray) and choice.ndim):
        if len(choice) != 2:
            raise ValueError(
                f"{NAME}: has {len(choice)} parts, must be rows to train on and to hold out"
            )
        pair = choice
    else:
        return None
    kept, apart = (_numbers(part, n) for part in pair)
    both = np.intersect1d(kept, apart)
    if both.size:
        raise ValueError(f"{NAME}: row {both[0]} is in both parts, must be in one")
    return kept, apart


def _last_split(splitter: Any, X: Any, y: Any) -> Any:
    """The last split: of splits in time it is the one with the most rows to train on."""
    pair = None
    try:
        for pair in splitter.split(X, y):  # noqa: B007
            pass
    except ValueError as error:  # among others, that it needs groups
        raise ValueError(
            f"{NAME}={splitter!r}: {error}; a split by groups is given as a pair of rows"
        ) from error
    if pair is None:
        raise ValueError(f"{NAME}={splitter!r}: must split at least once")
    return pair


def _numbers(part: Any, n: int) -> Index:
    """Row numbers from row numbers or a mask."""
    array = np.asarray(part)
    if array.dtype == bool and array.shape == (n,):
        array = np.flatnonzero(array)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise TypeError(f"{NAME}: must be lists of row numbers or masks of {n} rows")
    if array.size == 0:
        raise ValueError(f"{NAME}: has a part without rows, must have at least one in each")
    if array.min() < -n or array.max() >= n:
        wrong = array.min() if array.min() < -n else array.max()
        raise ValueError(f"{NAME}: row {wrong} must be one of the {n} rows of X")
    rows = np.sort(np.where(array < 0, array + n, array)).astype(np.intp)
    if (rows[1:] == rows[:-1]).any():
        raise ValueError(f"{NAME}: row {rows[:-1][rows[1:] == rows[:-1]][0]} is there twice")
    return rows


def chosen_share(choice: Any, automatic: float, n: int, *, needed: bool) -> float:
    """The share of n rows to hold out; `automatic` is the strategy's.

    needed : early stopping asks for some.
    """
    rule = f"{NAME}={choice!r}: must be 'auto', a number, a splitter, a pair of rows or None"
    if isinstance(choice, str):
        if choice != "auto":
            raise ValueError(rule)
        share = automatic
    elif choice is not None and not isinstance(choice, (int, float, np.integer, np.floating)):
        raise TypeError(rule)
    else:
        number = check_number(NAME, choice, low=0.0, high=1.0, open_high=True, none=True)
        share = 0.0 if number is None else number
        if share and not 1 <= round(share * n) < n:
            raise ValueError(
                f"{NAME}={choice}: must hold out at least one of {n} rows and leave one"
            )
    return share if share or not needed else EARLY


def held_share(
    model: EstimatorParameters,
    network: Network,
    train: CheckedRows,
    held_out: CheckedRows | None,
    strategy: TrainingStrategy,
    settings: FitSettings,
) -> float:
    """The share of the rows that the training is to hold out."""
    if held_out is not None or settings.partial:
        return 0.0
    path = settings.resumes and len(model.alpha_path_) > 0
    # RowNumbers left out to choose a penalty have the same use as rows held out.
    by_rows = settings.alpha is None or path
    automatic = 0.0 if by_rows else strategy.hold_out_share(network, len(train))
    return chosen_share(
        model.validation_fraction,
        automatic,
        len(train),
        needed=settings.early_stopping is not None,
    )
