"""The target transform that a fit is given, or that of the fit that goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.fitting.fit_rows import FitRows
from hbcd.estimators.fitting.fit_settings import FitSettings
from hbcd.estimators.parameters import EstimatorParameters
from hbcd.estimators.targets.power_transform import LOG, NONE, YEO_JOHNSON
from hbcd.estimators.targets.target_transform import (
    TargetTransform,
    refuse_not_positive,
    with_errors,
)
from hbcd.parts.losses import Loss, has_curvature
from hbcd.training.network import Network
from hbcd.utils.scaling import Scaled, Scaler

__all__ = [
    "as_target_transform",
    "given_transform",
    "judges_transform",
    "learned_transform",
    "transformed",
]

Array = NDArray[Any]
NAMES = ("auto", LOG, YEO_JOHNSON)
FEW_ERRORS = 100  # rows of `partial_fit` below which the errors that are known stay
MOST_ERRORS = 10_000  # rows whose errors are looked at, where members have left none out


def as_target_transform(value: Any, loss: Loss) -> str | None:
    """A checked parameter, by the loss; None where targets are to stay as they are."""
    if value is not None and not (isinstance(value, str) and value in NAMES):
        names = ", ".join(repr(name) for name in NAMES)
        raise ValueError(f"target_transform={value!r}: must be {names} or None")
    if value == "auto" and not has_curvature(loss):
        return None  # a loss of the user's may know the outputs from each other
    if loss.standardize_target and type(loss).mean is Loss.mean:
        return value
    if value in (LOG, YEO_JOHNSON):
        raise ValueError(
            f"target_transform={value!r}: must be 'auto' or None with loss={loss!r}, "
            "which says what its targets are"
        )
    return None


def given_transform(
    model: EstimatorParameters, rows: FitRows, settings: FitSettings
) -> TargetTransform | None:
    """The transform that is known before training."""
    given = as_target_transform(getattr(model, "target_transform", None), rows.target.loss)
    train = rows.train
    if settings.resumes:
        known: TargetTransform | None = getattr(model, "target_transform_", None)
        names = {NONE} if known is None else set(known.names)
        if given != "auto" and not names <= {given or NONE, NONE}:
            raise ValueError(
                f"target_transform={given!r}: must be 'auto' to go on, the fit has {known}"
            )
        if known is not None:
            logs = [name == LOG for name in known.names]
            refuse_not_positive("y", np.where(logs, train.y[:], 1.0), rows.place)
        return known
    if given in (None, "auto"):
        return None
    return TargetTransform.fit((str(given),) * train.y.shape[1], train.y[:], train.weight)


def judges_transform(model: EstimatorParameters, loss: Loss) -> bool:
    """Whether members are to find the transform."""
    return as_target_transform(getattr(model, "target_transform", None), loss) == "auto"


def transformed(rows: FitRows, transform: TargetTransform | None) -> FitRows:
    """Rows whose targets are what the network learns."""
    if transform is None:
        return rows
    train, held = replace(rows.train, y=rows.train.y[:]), rows.held_out
    held = None if held is None else replace(held, y=held.y[:])
    for name, part in (("y", train), ("eval_set: y", held)):
        beyond = np.zeros(0) if part is None else part.y[~np.isfinite(transform.forward(part.y))]
        if beyond.size:
            raise ValueError(
                f"{name}: {beyond[0]:g} is too large for target_transform={transform}: beyond "
                "float64 in median absolute deviations of the targets"
            )
    return replace(
        rows,
        train=replace(train, y=transform.forward(train.y)),
        held_out=None if held is None else replace(held, y=transform.forward(held.y)),
    )


def learned_transform(
    transform: TargetTransform | None,
    rows: FitRows,
    trained: tuple[Network, Array],
    scalers: tuple[Scaler, Scaler],
    left_out: Array | None,
    *,
    partial: bool,
) -> TargetTransform | None:
    """A transform with the errors of rows left out or held out, else of those trained on.

    Parameters
    ----------
    transform : TargetTransform or None
    rows : FitRows
        With targets transformed.
    trained : (Network, ndarray)
        The network and its parameters.
    scalers : (Scaler, Scaler)
        Of inputs and of these targets.
    left_out : ndarray of shape (training rows, outputs) or None
        Predictions by members that have not seen the row.
    partial : bool
        Whether this is `partial_fit`: errors of few rows say nothing of all.
    """
    if transform is None:
        return None
    train = rows.train
    if partial and transform.residuals is not None and len(train) < FEW_ERRORS:
        return transform
    if left_out is None:
        train = (rows.held_out or train).every(MOST_ERRORS)
        out = trained[0].predict(trained[1], Scaled(train.x, scalers[0]))
        left_out = scalers[1].backward(out.astype(np.float64))
    return with_errors(transform, train.y, left_out, train.weight, rows.target.loss)
