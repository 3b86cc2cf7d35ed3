"""Parts of a model as JSON, and back: layers, scalers, the summary of a training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.model_files.custom_classes import Trusted, describe_custom, restore_custom
from hbcd.model_files.structured import describe_structured, restore_structured
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.layers import HiddenLayer, Layer, OutputLayer
from hbcd.parts.report import FitReport
from hbcd.parts.stopping import StopReason
from hbcd.parts.structured_layers import BlockDiagonalLayer, SmoothPieces
from hbcd.training.registry import describe_activation, restore_activation
from hbcd.utils.scaling import Scaler

__all__ = [
    "describe_layers",
    "describe_report",
    "restore_layers",
    "restore_report",
    "restore_scaler",
]

Array = NDArray[Any]


# ---- layers -----------------------------------------------------------------------------------


def describe_layers(network: NetworkStructure) -> list[dict[str, Any]]:
    """The layers after the input; errors count them as the ``layers=`` of an estimator does."""
    return [
        _describe_layer(f"layers[{k - 1}]", layer, network.custom_layer(k) is not None)
        for k, layer in enumerate(network.layers[1:], start=1)
    ]


def _describe_layer(name: str, layer: Any, custom: bool) -> dict[str, Any]:
    if custom:
        return describe_custom(name, layer)
    if isinstance(layer, (BlockDiagonalLayer, SmoothPieces)):
        return describe_structured(layer)
    described = {"width": layer.n_neurons, **describe_activation(layer.activation)}
    if layer.weight_bounds is not None:
        described["weight_bounds"] = _describe_bounds(layer.weight_bounds)
    if not isinstance(layer, OutputLayer):
        return described
    return {**described, "output": True}


def _describe_bounds(value: Any) -> Any:
    """Bounds with lists for tuples and arrays, and None where they are infinite."""
    if isinstance(value, (tuple, list)):
        return [_describe_bounds(one) for one in value]
    if value is None or math.isinf(value):
        return None
    return float(value)


def restore_layers(described: list[dict[str, Any]], trusted: Trusted) -> list[Layer]:
    """What `describe_layers` described; custom classes must be in `trusted`."""
    last = len(described) - 1
    return [_restore_layer(one, k == last, trusted) for k, one in enumerate(described)]


def _restore_layer(described: dict[str, Any], last: bool, trusted: Trusted) -> Layer:
    if "class" in described:
        layer: Layer = restore_custom(described, trusted)
        return layer
    if "kind" in described:
        return restore_structured(described)
    # The first files of format 1 do not say which layer is the output: it is the last one.
    kind = OutputLayer if described.get("output", last) else HiddenLayer
    bounds = described.get("weight_bounds")
    if isinstance(bounds, list):
        lo, hi = bounds
        bounds = (_restore_side(lo, -math.inf), _restore_side(hi, math.inf))
    return kind(described["width"], restore_activation(described), bounds)


def _restore_side(value: Any, infinite: float) -> Any:
    if isinstance(value, list):
        return [infinite if one is None else _restore_side(one, infinite) for one in value]
    return value


# ---- scalers ----------------------------------------------------------------------------------


def restore_scaler(side: str, arrays: dict[str, Array], columns: int) -> Scaler:
    """The scaler of a side, "x" or "y", from arrays of a file; ValueError where it is none."""
    mean, scale = arrays[f"{side}_mean"], arrays[f"{side}_scale"]
    numbers = np.isfinite(mean).all() and np.isfinite(scale).all() and (scale >= 0).all()
    if mean.shape != (columns,) or scale.shape != (columns,) or not numbers:
        raise ValueError(f"{side}_mean, {side}_scale: must be {columns} numbers, scales >= 0")
    return Scaler(mean.astype(np.float64), scale.astype(np.float64))


# ---- report -----------------------------------------------------------------------------------


def describe_report(report: FitReport | None) -> dict[str, Any] | None:
    """The report without its history, which is as long as the training."""
    if report is None:
        return None
    return {
        "loss": _finite(report.loss),
        "initial_loss": _finite(report.initial_loss),
        "stop_reason": report.stop_reason.name,
        "phases": list(report.phases),
        "n_fev": report.n_fev,
        "n_iter": report.n_iter,
        "seconds": report.seconds,
        "validation_score": _finite(report.validation_score),
    }


def restore_report(theta: Array, training: dict[str, Any]) -> FitReport:
    """What `describe_report` described; the first files know no start, phases or score."""
    loss, start = training["loss"], training.get("initial_loss")
    score = training.get("validation_score")
    return FitReport(
        theta=theta,
        loss=math.nan if loss is None else float(loss),
        stop_reason=StopReason[training["stop_reason"]],
        n_fev=int(training["n_fev"]),
        n_iter=int(training["n_iter"]),
        seconds=float(training["seconds"]),
        initial_loss=math.nan if start is None else float(start),
        phases=tuple(str(name) for name in training.get("phases", ())),
        validation_score=math.nan if score is None else float(score),
    )


def _finite(value: float) -> float | None:
    """A number of JSON, which has no infinity."""
    return float(value) if np.isfinite(value) else None
