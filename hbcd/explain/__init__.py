"""What a fitted model makes of its columns: curves, importance, shares of the variance.

Every function takes a fitted model and rows of a table, asks the model about many changed copies
of them in large batches, and returns an object of arrays with a `to_frame`.
"""

from hbcd.explain.accumulated import AccumulatedEffects, accumulated_effects
from hbcd.explain.correlated import correlated_groups
from hbcd.explain.partial import PartialDependence, partial_dependence
from hbcd.explain.permutation import PermutationImportance, permutation_importance
from hbcd.explain.sobol import SobolIndices, sobol_indices

__all__ = [
    "AccumulatedEffects",
    "PartialDependence",
    "PermutationImportance",
    "SobolIndices",
    "accumulated_effects",
    "correlated_groups",
    "partial_dependence",
    "permutation_importance",
    "sobol_indices",
]
