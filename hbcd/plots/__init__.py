"""Pictures of a fit: its history, its predictions, where it errs, and what it makes of columns.

Every function returns matplotlib axes; the extra ``plot`` brings matplotlib, which is imported
when the first picture is drawn.  Without it each raises an ImportError that says so.
"""

from hbcd.plots.classes import plot_confusion, plot_probabilities
from hbcd.plots.effects import plot_accumulated_effects, plot_partial_dependence
from hbcd.plots.errors import PredictionDisplay, plot_prediction
from hbcd.plots.features import plot_error_by_feature
from hbcd.plots.growth import plot_growth
from hbcd.plots.importance import plot_importance, plot_sobol
from hbcd.plots.intervals import plot_intervals
from hbcd.plots.training import plot_history, plot_layer_selection, plot_sensitivity

__all__ = [
    "PredictionDisplay",
    "plot_accumulated_effects",
    "plot_confusion",
    "plot_error_by_feature",
    "plot_growth",
    "plot_history",
    "plot_importance",
    "plot_intervals",
    "plot_layer_selection",
    "plot_partial_dependence",
    "plot_prediction",
    "plot_probabilities",
    "plot_sensitivity",
    "plot_sobol",
]
