"""`to_idaes`: a model as a surrogate object of IDAES."""

from __future__ import annotations

import importlib
from typing import Any

from hbcd.export.packages import needed
from hbcd.utils.public import public

__all__ = ["to_idaes"]


@public
def to_idaes(
    model: Any,
    *,
    formulation: str = "full_space",
    input_labels: list[str] | None = None,
    output_labels: list[str] | None = None,
    input_bounds: dict[str, tuple[float, float]] | None = None,
) -> Any:
    """A surrogate object for the ``build_model`` of a ``SurrogateBlock`` of IDAES.

    It needs the package ``idaes-pse``: the extra `idaes`.  The object has the methods of any
    surrogate of IDAES: ``populate_block``, ``evaluate_surrogate``, ``input_labels``,
    ``input_bounds``, ``save_to_file``, and its class ``load_from_file``.  Inputs are the features
    that `encode` gives, in units; outputs of a classifier are the probabilities of its classes.
    `output_range_` is left out of both the block and ``evaluate_surrogate``.

    The equations come from `to_pyomo` and are checked as there; ``record`` of the object is that of
    the last block that was populated, and of a trial before there is one.  The option
    ``formulation=`` of ``build_model`` is taken in place of the object's own.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier
        Fitted.
    formulation : {"full_space", "reduced_space", "relu_bigm", "relu_sos"}
        See `to_pyomo`.
    input_labels, output_labels : list of str, optional
        In place of the model's own names, in their order.
    input_bounds : dict of str to (float, float), optional
        In place of the ranges of the training rows, by label.

    Returns
    -------
    hbcd.export.optimization.idaes_surrogate.HbcdSurrogate
        A ``SurrogateBase`` of IDAES.

    Raises
    ------
    ImportError
        ``idaes-pse`` is not installed.
    ValueError
        Labels or bounds that do not fit the model, and all that `to_pyomo` refuses.
    NotFittedError
        Before `fit`.
    """
    blocks = needed("idaes.core.surrogate.surrogate_block", "idaes")
    kind: Any = importlib.import_module("hbcd.export.optimization.idaes_surrogate").HbcdSurrogate
    surrogate = kind(model, formulation, input_labels, output_labels, input_bounds)
    trial = needed("pyomo.environ", "idaes").ConcreteModel()
    trial.plant = blocks.SurrogateBlock()
    trial.plant.build_model(surrogate)
    return surrogate
