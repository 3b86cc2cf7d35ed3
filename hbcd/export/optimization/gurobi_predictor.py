"""A model as a predictor of gurobi-machinelearning; importing this file imports that package."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.form import solver_form
from hbcd.export.optimization.gurobi_model import to_gurobi
from hbcd.export.packages import needed
from hbcd.export.record import ExportRecord
from hbcd.export.self_check import reference

__all__ = ["HbcdConstr"]

BASE: Any = needed("gurobi_ml.modeling.base_predictor_constr", "gurobi").AbstractPredictorConstr


class HbcdConstr(BASE):  # type: ignore[misc]
    """What ``gurobi_ml.add_predictor_constr`` gives for a model: see `to_gurobi`.

    Parameters
    ----------
    gp_model : gurobipy.Model
    predictor : HybridRegressor or HybridClassifier
        Fitted.
    input_vars : variables of shape (features,) or (rows, features)
    output_vars : variables of shape (outputs,) or (rows, outputs), optional
    relu : {"bigm", "sos"}
    **kwargs
        What any predictor of that package takes.

    Attributes
    ----------
    records : list of ExportRecord
        One for each row.
    """

    def __init__(
        self,
        gp_model: Any,
        predictor: Any,
        input_vars: Any,
        output_vars: Any = None,
        *,
        relu: str = "bigm",
        **kwargs: Any,
    ) -> None:
        self._default_name = "hbcd"
        self.predictor = predictor
        self.records: list[ExportRecord] = []
        self._form = solver_form(predictor)[0]
        self._relu = relu
        self._input_shape = self._form.n_features
        self._output_shape = len(self._form.outputs)
        super().__init__(gp_model, input_vars, output_vars, **kwargs)

    def _mip_model(self, **_: Any) -> None:
        """Adds the model once for each row."""
        self.records = [
            to_gurobi(
                self.predictor,
                self.gp_model,
                inputs=self.input[k],
                outputs=self.output[k],
                relu=self._relu,
                name=f"hbcd{k}",
            ).record
            for k in range(self.input.shape[0])
        ]

    def get_error(self, eps: float | None = None) -> NDArray[Any]:
        """How far the outputs of a solution are from the model's predictions of its inputs.

        Parameters
        ----------
        eps : float, optional
            An error beyond it is told as a warning.

        Returns
        -------
        ndarray of shape (rows, outputs)
        """
        if not self._has_solution:
            raise needed("gurobi_ml.exceptions", "gurobi").NoSolutionError
        points = np.asarray(self.input_values, np.float64)
        values = np.asarray(self.output_values, np.float64)
        found: NDArray[Any] = np.abs(reference(self._form, points, ends=False) - values)
        if eps is not None and found.max() > eps:
            warnings.warn(
                f"the outputs of the solution differ from the model by {found.max():.3g}",
                stacklevel=2,
            )
        return found
