"""Pictures of a fit: its history, its predictions, which layers it chose, and where it errs.

Every function returns matplotlib axes; the extra ``plot`` brings matplotlib, which is imported
when the first picture is drawn.  Without it each raises an ImportError that says so.
"""

from hbcd.plots.classes import plot_confusion, plot_probabilities
from hbcd.plots.errors import PredictionDisplay, plot_prediction
from hbcd.plots.features import plot_error_by_feature
from hbcd.plots.growth import plot_growth
from hbcd.plots.training import plot_history, plot_layer_selection, plot_sensitivity

__all__ = [
    "PredictionDisplay",
    "plot_confusion",
    "plot_error_by_feature",
    "plot_growth",
    "plot_history",
    "plot_layer_selection",
    "plot_prediction",
    "plot_probabilities",
    "plot_sensitivity",
]
