"""A fitted estimator as arrays and JSON, and back: what stands in a model file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hbcd.parts.layers import HiddenLayer, InputLayer, OutputLayer
from hbcd.parts.report import FitReport
from hbcd.parts.stopping import StopReason
from hbcd.tables.encoder import DATES, MISSING, TableEncoder
from hbcd.training import registry as _names
from hbcd.training.network import Network
from hbcd.utils.scaling import Scaler
from hbcd.utils.validation import check_integer
from hbcd.utils.version import __version__

if TYPE_CHECKING:
    from hbcd.estimators.base import HybridEstimator

__all__ = ["describe", "restore"]

Array = NDArray[Any]


def describe(model: HybridEstimator) -> tuple[dict[str, Array], dict[str, Any]]:
    """A fitted model as arrays and a document of JSON types."""
    layers = [
        {"width": layer.n_neurons, **_names.describe_activation(layer.activation)}
        for layer in model.network_.layers[1:]
    ]
    report = getattr(model, "report_", None)
    document = {
        "kind": type(model).__name__,
        "hbcd": __version__,
        "inputs": model.network_.n_inputs,
        "layers": layers,
        "loss": _names.describe_loss(model.network_.loss),
        "alpha": float(model.alpha_),
        **model._describe_target(),
        "encoder": None if model.encoder_ is None else model.encoder_.to_dict(),
        "missing": model.missing,
        "dates": model.dates,
        "targets": model.target_names_,
        "strategy": model.strategy if isinstance(model.strategy, str) else repr(model.strategy),
        "about": getattr(model, "about_", {}),
        "training": None if report is None else _summary(report),
    }
    arrays = {
        "theta": model.theta_,
        "x_mean": model.x_scaler_.mean,
        "x_scale": model.x_scaler_.scale,
        "y_mean": model.y_scaler_.mean,
        "y_scale": model.y_scaler_.scale,
    }
    return arrays, document


def _summary(report: FitReport) -> dict[str, Any]:
    """The report without its history, which is as long as the training."""
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


def _finite(value: float) -> float | None:
    """A number of JSON, which has no infinity."""
    return float(value) if np.isfinite(value) else None


def _report(theta: Array, training: dict[str, Any]) -> FitReport:
    """What `_summary` described; the first files of format 1 know no start, phases or score."""
    loss, start = training["loss"], training.get("initial_loss")
    score = training.get("validation_score")
    return FitReport(
        theta=theta,
        loss=float("nan") if loss is None else float(loss),
        stop_reason=StopReason[training["stop_reason"]],
        n_fev=int(training["n_fev"]),
        n_iter=int(training["n_iter"]),
        seconds=float(training["seconds"]),
        initial_loss=float("nan") if start is None else float(start),
        phases=tuple(str(name) for name in training.get("phases", ())),
        validation_score=float("nan") if score is None else float(score),
    )


def restore(
    kind: type[HybridEstimator], arrays: dict[str, Array], document: dict[str, Any]
) -> HybridEstimator:
    """A fitted model of class `kind` from what `describe` gave; any error where it is not that."""
    if document["kind"] != kind.__name__:
        raise ValueError(f"kind={document['kind']!r}: must be {kind.__name__!r}")
    *hidden, output = document["layers"]
    widths = tuple(layer["width"] for layer in hidden)
    activations = [_names.restore_activation(layer) for layer in hidden]
    inputs = check_integer("inputs", document["inputs"], 1)
    assert inputs is not None
    # Files of the first format have neither: squared error, no penalty.
    loss = _names.restore_loss(document.get("loss", {"loss": "squared_error"}))
    model = kind()
    model.set_params(
        hidden_layer_sizes=widths,
        activation=_names.shortest(activations),
        strategy=document["strategy"] if document["strategy"] in _names.STRATEGIES else "fast",
        alpha=document.get("alpha", 0.0),
        dtype=arrays["theta"].dtype.name,
    )
    model.missing = document["missing"]
    model.dates = document.get("dates", "error")  # files of hbcd 0.1.0 know none
    if "loss" in model._parameter_names() and "loss" in document:
        model.set_params(loss=_names.named(loss, _names.LOSSES))
    network = Network(
        [
            InputLayer(inputs),
            *(HiddenLayer(w, a) for w, a in zip(widths, activations, strict=True)),
            OutputLayer(output["width"], _names.restore_activation(output)),
        ],
        loss,
        alpha=document.get("alpha", 0.0),
    )
    theta = network.check_theta(arrays["theta"], copy=True)
    scalers = []
    for side, n in (("x", network.n_inputs), ("y", network.n_outputs)):
        mean, scale = arrays[f"{side}_mean"], arrays[f"{side}_scale"]
        numbers = np.isfinite(mean).all() and np.isfinite(scale).all() and (scale >= 0).all()
        if mean.shape != (n,) or scale.shape != (n,) or not numbers:
            raise ValueError(f"{side}_mean, {side}_scale: must be {n} numbers, scales >= 0")
        scalers.append(Scaler(mean.astype(np.float64), scale.astype(np.float64)))
    encoder = None
    if document["encoder"] is not None:
        encoder = TableEncoder.from_dict(document["encoder"])
        if len(encoder.feature_names) != inputs:
            raise ValueError(f"encoder: has {len(encoder.feature_names)} features, not {inputs}")
    attributes = model._restore_target(document, network)
    model.alpha_path_ = np.empty((0, 2))
    model._set_fitted(network, theta, scalers[0], scalers[1], encoder, attributes)
    if model.missing not in MISSING:
        raise ValueError(f"missing={model.missing!r:.200}: must be one of {', '.join(MISSING)}")
    if model.dates not in DATES:
        raise ValueError(f"dates={model.dates!r:.200}: must be one of {', '.join(DATES)}")
    model.target_names_ = [str(name) for name in document["targets"]]
    model.about_ = dict(document["about"])
    training = document["training"]
    if training is not None:
        model._set_report(_report(theta, training))
    return model
