"""The pictures that `hbcd fit --out` writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hbcd import plots
from hbcd.cli.explanations import Explanations
from hbcd.cli.prepared import Prepared
from hbcd.cli.report.members import plot_members
from hbcd.cli.report.svg import Picture, Pictures
from hbcd.cli.report.use_of_columns import draw_use
from hbcd.estimators.classifier import HybridClassifier
from hbcd.tables.encoded import EncodedTable

__all__ = ["draw"]

MAX_FEATURES = 12  # pictures of the error by feature


class _Known:
    """A fitted model that predicts the rows to test on from their features, encoded once."""

    def __init__(self, model: Any, rows: EncodedTable) -> None:
        self._model, self._rows = model, rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def predict(self, X: Any) -> Any:
        """Predictions of the rows to test on, which `X` are."""
        return self._model.predict(self._rows)

    def predict_interval(self, X: Any, confidence_level: float) -> Any:
        """Their intervals."""
        return self._model.predict_interval(self._rows, confidence_level)

    def predict_proba(self, X: Any) -> Any:
        """Their probabilities."""
        return self._model.predict_proba(self._rows)


def draw(model: Any, prepared: Prepared, use: Explanations) -> list[Picture]:
    """Pictures of a fit and of rows to test on: (name of the file, what it shows, SVG).

    Raises
    ------
    ImportError
        matplotlib is not installed.
    """
    table, test = prepared.table, prepared.parts[1]
    X, y, targets = table.features.iloc[test], table.y[test], table.targets
    known = _Known(model, prepared.rows.rows(test))
    pictures = Pictures()
    axes = pictures.axes

    def optional(plot: Callable[..., Any], name: str, text: str) -> None:
        """A picture of what not every strategy has."""
        try:
            plot(model, axes(name, text))
        except ValueError:
            pictures.drop()

    optional(plots.plot_history, "history", "Loss during training")
    optional(plot_members, "members", "Members tried: loss of rows left out against the penalty")
    optional(plots.plot_growth, "growth", "Neurons while the network grew")
    if isinstance(model, HybridClassifier):
        text = f"{targets[0]}, rows to test on: actual and predicted classes"
        plots.plot_confusion(known, X, y, axes("confusion", text))
        text = f"{targets[0]}, rows to test on: probabilities"
        plots.plot_probabilities(known, X, y, axes("probabilities", text))
    else:
        for k, target in enumerate(targets):
            pair = [
                axes(f"prediction_{k + 1}", f"{target}, rows to test on: actual against predicted"),
                axes(f"residuals_{k + 1}", f"{target}, rows to test on: residuals"),
            ]
            plots.plot_prediction(known, X, y, pair, output=k)
            text = f"{target}, rows to test on: intervals of 90 %"
            try:
                plots.plot_intervals(known, X, y, axes(f"intervals_{k + 1}", text), output=k)
            except ValueError:  # ranks keep no rows
                pictures.drop()
    optional(plots.plot_layer_selection, "layer_selection", "Which layers were trained")
    optional(plots.plot_sensitivity, "sensitivity", "Sensitivity of the layers when chosen")
    shown = list(X.columns[:MAX_FEATURES])
    kind = "Share misclassified" if isinstance(model, HybridClassifier) else "Mean absolute error"
    text = kind + " of {} by {}, rows to test on"
    names = [f"error_by_feature_{k + 1}" for k in range(len(shown))]
    each = [axes(n, text.format(targets[0], f)) for n, f in zip(names, shown, strict=True)]
    plots.plot_error_by_feature(known, X, y, each, features=shown)
    draw_use(use, axes)
    return pictures.drawn()
