"""The network of an estimator: layers as given, or of widths given or found by a rule."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hbcd.estimators.parameters import EstimatorParameters
from hbcd.estimators.targets.target import Target
from hbcd.networks.monotone import monotone_layers
from hbcd.parts.layers import HiddenLayer, InputLayer, Layer, OutputLayer
from hbcd.parts.structured_layers import BlockDiagonalLayer, SmoothPieces
from hbcd.training import registry
from hbcd.training.network import Network
from hbcd.utils.validation import check_integer

__all__ = ["auto_widths", "first_network", "grows", "hidden_widths", "network_of"]

REGRESSION, CLASSES = 20, 40  # least widths: a border between classes bends more than a surface
MOST = 100
GROW = "grow"
GROWN_LAYERS, FIRST_NEURONS = 1, 1  # hidden layers, and the neurons of each where growth begins
ROWS_PER_PARAMETER = 10  # with so many rows a second layer finds more than it imagines


def auto_widths(rows: int, n_inputs: int, n_outputs: int, *, classes: bool) -> tuple[int, ...]:
    """What "auto" stands for: layers twice the geometric mean of inputs and outputs wide.

    At least 20 wide, or 40 where the outputs tell classes, and at most 100.  One layer, or two
    where there are ten rows for every parameter that the network has then.  bench/README.md
    ("Tables of scikit-learn") has what this was chosen from.
    """
    least = CLASSES if classes else REGRESSION
    width = min(max(round(2.0 * math.sqrt(n_inputs * n_outputs)), least), MOST)
    parameters = (n_inputs + 1) * width + (width + 1) * width + (width + 1) * n_outputs
    return (width,) if rows < ROWS_PER_PARAMETER * parameters else (width, width)


def hidden_widths(
    value: Any, rows: int, n_inputs: int, n_outputs: int, *, classes: bool
) -> tuple[int, ...]:
    """Checked widths of hidden layers, from "auto", "grow", one width or a sequence of them."""
    if isinstance(value, str) and value in ("auto", GROW):
        found = auto_widths(rows, n_inputs, n_outputs, classes=classes)
        return found if value == "auto" else found[:1] * GROWN_LAYERS
    try:
        widths = value if isinstance(value, Iterable) else (value,)
        return tuple(int(width) for width in widths if check_integer("width", width, 1))
    except TypeError:
        raise TypeError(
            f"hidden_layer_sizes={value!r}: must be 'auto', 'grow', an integer or a sequence of "
            "integers"
        ) from None
    except ValueError as error:
        raise ValueError(f"hidden_layer_sizes={value!r}: {error}") from None


def network_of(
    model: EstimatorParameters,
    n_inputs: int,
    target: Target,
    alpha: float,
    *,
    resumes: bool,
    signs: tuple[int, ...] | None = None,
) -> Network:
    """The network that an estimator's parameters describe, for a target and a penalty.

    Where training goes on, widths found by a rule are those of the first fit.  `signs` of the
    inputs bound the weights.
    """
    n_outputs = target.values.shape[1]
    layers: list[Layer]
    if resumes and model.layers is None and _of_parts(model.network_):
        layers = model.network_.layers[1:]
    elif model.layers is not None:
        layers = _given_layers(model, n_outputs)
    else:
        given = model.hidden_layer_sizes
        if resumes and isinstance(given, str):
            given = model.hidden_layer_sizes_
        classes = model._estimator_type == "classifier"
        rows = target.values.shape[0]
        widths = hidden_widths(given, rows, n_inputs, n_outputs, classes=classes)
        if signs is not None and len(widths) == 1 and isinstance(given, str):
            widths *= 2  # one layer of bounded weights is a sum of ridges, which is not enough
        activations = registry.activations(model.activation, len(widths))
        layers = [HiddenLayer(w, a) for w, a in zip(widths, activations, strict=True)]
        layers.append(OutputLayer(n_outputs))
        layers = layers if signs is None else monotone_layers(layers, signs)
    try:
        return Network([InputLayer(n_inputs), *layers], target.loss, alpha=alpha)
    except (TypeError, ValueError) as error:
        raise type(error)(_as_given(str(error))) from None


def first_network(model: EstimatorParameters, network: Network, *, goes_on: bool) -> Network:
    """The network that training begins with: of one that grows, the smallest with its layers.

    goes_on : nothing grows, since `partial_fit` trains it or an earlier fit has.
    """
    if not grows(model) or goes_on:
        return network
    first, *hidden, output = network.layers
    small = [replace(layer, n_neurons=FIRST_NEURONS) for layer in hidden]
    return Network([first, *small, output], network.loss, alpha=network.alpha)


def grows(model: EstimatorParameters) -> bool:
    """Whether the estimator leaves the number of neurons to `Grow`."""
    given = model.hidden_layer_sizes
    return model.layers is None and isinstance(given, str) and given == GROW


def _as_given(message: str) -> str:
    """An error of a network, which counts the input layer, with the place in ``layers=``."""
    return re.sub(r"^layers\[(\d+)\]", lambda match: f"layers[{int(match[1]) - 1}]", message)


def _of_parts(network: Network) -> bool:
    """Whether a network is one that members were made into: training goes on with its layers."""
    return any(isinstance(layer, (BlockDiagonalLayer, SmoothPieces)) for layer in network.layers)


def _given_layers(model: EstimatorParameters, n_outputs: int) -> list[Layer]:
    """The layers after the input from ``layers=``, with an output layer at their end."""
    layers = model.layers
    if not isinstance(layers, (list, tuple)):
        raise TypeError(f"layers={layers!r}: must be a list of layers or None")
    for name in ("hidden_layer_sizes", "activation"):
        value, default = getattr(model, name), model.parameter_defaults()[name]
        if not (isinstance(value, str) and value == default):
            raise ValueError(f"{name}={value!r}: must be left out where layers are given")
    for k, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            raise TypeError(
                f"layers[{k}]={layer!r}: must be an hbcd.Layer, such as HiddenLayer(20)"
            )
    if not layers or not isinstance(layers[-1], OutputLayer):
        return [*layers, OutputLayer(n_outputs)]
    if layers[-1].n_neurons != n_outputs:
        raise ValueError(
            f"layers[{len(layers) - 1}]={layers[-1]!r}: must have n_neurons={n_outputs}, one for "
            "each output"
        )
    return list(layers)
