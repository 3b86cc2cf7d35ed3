"""`monotonic_cst`: in which columns predictions are to rise or to fall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.fitting.fit_rows import FitRows
from hbcd.estimators.parameters import EstimatorParameters
from hbcd.estimators.raw_coefficients import link
from hbcd.parts.activations import Identity, LeakyReLU, ReLU, Sigmoid, Tanh
from hbcd.parts.losses import CrossEntropy, Loss
from hbcd.parts.structured_layers import BlockDiagonalLayer
from hbcd.tables.encoder import TableEncoder

__all__ = ["constrained_signs", "feature_signs", "monotonic_signs"]

Signs = NDArray[np.int8]
NAME = "monotonic_cst"
NONDECREASING = (Identity, LeakyReLU, ReLU, Sigmoid, Tanh)


def monotonic_signs(value: Any, names: Sequence[Any]) -> Signs | None:
    """1, -1 or 0 for every column, from an array or a mapping by name; None where all are 0.

    Parameters
    ----------
    value : None, array_like or mapping
    names : sequence
        Of the columns.

    Raises
    ------
    ValueError, TypeError
        It is none: another number, another length, a column that is not there.
    """
    if value is None:
        return None
    if isinstance(value, Mapping):
        for name in value:
            if name not in names:
                there = ", ".join(str(one) for one in names[:10])
                raise ValueError(f"{NAME}: has {name!r}, must have columns of X: {there}")
        given = [value.get(name, 0) for name in names]
    elif isinstance(value, (str, bytes)) or np.ndim(value) != 1:
        raise ValueError(f"{NAME}={value!r}: must be an array of 1, -1 and 0, or a dict by column")
    else:
        given = list(value)
        if len(given) != len(names):
            raise ValueError(
                f"{NAME}: has {len(given)} numbers, must have {len(names)}, one for each column"
            )
    for name, sign in zip(names, given, strict=True):
        known = isinstance(sign, (int, float, np.integer, np.floating)) and sign in (-1, 0, 1)
        if not known or isinstance(sign, (bool, np.bool_)):
            raise ValueError(f"{NAME}: {name!r} has {sign!r}, must be 1, -1 or 0")
    signs = np.array([int(sign) for sign in given], np.int8)
    return signs if signs.any() else None


def feature_signs(signs: Signs, encoder: TableEncoder | None) -> Signs:
    """The same for every feature of the network.

    Raises
    ------
    ValueError
        A column that is not of numbers.
    """
    if encoder is None:
        return signs
    found, places = np.zeros(len(encoder.feature_names), np.int8), encoder.places
    for sign, (name, levels) in zip(signs, encoder.columns, strict=True):
        if not sign:
            continue
        if levels is not None or name in encoder.dates:
            kind = "dates" if levels is None else "levels"
            raise ValueError(f"{NAME}: {name!r} is a column of {kind}, must be one of numbers")
        found[places[name]] = sign
    return found


def constrained_signs(
    model: EstimatorParameters, rows: FitRows, resumes: bool
) -> tuple[int, ...] | None:
    """The signs of the network's inputs by ``monotonic_cst``; None where all are free.

    Parameters
    ----------
    model : EstimatorParameters
    rows : FitRows
    resumes : bool
        Whether training goes on from an earlier fit.

    Raises
    ------
    ValueError, TypeError
        It is no such thing, or what is to be trained cannot be constrained.
    """
    value = getattr(model, "monotonic_cst", None)
    if value is None:
        return None
    encoder = rows.encoder
    if encoder is not None and encoder.named:
        names: list[Any] = [name for name, _ in encoder.columns]
    elif rows.column_labels is not None:
        names = list(rows.column_labels)
    else:
        names = list(range(rows.train.x.shape[1] if encoder is None else len(encoder.columns)))
    signs = monotonic_signs(value, names)
    if signs is None:
        return None
    _refuse_unknown(model, rows.target.loss, rows.target.values.shape[1])
    if resumes and any(isinstance(one, BlockDiagonalLayer) for one in model.network_.layers):
        raise ValueError(
            f"{NAME}: a model of members does not train on; members=1 makes one network"
        )
    return tuple(feature_signs(signs, encoder).tolist())


def _refuse_unknown(model: EstimatorParameters, loss: Loss, n_outputs: int) -> None:
    """ValueError where bounds of weights would not make predictions monotone."""
    rules = {
        f"has no meaning for {n_outputs} classes, only for two": isinstance(loss, CrossEntropy),
        "must be None where layers are given; their weight_bounds can say the same": model.layers
        is not None,
        "must be None where the network grows": model.layers is None
        and isinstance(model.hidden_layer_sizes, str)
        and model.hidden_layer_sizes == "grow",
        f"must be None for loss={loss!r}, whose mean is not known": link(loss) is None,
    }
    for rule, holds in rules.items():
        if holds:
            raise ValueError(f"{NAME}: {rule}")
    given = model.activation
    for one in given if isinstance(given, (list, tuple)) else [given]:
        if not isinstance(one, str) and type(one) not in NONDECREASING:
            raise ValueError(f"{NAME}: must be None for activation={one!r}, which may fall")
