"""Pictures of predictions against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from hbcd.plots.style import BLACK, BLUE, finish, new_axes
from hbcd.utils.public import public
from hbcd.utils.validation import as_matrix, check_integer

__all__ = ["PredictionDisplay", "plot_prediction", "target_of"]

Array = NDArray[Any]


@public
class PredictionDisplay:
    """Actual against predicted values, and residuals, of one target.

    Made by `from_estimator` or `from_predictions`; `plot` draws once more.

    Parameters
    ----------
    y_true, y_pred : array_like of shape (rows,)
        In the target's unit.
    name : str, default "target"
        What is predicted, for the labels.
    unit : str, default ""
        Its unit, for the labels.

    Attributes
    ----------
    axes_ : ndarray of matplotlib.axes.Axes, shape (2,)
        Actual against predicted, and residuals; after `plot`.
    figure_ : matplotlib.figure.Figure
        After `plot`.
    """

    axes_: Any
    figure_: Any

    def __init__(
        self, y_true: ArrayLike, y_pred: ArrayLike, *, name: str = "target", unit: str = ""
    ) -> None:
        self.y_true = as_matrix("y_true", y_true, columns=1)[:, 0]
        self.y_pred = as_matrix("y_pred", y_pred, columns=1, rows=len(self.y_true))[:, 0]
        self.name, self.unit = name, unit

    @classmethod
    def from_estimator(
        cls, estimator: Any, X: Any, y: ArrayLike, *, output: int = 0, ax: Any = None
    ) -> PredictionDisplay:
        """Predicts X with a fitted estimator, and draws.

        Parameters
        ----------
        estimator : fitted estimator
        X : array_like or DataFrame
        y : array_like of shape (rows,) or (rows, outputs)
            In the target's unit.
        output : int, default 0
            Which of several targets.
        ax : pair of matplotlib.axes.Axes, optional
        """
        predicted = np.asarray(estimator.predict(X)).reshape(len(X), -1)
        check_integer("output", output, 0)
        if output >= predicted.shape[1]:
            raise ValueError(f"output={output}: must be less than {predicted.shape[1]}")
        truth = as_matrix("y", y, columns=predicted.shape[1], rows=len(predicted))
        name, unit = target_of(estimator, y, output)
        return cls(truth[:, output], predicted[:, output], name=name, unit=unit).plot(ax)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: ArrayLike,
        *,
        name: str = "target",
        unit: str = "",
        ax: Any = None,
    ) -> PredictionDisplay:
        """Draws predictions that are there already.

        Parameters
        ----------
        y_true, y_pred : array_like of shape (rows,)
        name, unit : str
            For the labels.
        ax : pair of matplotlib.axes.Axes, optional
        """
        return cls(y_true, y_pred, name=name, unit=unit).plot(ax)

    def plot(self, ax: Any = None) -> PredictionDisplay:
        """Draws on a pair of axes, by default of a new figure.

        Parameters
        ----------
        ax : pair of matplotlib.axes.Axes, optional

        Returns
        -------
        self
        """
        pair = new_axes(2, width=5.0) if ax is None else np.asarray(ax, dtype=object).ravel()
        if len(pair) != 2:
            raise ValueError(f"ax: has {len(pair)} axes, must be a pair")
        unit = f" ({self.unit})" if self.unit else ""
        low = float(min(self.y_true.min(), self.y_pred.min()))
        high = float(max(self.y_true.max(), self.y_pred.max()))
        rows = f"{len(self.y_true)} rows"
        pair[0].plot([low, high], [low, high], color=BLACK, linewidth=1, label="perfect")
        _points(pair[0], self.y_pred, self.y_true, rows)
        pair[0].legend(loc="upper left")
        finish(pair[0], f"predicted {self.name}{unit}", f"actual {self.name}{unit}")
        pair[0].set_title("Actual against predicted")
        pair[1].axhline(0.0, color=BLACK, linewidth=1)
        _points(pair[1], self.y_pred, self.y_true - self.y_pred, rows)
        finish(pair[1], f"predicted {self.name}{unit}", f"actual - predicted{unit}", "Residuals")
        self.axes_, self.figure_ = pair, pair[0].figure
        return self


@public
def plot_prediction(model: Any, X: Any, y: ArrayLike, ax: Any = None, *, output: int = 0) -> Any:
    """Draws actual against predicted values, and residuals.

    Parameters
    ----------
    model : fitted estimator
    X : array_like or DataFrame
    y : array_like of shape (rows,) or (rows, outputs)
    ax : pair of matplotlib.axes.Axes, optional
    output : int, default 0
        Which of several targets.

    Returns
    -------
    ndarray of matplotlib.axes.Axes, shape (2,)
    """
    return PredictionDisplay.from_estimator(model, X, y, output=output, ax=ax).axes_


def target_of(model: Any, y: Any, output: int) -> tuple[str, str]:
    """Name and unit of a target, as far as anyone noted them."""
    about = getattr(model, "about_", {})
    names: Sequence[Any] = about.get("target") or getattr(model, "target_names_", None) or []
    if not len(names) and isinstance(y, pd.DataFrame):
        names = list(y.columns)
    if not len(names) and isinstance(y, pd.Series) and y.name is not None:
        names = [y.name]
    return (str(names[output]) if output < len(names) else "target"), str(about.get("unit", ""))


def _points(ax: Any, x: Array, y: Array, label: str) -> None:
    """A cloud; many points are small and see-through, and one picture inside a vector file."""
    many = len(x) > 2000
    ax.plot(x, y, "o", color=BLUE, label=label, rasterized=many,
            markersize=2 if many else 4, alpha=0.3 if many else 0.6, markeredgewidth=0)  # fmt: skip
