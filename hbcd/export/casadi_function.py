"""`to_casadi`: a model as a CasADi function of its own operations, so that all derivatives work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.power_transform import LEAST, LOG, YEO_JOHNSON
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
    for layer in form.layers:
        a = casadi.vertcat(*(_part(casadi, part, a) for part in layer.parts))
    function = casadi.Function(name, [x], [_predictions(casadi, form, a)], ["x"], ["y"])
    if sum(part.weights.size for layer in form.layers for part in layer.parts) <= SCALARS:
        function = function.expand()
    record = _checked(form, function)
    return (function, record) if return_record else function


def _part(casadi: Any, part: AffinePart, a: Any) -> Any:
    inputs = a[part.inputs.start : part.inputs.stop]
    z = casadi.mtimes(casadi.DM(np.ascontiguousarray(part.weights.T)), inputs)
    z = z + casadi.DM(part.bias)
    if part.activation == "tanh":
        return casadi.tanh(z)
    if part.activation == "sigmoid":
        return _logistic(casadi, z)
    if part.activation == "relu":
        return casadi.fmax(z, 0)
    if part.activation == "leaky_relu":
        return casadi.fmax(z, 0) + part.leak * casadi.fmin(z, 0)
    return z


def _logistic(casadi: Any, z: Any) -> Any:
    """``1 / (1 + exp(-z))`` as a tanh, which cannot overflow."""
    return 0.5 * (1 + casadi.tanh(0.5 * z))


def _predictions(casadi: Any, form: ModelForm, a: Any) -> Any:
    if form.link == "softmax":
        largest = a[0]
        for k in range(1, len(form.outputs)):
            largest = casadi.fmax(largest, a[k])
        powers = casadi.exp(a - largest)
        return powers / casadi.sum1(powers)
    if form.link == "logistic":
        a = _logistic(casadi, casadi.vertcat(-a, a) if form.classes else a)
    if form.classes is not None:
        return a
    y = casadi.exp(a) if form.link == "exp" else a
    y = y * casadi.DM(form.scale) + casadi.DM(form.mean)
    if form.transform is not None:
        y = casadi.vertcat(*(_back(casadi, form, y[k], k) for k in range(len(form.outputs))))
    if form.ends is not None:
        y = casadi.fmin(casadi.fmax(y, casadi.DM(form.ends[0])), casadi.DM(form.ends[1]))
    return y


def _back(casadi: Any, form: ModelForm, z: Any, k: int) -> Any:
    """From what was learned in place of a target to the target itself."""
    transform = form.transform
    assert transform is not None
    column = transform.columns[k]
    if column.name == LOG:
        return casadi.exp(z + float(transform.log_factors[k]))
    if column.name != YEO_JOHNSON:
        return z
    residuals, shares = np.zeros(1), np.ones(1)
    if transform.residuals is not None and transform.shares is not None:
        residuals, shares = transform.residuals[:, k], transform.shares[:, k]
    up, down = max(column.power, LEAST), max(2.0 - column.power, LEAST)
    total = 0
    for residual, share in zip(residuals.tolist(), shares.tolist(), strict=True):
        v = z + residual
        power = casadi.if_else(v < 0, down, up)
        size = casadi.expm1(casadi.log1p(power * casadi.fabs(v)) / power)
        total = total + share * casadi.if_else(v < 0, -size, size)
    return column.center + column.scale * total


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
