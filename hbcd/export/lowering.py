"""The same function in fewer kinds of parts: scalers in the weights, one activation for a layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.form import ModelForm
from hbcd.networks.affine_layers import AffineLayer, AffinePart

__all__ = ["activations_of", "both", "dense", "folded", "plain_form", "with_one_activation"]

Array = NDArray[Any]


def dense(weights: Array, bias: Array, activation: str = "identity") -> AffineLayer:
    """A layer of one part."""
    n_in, n_out = weights.shape
    part = AffinePart(slice(0, n_in), slice(0, n_out), weights, bias, activation)
    return AffineLayer(n_in, n_out, (part,))


def both(layer: AffineLayer) -> AffineLayer:
    """A layer of one output as one of two, of which the first has the opposite sign."""
    part = layer.parts[0]
    signs = np.array([-1.0, 1.0])
    return dense(part.weights * signs, part.bias * signs)


def plain_form(
    form: ModelForm, where: str, links: tuple[str, ...]
) -> tuple[ModelForm, dict[int, Array], list[str]]:
    """A form of products and activations alone, what folding loses, and what is left out.

    Parameters
    ----------
    form : ModelForm
    where : str
        What an error begins with.
    links : tuple of str
        Those that there are.

    Raises
    ------
    ValueError
        What has no place in such a form.
    """
    if form.transform is not None:
        names = ", ".join(sorted(set(form.transform.names)))
        raise ValueError(
            f"{where}: has no place for target_transform={names}; target_transform=None "
            "trains without it"
        )
    if form.link not in links:
        raise ValueError(
            f"{where}: has no {form.link}, which predictions of {form.model.network_.loss!r} are "
            "made with"
        )
    left_out = []
    if form.ends is not None:
        ends = ", ".join(f"{low:.6g} to {high:.6g}" for low, high in form.ends.T)
        left_out = [f"output_range_ ({ends}), which the model keeps predictions within"]
    form = replace(with_one_activation(form), ends=None)
    last = form.layers[-1].parts[0]
    if last.activation != "identity":
        n = len(last.bias)
        form = replace(form, layers=(*form.layers, dense(np.eye(n), np.zeros(n))))
    return *folded(form), left_out


def activations_of(layer: AffineLayer) -> tuple[list[str], Array]:
    """Of every output of a layer the activation and the leak."""
    names: list[str] = []
    leaks: list[float] = []
    for part in layer.parts:
        names += [part.activation] * len(part.bias)
        leaks += [part.leak] * len(part.bias)
    return names, np.array(leaks)


def folded(form: ModelForm) -> tuple[ModelForm, dict[int, Array]]:
    """A form whose inputs and outputs are in their units, without scalers.

    Every layer is one dense matrix or has one part; the last one's activation must be the identity.

    Returns
    -------
    form : ModelForm
    slack : dict of int to ndarray
        How far the biases of the first and the last layer can be from those that they stand for:
        what folding loses, about ``u |W mean / scale|``.
    """
    unit = float(np.finfo(np.float64).eps) / 2.0
    layers = [_as_dense(layer) for layer in form.layers]
    slack: dict[int, Array] = {}
    first = layers[0].parts[0]
    moved = form.shift * form.factor
    weights = first.weights * form.factor[:, np.newaxis]
    bias = first.bias - moved @ first.weights
    layers[0] = dense(weights, bias, first.activation)
    lost = (len(moved) + 6.0) * unit * (np.abs(first.bias) + np.abs(moved) @ np.abs(first.weights))
    slack[0] = lost
    if form.classes is None:
        last = layers[-1].parts[0]
        layers[-1] = dense(last.weights * form.scale, last.bias * form.scale + form.mean)
        own = 4.0 * unit * (np.abs(last.bias * form.scale) + np.abs(form.mean))
        before = slack.get(len(layers) - 1)
        slack[len(layers) - 1] = own if before is None else own + before * form.scale
    n, m = form.n_features, len(form.scale)
    plain = replace(form, layers=tuple(layers), shift=np.zeros(n), factor=np.ones(n),
                    scale=np.ones(m), mean=np.zeros(m))  # fmt: skip
    return plain, slack


def _as_dense(layer: AffineLayer) -> AffineLayer:
    names = {part.activation for part in layer.parts}
    if len(names) != 1 or "leaky_relu" in names:
        raise ValueError("layers: must have one activation each")
    weights, bias = layer.matrix()
    return dense(weights, bias, names.pop())


def with_one_activation(form: ModelForm) -> ModelForm:
    """A form whose layers have one activation each, of identity, relu, tanh and sigmoid.

    A leaky ReLU, or an identity beside a ReLU, is exactly ``relu(z) - leak relu(-z)``: two neurons
    in place of one.  A sigmoid beside a tanh is ``(1 + tanh(z / 2)) / 2``.

    Raises
    ------
    ValueError
        A layer with activations that cannot be one, such as identity and tanh.
    """
    layers: list[AffineLayer] = []
    back: tuple[Array, Array] | None = None  # what the next layer's inputs are of the last values
    for k, layer in enumerate(form.layers):
        weights, bias = layer.matrix()
        if back is not None:
            weights, bias = back[0] @ weights, bias + back[1] @ weights
        names, leaks = activations_of(layer)
        made, back = _one_activation(k, weights, bias, names, leaks)
        layers.append(made)
    if back is not None:
        layers.append(dense(*back))
    return replace(form, layers=tuple(layers))


def _one_activation(
    k: int, weights: Array, bias: Array, names: list[str], leaks: Array
) -> tuple[AffineLayer, tuple[Array, Array] | None]:
    """A layer, and the matrix and the offset from its values to those that were meant."""
    kinds = set(names)
    n = len(names)
    if kinds <= {"relu", "leaky_relu", "identity"}:
        if len(kinds) == 1 and "leaky_relu" not in kinds:
            return dense(weights, bias, names[0]), None
        twice = np.array([name != "relu" for name in names])
        slopes = np.where([name == "identity" for name in names], 1.0, leaks)
        columns = np.concatenate([np.arange(n), np.flatnonzero(twice)])
        signs = np.concatenate([np.ones(n), -np.ones(int(twice.sum()))])
        matrix = np.zeros((len(columns), n))
        matrix[np.arange(n), np.arange(n)] = 1.0
        matrix[np.arange(n, len(columns)), columns[n:]] = -slopes[twice]
        made = dense(weights[:, columns] * signs, bias[columns] * signs, "relu")
        return made, (matrix, np.zeros(n))
    if kinds == {"tanh", "sigmoid"}:
        half = np.where([name == "sigmoid" for name in names], 0.5, 1.0)
        made = dense(weights * half, bias * half, "tanh")
        return made, (np.diag(half), 1.0 - half)
    if len(kinds) == 1:
        return dense(weights, bias, names[0]), None
    listed = " and ".join(sorted(kinds))
    raise ValueError(
        f"layers[{k + 1}]: has {listed} side by side, must have one activation for this target; "
        "members=1 trains such a network, as a rule encoding=None does, and other targets take "
        "this one"
    )
