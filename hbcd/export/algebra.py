"""A model as operations on scalars, for any tool that has some elementary functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hbcd.estimators.targets.power_transform import LEAST, LOG, YEO_JOHNSON
from hbcd.export.form import ModelForm
from hbcd.networks.affine_layers import AffinePart

__all__ = ["NUMPY", "Functions", "activated", "entering", "predictions"]

Function = Callable[[Any], Any]


def _bent(z: Any, leak: float) -> Any:
    return 0.5 * ((1.0 + leak) * z + (1.0 - leak) * abs(z))


@dataclass(frozen=True)
class Functions:
    """Elementary functions of expressions of a tool; None where the tool has none.

    Attributes
    ----------
    exp : callable
    tanh : callable
    logistic : callable or None
        ``1 / (1 + exp(-z))``; from `tanh` where it is None.
    relu : callable
        ``relu(z, leak)``: z, or leak z where z is below 0.
    log1p, expm1 : callable or None
        From `log` and `exp` where they are None.
    log : callable or None
    greatest : callable or None
        The largest of some expressions, which keeps the powers of a softmax finite.
    """

    exp: Function
    tanh: Function
    logistic: Function | None = None
    relu: Callable[[Any, float], Any] = _bent
    log: Function | None = None
    log1p: Function | None = None
    expm1: Function | None = None
    greatest: Callable[[list[Any]], Any] | None = None

    def sigmoid(self, z: Any) -> Any:
        """``1 / (1 + exp(-z))``; as a tanh it cannot overflow."""
        return 0.5 * (1.0 + self.tanh(0.5 * z)) if self.logistic is None else self.logistic(z)

    def grown(self, size: Any, power: float) -> Any:
        """``(1 + power size) ** (1 / power) - 1`` for a size of at least 0."""
        expm1 = self.expm1 or (lambda z: self.exp(z) - 1.0)
        if power <= 1e-8:  # the limit: (1 + power size) would have lost the size
            return expm1(size)
        assert self.log1p is not None or self.log is not None
        log1p = self.log1p or (lambda z: self.log(1.0 + z))  # type: ignore[misc]
        return expm1(log1p(power * size) / power)


def _numpy_bent(z: Any, leak: float) -> Any:
    return np.where(z > 0, z, leak * z)


def _numpy_greatest(values: list[Any]) -> Any:
    return np.max(values, axis=0)


NUMPY = Functions(np.exp, np.tanh, relu=_numpy_bent, log=np.log, log1p=np.log1p,
                  expm1=np.expm1, greatest=_numpy_greatest)  # fmt: skip


def entering(part: AffinePart, values: Sequence[Any]) -> list[Any]:
    """What enters the activations of a part, from the values of the layer before."""
    own = values[part.inputs]
    found = []
    for weights, bias in zip(part.weights.T.tolist(), part.bias.tolist(), strict=True):
        pairs = zip(weights, own, strict=True)
        found.append(sum((w * v for w, v in pairs if w != 0.0), start=bias))
    return found


def activated(functions: Functions, part: AffinePart, z: Any) -> Any:
    """What leaves an activation."""
    if part.activation == "tanh":
        return functions.tanh(z)
    if part.activation == "sigmoid":
        return functions.sigmoid(z)
    if part.activation in ("relu", "leaky_relu"):
        return functions.relu(z, part.leak if part.activation == "leaky_relu" else 0.0)
    return z


def predictions(functions: Functions, form: ModelForm, out: list[Any]) -> list[Any]:
    """Predictions in units, from the outputs of the network; without the range they are kept in."""
    if form.link == "softmax":
        return _softmax(functions, out)
    if form.link == "logistic":
        if form.classes is not None:
            out = [-out[0], out[0]]
        out = [functions.sigmoid(one) for one in out]
    if form.classes is not None:
        return out
    if form.link == "exp":
        out = [functions.exp(one) for one in out]
    pairs = zip(out, form.scale.tolist(), form.mean.tolist(), strict=True)
    found = [one * scale + mean for one, scale, mean in pairs]
    if form.transform is None:
        return found
    return [_back(functions, form, one, k) for k, one in enumerate(found)]


def _softmax(functions: Functions, out: list[Any]) -> list[Any]:
    if functions.greatest is None:
        return [1.0 / sum(functions.exp(other - one) for other in out) for one in out]
    largest = functions.greatest(out)
    powers = [functions.exp(one - largest) for one in out]
    total = sum(powers[1:], start=powers[0])
    return [power / total for power in powers]


def _back(functions: Functions, form: ModelForm, z: Any, k: int) -> Any:
    """From what was learned in place of a target to the target itself."""
    transform = form.transform
    assert transform is not None
    column = transform.columns[k]
    if column.name == LOG:
        return functions.exp(z + float(transform.log_factors[k]))
    if column.name != YEO_JOHNSON:
        return z
    residuals, shares = np.zeros(1), np.ones(1)
    if transform.residuals is not None and transform.shares is not None:
        residuals, shares = transform.residuals[:, k], transform.shares[:, k]
    up, down = max(column.power, LEAST), max(2.0 - column.power, LEAST)
    terms = []
    for residual, share in zip(residuals.tolist(), shares.tolist(), strict=True):
        v = z + residual
        above = functions.grown(functions.relu(v, 0.0), up)  # either is 0 on the side of the other
        below = functions.grown(functions.relu(-v, 0.0), down)
        terms.append(share * (above - below))
    return column.center + column.scale * sum(terms)
