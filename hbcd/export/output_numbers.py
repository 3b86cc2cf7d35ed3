"""Numbers of the way from the outputs of a network back to targets, by name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.targets.power_transform import LEAST, LOG, YEO_JOHNSON
from hbcd.export.form import ModelForm

__all__ = ["NEAR_ONE", "TERMS", "output_arrays"]

Array = NDArray[np.float64]
NEAR_ONE, TERMS = 0.03125, 10  # log(1 + r) by a series of so many terms where r is smaller


def output_arrays(form: ModelForm) -> dict[str, Array]:
    """Numbers of the way back to targets, each for all outputs."""
    if form.classes is not None:
        return {}
    found = {"SCALE": form.scale, "MEAN": form.mean}
    if form.ends is not None:
        found |= {"LEAST": form.ends[0], "MOST": form.ends[1]}
    transform = form.transform
    if transform is None:
        return found
    kinds = {column.name for column in transform.columns}
    if LOG in kinds:
        found["LOG_FACTOR"] = np.asarray(transform.log_factors, np.float64)
    if YEO_JOHNSON in kinds:
        columns = transform.columns
        found["POWER_UP"] = np.array([max(c.power, LEAST) for c in columns])
        found["POWER_DOWN"] = np.array([max(2.0 - c.power, LEAST) for c in columns])
        found["POWER_CENTER"] = np.array([c.center for c in columns])
        found["POWER_SCALE"] = np.array([c.scale for c in columns])
        if transform.residuals is not None and transform.shares is not None:
            found["RESIDUALS"] = transform.residuals.T.ravel()
            found["SHARES"] = transform.shares.T.ravel()
    return found
