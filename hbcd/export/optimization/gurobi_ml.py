"""What gurobi-machinelearning is told, so that it takes a model like its own."""

from __future__ import annotations

import importlib
from typing import Any

from hbcd.estimators.classifier import HybridClassifier
from hbcd.estimators.regressor import HybridRegressor
from hbcd.export.packages import needed

__all__ = ["register_gurobi_predictors"]


def register_gurobi_predictors() -> None:
    """Lets ``gurobi_ml.add_predictor_constr`` take `HybridRegressor` and `HybridClassifier`.

    Steps of scikit-learn's pipelines may stand before them.  Each row of the variables becomes one
    `to_gurobi`; outputs of a classifier are the probabilities of its classes.  ``relu="sos"`` of
    ``add_predictor_constr`` is that of `to_gurobi`.

    Raises
    ------
    ImportError
        ``gurobi-machinelearning`` is not installed.
    """
    register = needed("gurobi_ml.register_user_predictor", "gurobi").register_predictor_constr
    constraint: Any = importlib.import_module(
        "hbcd.export.optimization.gurobi_predictor"
    ).HbcdConstr
    for kind in (HybridRegressor, HybridClassifier):
        register(kind, constraint)
