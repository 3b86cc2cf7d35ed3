"""Readers of exports: each writes a model for a target, and has the target's own tool compute it.

A new target joins by a function ``read(case, folder)`` under `@reader`, which gives the record of
the export and what its tool computes at `case.points`.
"""

import importlib.util
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hbcd.export.form import model_form
from hbcd.export.inputs import check_points, features_of
from hbcd.export.self_check import reference

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

READERS: "dict[str, Reader]" = {}


@dataclass(frozen=True, eq=False)
class Case:
    """A model, and points of its columns with what it predicts there."""

    model: object
    form: object
    points: np.ndarray

    @property
    def features(self):
        """The points as the features that targets without text and gaps take."""
        return features_of(self.form.columns, self.points)

    def predicted(self, record):
        """What the model predicts, without the range that the export leaves out."""
        return reference(self.form, self.points, ends=not record.left_out)


def case_of(model, count, dtype="float64"):
    """A model with so many points: of low discrepancy, and corners."""
    form = model_form(model)
    every = check_points(form.columns)
    points = every[np.linspace(0, len(every) - 1, count).astype(int)]
    return Case(model, form, points.astype(dtype).astype(float))


@dataclass(frozen=True)
class Reader:
    """How a target is read back.

    Attributes
    ----------
    target : str
        A name of `hbcd.export.targets.TARGETS`, or of an object that a model becomes.
    name : str
        What reads it.
    read : callable
    needs : tuple of str
        Modules, or programs after "program:".
    points : int
    dtype : str
    slack : float
        Of a solver, whose tolerance comes on top of the bound, relative to the predictions.
    every : int
        It reads one model in so many, where it takes seconds for each.
    """

    target: str
    name: str
    read: Callable
    needs: tuple[str, ...] = ()
    points: int = 40
    dtype: str = "float64"
    slack: float = 0.0
    every: int = 1

    @property
    def missing(self):
        """What is not installed."""
        return [name for name in self.needs if not _found(name)]

    def distance(self, model, folder):
        """The largest difference from the model over the bound, of all outputs."""
        case = case_of(model, self.points, self.dtype)
        record, found = self.read(case, folder)
        wanted = case.predicted(record)
        size = np.abs(wanted).max(axis=0)
        bound = np.array([np.nan if b is None else b for b in record.bound], float)
        bound = np.where(np.isnan(bound), 1e-4 * size, bound) + self.slack * size + 1e-300
        off = np.abs(np.reshape(found, wanted.shape) - wanted)
        return float((off / bound).max())


def _found(name):
    kind, _, program = name.partition(":")
    try:
        return shutil.which(program) if program else importlib.util.find_spec(kind) is not None
    except ModuleNotFoundError:
        return False


def reader(target, name, *needs, **options):
    """Registers a function."""

    def registered(read):
        READERS[f"{target}: {name}"] = Reader(target, name, read, needs, **options)
        return read

    return registered
