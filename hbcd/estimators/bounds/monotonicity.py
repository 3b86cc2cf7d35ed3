"""Whether predictions rise or fall in single columns: a proof, or a point that refutes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.bounds.boxes import NetworkBounds, halves
from hbcd.estimators.bounds.feature_boxes import FeatureBoxes
from hbcd.utils.public import public
from hbcd.utils.scaling import Scaler

__all__ = ["Monotonicity", "Question", "Violation", "search"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
POINTS = 512  # that are looked at first in every box
AT_ONCE = 64


@public
@dataclass(frozen=True, eq=False)
class Monotonicity:
    """What `is_monotonic` found; true where monotonicity is proven.

    Attributes
    ----------
    holds : bool or None
        True: proven for every row of the box.  False: refuted by `witness`.  None: neither, within
        the limit.
    witness : ndarray of shape (1, features) or DataFrame of one row, or None
        A row of the box at which a prediction has the wrong slope, as `predict` takes it.
    column : str or int, or None
        In which column it has.
    output : int or None
        Which prediction.
    boxes : int
        Boxes that were looked at.
    """

    holds: bool | None
    witness: Any = None
    column: Any = None
    output: int | None = None
    boxes: int = 0

    def __bool__(self) -> bool:
        return self.holds is True


@dataclass(frozen=True)
class Violation:
    """A row of features (features,), its number among the boxes, and what is wrong there."""

    row: Array
    box: int
    output: int
    feature: int


@dataclass(frozen=True)
class Question:
    """Whether derivatives have signs over boxes, and what counts as a row of them.

    Attributes
    ----------
    bounds : NetworkBounds
    boxes : FeatureBoxes
        In the units of the table.
    signs : ndarray of shape (features,)
        1, -1 or 0.
    scaler : Scaler
        Of the features.
    dtype : numpy.float64 or numpy.float32
    limited : callable or None
        ``limited(lo, hi)``, over boxes of the network's inputs: which outputs are limited in all
        rows of the box, and which in some, (boxes, outputs) each.  None: none is.
    """

    bounds: NetworkBounds
    boxes: FeatureBoxes
    signs: NDArray[np.int8]
    scaler: Scaler
    dtype: Any
    limited: Callable[[Array, Array], tuple[Flags, Flags]] | None

    def rows(self, points: Array, owner: NDArray[np.intp]) -> Array:
        """Rows of the boxes near to points of the network's inputs."""
        near = points * self.scaler.scale + self.scaler.mean
        examples = self.boxes.examples[owner]
        near = np.where(np.isnan(examples), near, examples)
        return np.clip(near, self.boxes.lo[owner], self.boxes.hi[owner])

    def scaled(self, rows: Array) -> Array:
        """Inputs of the network, as `predict` forms them."""
        return self.scaler.forward(rows, self.dtype).astype(np.float64)

    def falls(self, lo: Array, hi: Array) -> Flags:
        """Where a derivative may have the wrong sign, (boxes, outputs, features)."""
        low, high = self.bounds.jacobian(lo, hi)
        wrong = np.where(self.signs > 0, low < 0, (high > 0) & (self.signs < 0))
        if self.limited is not None:
            wrong &= ~self.limited(lo, hi)[0][:, :, np.newaxis]
        return np.asarray(wrong)

    def violation(self, points: Array, owner: NDArray[np.intp]) -> Violation | None:
        """The first of the rows near to points that has a wrong derivative for certain."""
        rows = self.rows(points, owner)
        at = self.scaled(rows)
        low, high = self.bounds.jacobian(at, at)
        wrong = np.where(self.signs > 0, high < 0, (low > 0) & (self.signs < 0))
        if self.limited is not None:
            wrong &= ~self.limited(at, at)[1][:, :, np.newaxis]
        if not wrong.any():
            return None
        row, output, feature = (int(one) for one in np.argwhere(wrong)[0])
        return Violation(rows[row], int(owner[row]), output, feature)


def search(question: Question, most: int) -> tuple[bool | None, Violation | None, int]:
    """Branch and bound: boxes in which a sign is not known are cut in two.

    Parameters
    ----------
    question : Question
    most : int
        Boxes that are looked at.

    Returns
    -------
    holds : bool or None
    violation : Violation or None
    looked : int
    """
    boxes = question.boxes
    lo, hi = question.scaled(boxes.lo), question.scaled(boxes.hi)
    owner = np.arange(len(lo), dtype=np.intp)
    generator = np.random.default_rng(0)
    for k in range(len(lo)):
        points = generator.uniform(lo[k], hi[k], (POINTS, lo.shape[1]))
        found = question.violation(points, np.full(POINTS, k, np.intp))
        if found is not None:
            return False, found, 0
    looked, stuck = 0, False
    while len(lo):
        if looked >= most:
            return None, None, looked
        now = min(AT_ONCE, most - looked, len(lo))
        left = np.flatnonzero(question.falls(lo[:now], hi[:now]).any(axis=(1, 2)))
        looked += now
        low, high, of = lo[left], hi[left], owner[left]
        lo, hi, owner = lo[now:], hi[now:], owner[now:]
        if not left.size:
            continue
        found = question.violation(0.5 * low + 0.5 * high, of)
        if found is not None:
            return False, found, looked
        at, movable = question.bounds.cuts(low, high)
        stuck |= not movable.all()  # one row whose derivative is 0 but for rounding
        parts = halves(low[movable], high[movable], at[movable])
        lo, hi = np.concatenate([lo, parts[0]]), np.concatenate([hi, parts[1]])
        owner = np.concatenate([owner, of[movable], of[movable]])
    return (None if stuck else True), None, looked
