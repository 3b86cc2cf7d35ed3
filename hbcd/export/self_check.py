"""A file is read back and compared with the model before it is kept."""

from __future__ import annotations

import copy
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.classifier import HybridClassifier
from hbcd.export.form import ModelForm
from hbcd.export.inputs import POINTS, check_points, features_of, table_of
from hbcd.export.record import ExportRecord, model_hash, sealed
from hbcd.export.rounding import Arithmetic, rounding_bound
from hbcd.utils.atomic_files import (
    called,
    check_replaceable,
    replace_file,
    take_away,
    write_through,
)

__all__ = ["Agreement", "agreement", "keep_checked", "record_of", "reference"]

Array = NDArray[np.float64]
Evaluate = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Agreement:
    """Points of a check and what the model itself predicts there.

    Attributes
    ----------
    points : ndarray of shape (points, columns)
    predicted : ndarray of shape (points, outputs)
    bound : ndarray of shape (outputs,)
        What an exact computation in the arithmetic of the file can differ by.
    """

    points: Array
    predicted: Array
    bound: Array


def reference(form: ModelForm, points: Array, *, ends: bool = True) -> Array:
    """The model's own predictions, (points, outputs); of classes probabilities.

    Parameters
    ----------
    form : ModelForm
    points : ndarray of shape (points, columns)
    ends : bool
        False: without the range that predictions are kept within.
    """
    model: Any = form.model
    if not ends:
        model = copy.copy(model)
        model.output_range_ = None
    table = table_of(model, form.columns, points)
    if isinstance(model, HybridClassifier):
        return np.asarray(model.predict_proba(table), np.float64)
    return np.asarray(model.predict(table), np.float64).reshape(len(points), -1)


def agreement(
    form: ModelForm,
    arithmetic: Arithmetic,
    *,
    written: ModelForm | None = None,
    slack: dict[int, Array] | None = None,
    ends: bool = True,
) -> Agreement:
    """What a file of some arithmetic has to agree with, and how well it must.

    Parameters
    ----------
    form : ModelForm
    arithmetic : Arithmetic
        That of the file.
    written : ModelForm, optional
        The form that is written, where it is another one of the same function.
    slack : dict of int to ndarray, optional
        How far biases of `written` may be from those meant.
    ends : bool
        Whether the file keeps predictions within the model's range.
    """
    points = check_points(form.columns)
    if np.dtype(arithmetic.dtype) == np.float32:
        points = _narrow(form, points)
    features = features_of(form.columns, points)
    box = np.array([features.min(axis=0), features.max(axis=0)])
    bound = rounding_bound(written or form, box, arithmetic, slack)
    bound = bound + rounding_bound(form, box, Arithmetic(form.dtype))
    return Agreement(points, reference(form, points, ends=ends), bound)


def _narrow(form: ModelForm, points: Array) -> Array:
    """Points as float32 holds them; ValueError where it does not."""
    with np.errstate(over="ignore"):
        found = points.astype(np.float32).astype(np.float64)
    for column, values in zip(form.columns, found.T, strict=True):
        if np.isinf(values).any():
            raise ValueError(f"{column.name}: has a range that float32 cannot hold, float64 can")
    return found


def record_of(
    form: ModelForm,
    agreed: Agreement,
    found: Array,
    arithmetic: Arithmetic,
    target: str,
    left_out: list[str],
) -> ExportRecord:
    """The record of a file that computes `found` at the points; ValueError where it is wrong.

    Parameters
    ----------
    form : ModelForm
    agreed : Agreement
    found : ndarray of shape (points, outputs)
    arithmetic : Arithmetic
    target : str
    left_out : list of str

    Raises
    ------
    ValueError
        The file and the model differ by more than rounding explains.
    """
    if found.shape != agreed.predicted.shape:
        raise ValueError(f"{target}: gives {found.shape} numbers, not {agreed.predicted.shape}")
    difference = np.abs(found - agreed.predicted)
    measured = difference.max(axis=0)
    # A bound that is no number says nothing: then what float32 has of digits is asked for.
    spread = np.abs(agreed.predicted).max(axis=0)
    allowed = np.where(np.isfinite(agreed.bound), agreed.bound, 1e-4 * spread)
    if not (measured <= allowed).all():
        k = int(np.argmax(~(measured <= allowed)))
        raise ValueError(
            f"{target}: differs from the model by {measured[k]:.3g} in {form.outputs[k]}, more "
            f"than rounding can ({allowed[k]:.3g}): nothing is written; please report this"
        )
    finite = [float(b) if np.isfinite(b) else None for b in agreed.bound]
    return ExportRecord(
        target=target,
        dtype=np.dtype(arithmetic.dtype).name,
        inputs=[
            {"name": c.name, "low": c.low, "high": c.high}
            | ({} if c.levels is None else {"levels": list(c.levels)})
            | ({"gaps": True} if c.gaps else {})
            for c in form.columns
        ],
        outputs=list(form.outputs),
        unit=form.unit,
        left_out=left_out,
        points=POINTS,
        corners=len(agreed.points) - POINTS,
        measured=measured.tolist(),
        bound=finite,
        assumed=_assumed(arithmetic),
        model=model_hash(form.model),
    )


def _assumed(arithmetic: Arithmetic) -> str:
    told = f"IEEE arithmetic, elementary functions within {arithmetic.ulps:g} ulp"
    if arithmetic.sums:
        told += f", differences right to {arithmetic.sums:.2g} of their sides"
    return told


def keep_checked(
    path: str | os.PathLike[str],
    write: Callable[[ExportRecord | None], bytes],
    check: Callable[[Path], ExportRecord],
    beside: dict[str, bytes] | None = None,
) -> ExportRecord:
    """Writes a file, reads it back, and puts it in place only where it agrees with the model.

    Parameters
    ----------
    path : str or path
    write : callable
        ``write(record)``: the content of the file; the record is None for the first reading.
    check : callable
        ``check(path)``: reads a file, compares it with the model, and gives the record of that.
    beside : dict of str to bytes, optional
        Files that belong to it, by what stands behind its name in theirs.

    Returns
    -------
    ExportRecord

    Raises
    ------
    ValueError
        The file does not agree with the model; there is no trace of it.
    OSError
        It cannot be written.
    """
    target = Path(os.path.realpath(Path(path).expanduser()))
    check_replaceable(target, str(path))
    place = target.with_name(f".hbcd-{secrets.token_hex(8)}{target.suffix}")
    done = False
    try:
        write_through(place, [write(None)])
        record = check(place)
        place.unlink()
        write_through(place, [sealed(write(record))])
        check(place)  # what is kept is what was read
        for suffix, content in (beside or {}).items():
            replace_file(target.with_name(target.name + suffix), [content], f"{path}{suffix}")
        os.replace(place, target)
        done = True
    except OSError as error:
        if error.filename in (None, str(place)):
            raise called(error, str(path)) from error
        raise
    finally:
        if not done:  # else nothing more may fail, not even for lack of memory
            take_away(place)
    return record
