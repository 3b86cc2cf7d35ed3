"""`to_casadi`: a model as a CasADi function of its own operations, so that all derivatives work."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.algebra import Functions, activated, predictions
from hbcd.export.evaluation import jacobian_of
from hbcd.export.form import ModelForm, model_form
from hbcd.export.inputs import feature_columns
from hbcd.export.packages import needed
from hbcd.export.record import ExportRecord
from hbcd.export.rounding import Arithmetic
from hbcd.export.self_check import agreement, record_of
from hbcd.networks.affine_layers import AffinePart
from hbcd.utils.public import public

__all__ = ["to_casadi"]

Array = NDArray[Any]
SCALARS = 20_000  # weights up to which operations on numbers are faster than those on matrices
SLOPE_POINTS = 64


@public
def to_casadi(model: Any, *, name: str = "model", return_record: bool = False) -> Any:
    """A CasADi `Function` of a model: ``y = f(x)``, of features (n, 1) to outputs (m, 1), in units.

    It is made of CasADi's own operations: Jacobians, Hessians and code generation work as for any
    expression.  It needs the package ``casadi``: the extra `casadi`.  Inputs are the features that
    `encode` gives; for a table of numbers these are its columns.  Outputs of a classifier are the
    probabilities of its classes.  Predictions are kept within `output_range_`.

    The function is evaluated at 4096 points of the box of the training rows and at the corners of
    the box before it is given, and its Jacobian at some of them.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier
        Fitted.
    name : str, default "model"
        Of the function.
    return_record : bool, default False
        Whether what was measured and proven comes, too.

    Returns
    -------
    function : casadi.Function
    record : ExportRecord
        With `return_record`.

    Raises
    ------
    ImportError
        ``casadi`` is not installed.
    ValueError
        A custom layer, activation or loss; a function that does not agree with the model.
    NotFittedError
        Before `fit`.
    """
    casadi = needed("casadi", "casadi")
    form = model_form(model)
    form = replace(form, columns=feature_columns(form.columns, form.features))
    x = casadi.MX.sym("x", form.n_features)
    a = (x - casadi.DM(form.shift)) * casadi.DM(form.factor)
    functions = _functions(casadi)
    for layer in form.layers:
        a = casadi.vertcat(*(_part(casadi, functions, part, a) for part in layer.parts))
    y = _predictions(casadi, functions, form, a)
    function = casadi.Function(name, [x], [y], ["x"], ["y"])
    if sum(part.weights.size for layer in form.layers for part in layer.parts) <= SCALARS:
        function = function.expand()
    record = _checked(form, function)
    return (function, record) if return_record else function


def _functions(casadi: Any) -> Functions:
    def relu(z: Any, leak: float) -> Any:
        above = casadi.fmax(z, 0)
        return above + leak * casadi.fmin(z, 0) if leak else above

    return Functions(
        casadi.exp,
        casadi.tanh,
        relu=relu,
        log1p=casadi.log1p,
        expm1=casadi.expm1,
        greatest=lambda values: reduce(casadi.fmax, values),
    )


def _part(casadi: Any, functions: Functions, part: AffinePart, a: Any) -> Any:
    inputs = a[part.inputs.start : part.inputs.stop]
    z = casadi.mtimes(casadi.DM(np.ascontiguousarray(part.weights.T)), inputs)
    return activated(functions, part, z + casadi.DM(part.bias))


def _predictions(casadi: Any, functions: Functions, form: ModelForm, a: Any) -> Any:
    out = [a[k] for k in range(form.widths[-1])]
    y = casadi.vertcat(*predictions(functions, form, out))
    if form.ends is not None:
        y = casadi.fmin(casadi.fmax(y, casadi.DM(form.ends[0])), casadi.DM(form.ends[1]))
    return y


def _checked(form: ModelForm, function: Any) -> ExportRecord:
    arithmetic = Arithmetic(np.dtype(np.float64), 16.0)
    agreed = agreement(form, arithmetic)
    found = np.array(function(agreed.points.T)).T
    record = record_of(form, agreed, found, arithmetic, "casadi", [])
    points = agreed.points[:SLOPE_POINTS]
    wanted = jacobian_of(form, points)
    slopes = function.factory("slopes", ["x"], ["jac:y:x"])
    made = np.array([np.array(slopes(point)) for point in points])
    most = np.abs(made - wanted).max(axis=(0, 2))
    if not (most <= 1e-8 * np.abs(wanted).max(axis=(0, 2)) + 1e-300).all():
        raise ValueError(f"casadi: has slopes that differ by {most.max():.3g}")
    return replace(record, measured_jacobian=[float(one) for one in most])
