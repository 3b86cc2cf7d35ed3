"""What a network learns in place of the targets, and the way back to predictions of these."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.targets.power_transform import LOG, NONE, YEO_JOHNSON, ColumnTransform
from hbcd.parts.losses import Loss
from hbcd.utils.public import public
from hbcd.utils.scaling import Scaler

__all__ = ["TargetTransform", "TransformedScaler", "refuse_not_positive", "with_errors"]

Array = NDArray[Any]
POINTS = 16  # that stand for the residuals of an output
BLOCK = 1 << 14  # rows that are transformed back at once


@public
@dataclass(frozen=True, eq=False)
class TargetTransform:
    """A monotone function of each target that the network learns in place of the target.

    "log": ``z = log y``.  "yeo-johnson": the Yeo-Johnson power of ``v = (y - center) / scale``,
    ``z = ((1 + v)**p - 1) / p`` for v >= 0, ``-((1 - v)**(2 - p) - 1) / (2 - p)`` below, with the
    logarithms that are their limits [1]_; so the unit of y does not matter.

    Attributes
    ----------
    columns : tuple of ColumnTransform
        For every output its `name` ("log", "yeo-johnson" or "none") and the numbers of
        "yeo-johnson": `power` p, from 0 to 2, by maximum likelihood; `center` and `scale`, the
        median of the training targets and their median absolute deviation from it.
    residuals, shares : ndarray of shape (points, outputs), or None
        Errors of z that rows left out have shown, and the share of each; None: `backward` is the
        inverse function.

    Notes
    -----
    The inverse of the mean of z is below the mean of y.  For a loss whose best prediction is the
    mean, `backward` therefore is ``mean_j inverse(z + r_j)`` over the residuals r: the smearing
    estimate [2]_.  The sorted residuals are cut into 16 parts of equal weight, and each r_j stands
    for one: the error with the mean effect of its part at the median of z (for "log" at any z).
    For a loss that is robust, such as those of the median and of quantiles, it is the inverse: a
    quantile of z is that of y.

    References
    ----------
    .. [1] I.-K. Yeo and R. A. Johnson, A new family of power transformations to improve normality
       or symmetry, Biometrika 87 (2000).
    .. [2] N. Duan, Smearing estimate: a nonparametric retransformation method, J. Amer. Statist.
       Assoc. 78 (1983).
    """

    columns: tuple[ColumnTransform, ...]
    residuals: NDArray[np.float64] | None = field(default=None, repr=False)
    shares: NDArray[np.float64] | None = field(default=None, repr=False)

    @classmethod
    def fit(cls, names: tuple[str, ...], y: Array, weight: Array | None = None) -> TargetTransform:
        """The transforms of these names for targets; a target that does not vary stays as it is.

        Parameters
        ----------
        names : tuple of str
            For every output "log", "yeo-johnson" or "none".
        y : ndarray of shape (rows, outputs)
            Above 0 for "log".
        weight : ndarray of shape (rows,), optional

        Returns
        -------
        TargetTransform
        """
        columns = (ColumnTransform.fit(name, y[:, k], weight) for k, name in enumerate(names))
        return cls(tuple(columns))

    @property
    def names(self) -> tuple[str, ...]:
        """Of every output "log", "yeo-johnson" or "none"."""
        return tuple(column.name for column in self.columns)

    def __str__(self) -> str:
        """`log`, or `yeo-johnson (power 0.23)`; of several outputs, one by one."""
        texts = [
            f"{one.name} (power {one.power:.3g})" if one.name == YEO_JOHNSON else one.name
            for one in self.columns
        ]
        return texts[0] if len(set(texts)) == 1 else ", ".join(texts)

    def forward(self, y: Array) -> Array:
        """What the network learns.

        Parameters
        ----------
        y : ndarray of shape (rows, outputs)

        Returns
        -------
        ndarray of float64, shape (rows, outputs)
        """
        z = np.array(y, dtype=np.float64)
        for k, column in enumerate(self.columns):
            z[:, k] = column.forward(z[:, k])
        return z

    def inverse(self, z: Array) -> Array:
        """The targets that `forward` makes z of; infinite where that is too large for float64.

        Parameters
        ----------
        z : ndarray of shape (rows, outputs)

        Returns
        -------
        ndarray of float64, shape (rows, outputs)
        """
        y = np.array(z, dtype=np.float64)
        for k, column in enumerate(self.columns):
            y[:, k] = column.inverse(y[:, k])
        return y

    def backward(self, z: Array) -> Array:
        """Predictions of the targets from those of z, see the notes.

        Parameters
        ----------
        z : ndarray of shape (rows, outputs)

        Returns
        -------
        ndarray of float64, shape (rows, outputs)
        """
        if self.residuals is None or self.shares is None:
            return self.inverse(z)
        y = np.array(z, dtype=np.float64)
        for k, column in enumerate(self.columns):
            if column.name == LOG:
                y[:, k] = column.inverse(y[:, k] + self.log_factors[k])
            elif column.name == YEO_JOHNSON:
                for begin in range(0, len(y), BLOCK):
                    block = y[begin : begin + BLOCK, k]
                    points = column.inverse(block[:, np.newaxis] + self.residuals[:, k])
                    block[:] = (points * self.shares[:, k]).sum(axis=1)
        return y

    @cached_property
    def log_factors(self) -> NDArray[np.float64]:
        """Of every "log" the logarithm of the mean of exp(residual), else 0; shape (outputs,)."""
        if self.residuals is None or self.shares is None:
            return np.zeros(len(self.columns))
        most = self.residuals.max(axis=0)
        mean = (self.shares * np.exp(self.residuals - most)).sum(axis=0)
        return np.where([name == LOG for name in self.names], most + np.log(mean), 0.0)

    def to_dict(self) -> dict[str, Any]:
        """The same as JSON types.

        Returns
        -------
        dict
        """
        points = {
            name: None if value is None else value.tolist()
            for name, value in (("residuals", self.residuals), ("shares", self.shares))
        }
        return {"columns": [asdict(column) for column in self.columns], **points}

    @classmethod
    def from_dict(cls, described: dict[str, Any], outputs: int) -> TargetTransform:
        """What `to_dict` gave, for so many outputs; ValueError, TypeError or KeyError otherwise.

        Parameters
        ----------
        described : dict
        outputs : int

        Returns
        -------
        TargetTransform
        """
        columns = tuple(ColumnTransform.checked(one) for one in described["columns"])
        points = [described[name] for name in ("residuals", "shares")]
        if points == [None, None]:
            made = cls(columns)
        else:
            made = cls(columns, *(np.array(one, dtype=np.float64) for one in points))
            for one in (made.residuals, made.shares):
                if one is None or one.ndim != 2 or one.shape[1] != outputs:
                    raise ValueError("target_transform: must have points for every output")
                if not np.isfinite(one).all():
                    raise ValueError("target_transform: must have points that are finite")
        if len(columns) != outputs:
            raise ValueError(f"target_transform: has {len(columns)} outputs, must have {outputs}")
        return made

    def smeared(self, z: Array, predicted: Array, weight: Array | None = None) -> TargetTransform:
        """The same whose `backward` gives means, by the errors of predictions.

        Parameters
        ----------
        z, predicted : ndarray of shape (rows, outputs)
            Of rows that had no part in the training, where there are any.
        weight : ndarray of shape (rows,), optional

        Returns
        -------
        TargetTransform
        """
        residuals, shares = np.zeros((2, POINTS, len(self.columns)))
        for k, column in enumerate(self.columns):
            at = float(np.median(predicted[:, k]))
            found = _points(column, z[:, k] - predicted[:, k], at, weight)
            residuals[:, k], shares[:, k] = found
        return replace(self, residuals=residuals, shares=shares)


def _points(
    column: ColumnTransform, residual: Array, at: float, weight: Array | None
) -> tuple[Array, Array]:
    """Residuals that stand for parts of those given, by their effect at a value of z; and shares.

    A part without weight has share 0 and the residual 0.
    """
    order = np.argsort(residual, kind="stable")
    residual = residual[order]
    w = np.ones(residual.size) if weight is None else weight[order].astype(np.float64)
    w = w / w.sum()
    part = np.clip((POINTS * (np.cumsum(w) - 0.5 * w)).astype(np.intp), 0, POINTS - 1)
    share = np.bincount(part, w, POINTS)
    divisor = np.where(share > 0, share, 1.0)
    mean = np.bincount(part, w * residual, POINTS) / divisor
    if column.name == NONE:
        return mean, share
    effect = np.bincount(part, w * column.inverse(at + residual), POINTS) / divisor
    with np.errstate(divide="ignore", invalid="ignore"):
        same = column.forward(effect) - at
    usable = np.isfinite(same) & (share > 0)
    return np.where(usable, same, mean), share


def with_errors(
    transform: TargetTransform, z: Array, predicted: Array, weight: Array | None, loss: Loss
) -> TargetTransform:
    """A transform whose way back gives what a loss asks for: the mean, or for robust ones the rest.

    Parameters
    ----------
    transform : TargetTransform
    z, predicted : ndarray of shape (rows, outputs)
        NaN in predictions: rows that do not count.
    weight : ndarray of shape (rows,) or None
    loss : Loss
    """
    seen = np.flatnonzero(~np.isnan(predicted[:, 0]))
    if loss.robust or not seen.size:
        return transform
    within = np.clip(predicted[seen], z.min(axis=0), z.max(axis=0))
    return transform.smeared(z[seen], within, None if weight is None else weight[seen])


@dataclass(frozen=True)
class TransformedScaler(Scaler):
    """Of transformed targets, which metrics are to see in the units of the targets."""

    transform: TargetTransform

    @classmethod
    def of_targets(cls, scaler: Scaler, transform: TargetTransform | None) -> Scaler:
        """Such a scaler, or the one that is there where nothing is transformed."""
        return scaler if transform is None else cls(scaler.mean, scaler.scale, transform)

    def in_units(self, table: Array) -> Array:
        """The targets, by the inverse function."""
        return self.transform.inverse(table)


def refuse_not_positive(name: str, y: Array, place: NDArray[np.intp] | None = None) -> None:
    """ValueError naming the first of some rows (rows, outputs) that has no logarithm.

    Parameters
    ----------
    name : str
    y : ndarray of shape (rows, outputs)
    place : ndarray of int, optional
        The row of y that each row of the table is, -1 for none; None: its own.
    """
    wrong = ~(y > 0)
    if wrong.any():
        row, column = (int(k) for k in np.argwhere(wrong)[0])
        shown = row if place is None else int(np.flatnonzero(place == row)[0])
        raise ValueError(
            f"{name}: row {shown} is {y[row, column]:g}: must be above 0 for target_transform='log'"
        )
