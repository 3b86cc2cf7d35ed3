"""A fitted estimator as arrays and JSON, and back: what stands in a model file."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.parameters import EstimatorParameters
from hbcd.model_files.custom_classes import Trusted
from hbcd.model_files.parts import (
    describe_layers,
    describe_report,
    restore_layers,
    restore_report,
    restore_scaler,
)
from hbcd.model_files.values import NotWritable, describe_value, restore_value
from hbcd.parts.layers import InputLayer, Layer
from hbcd.tables.choices import DATES, MISSING
from hbcd.tables.encoder import TableEncoder
from hbcd.training import registry
from hbcd.training.network import Network
from hbcd.utils.validation import check_integer
from hbcd.utils.version import __version__

__all__ = ["describe", "file_version", "restore"]

Array = NDArray[Any]
MOST_SIGNS = 1000  # in one list of a file
MOST_LEFT_OUT = 2**20  # bytes of predictions for rows left out: more would be most of the file


def describe(model: EstimatorParameters) -> tuple[dict[str, Array], dict[str, Any]]:
    """A fitted model as arrays and a document of JSON types."""
    layers = describe_layers(model.network_)
    document = {
        "kind": _kind(model),
        "hbcd": __version__,
        "inputs": model.network_.n_inputs,
        "layers": layers,
        "given_layers": _given_layers(model, layers),
        "parameters": _describe_parameters(model),
        "loss": registry.describe_loss(model.network_.loss),
        "alpha": float(model.alpha_),
        "rows_before": getattr(model, "_rows_before", 0),  # pickles before 0.1.0 have none
        **model._describe_target(),
        "encoder": None if model.encoder_ is None else model.encoder_.to_dict(),
        "column_labels": model.column_labels_,
        "missing": model.missing,
        "dates": model.dates,
        "targets": model.target_names_,
        "members": [{**one, "widths": list(one["widths"])} for one in _members(model)],
        "strategy": model.strategy if isinstance(model.strategy, str) else repr(model.strategy),
        "about": getattr(model, "about_", {}),
        "training": describe_report(getattr(model, "report_", None)),
    }
    arrays = {
        "theta": model.theta_,
        "x_mean": model.x_scaler_.mean,
        "x_scale": model.x_scaler_.scale,
        "y_mean": model.y_scaler_.mean,
        "y_scale": model.y_scaler_.scale,
    }
    left_out = getattr(model, "oof_prediction_", None)  # pickles of builds before 0.1.0 have none
    if left_out is not None and left_out.nbytes <= MOST_LEFT_OUT:
        arrays["oof_prediction"] = left_out
    if hasattr(model, "_feature_range"):  # pickles and files of builds before 0.1.0 have none
        arrays["feature_range"] = model._feature_range
    found, document["intervals"] = model._describe_intervals()
    return arrays | found, document


def file_version(document: dict[str, Any]) -> int:
    """The format of a file: 2 where readers of format 1 would overlook what predictions need."""
    calibrated = document["parameters"].get("calibrate") is not None
    return 2 if "target_transform" in document or calibrated else 1


def _members(model: EstimatorParameters) -> list[dict[str, Any]]:
    return getattr(model, "_members", [])  # pickles of builds before 0.1.0 have none


def _describe_parameters(model: EstimatorParameters) -> dict[str, Any]:
    """The parameters of the constructor, those left out that no file can hold."""
    described = {}
    for name in model.parameter_defaults():
        if name == "layers" and model.layers is not None:
            continue  # those of the network, as many as `_given_layers` says
        if hasattr(model, name):  # pickles of builds before 0.1.0 know fewer
            value = getattr(model, name)
            if name == "monotonic_cst" and isinstance(value, (np.ndarray, list, tuple)):
                signs = list(value)
                value = [signs[k : k + MOST_SIGNS] for k in range(0, len(signs), MOST_SIGNS)]
            with contextlib.suppress(NotWritable):
                described[name] = describe_value(value)
    return described


def _kind(model: EstimatorParameters) -> str:
    """The estimator of hbcd that the model is, or derives from."""
    classes = [c for c in type(model).__mro__ if issubclass(c, EstimatorParameters)]
    return next(c.__name__ for c in classes if c.__module__.partition(".")[0] == "hbcd")


def _given_layers(model: EstimatorParameters, layers: list[dict[str, Any]]) -> int:
    """How many of the layers ``layers=`` gives; 0 where widths and activations say all of them."""
    if model.layers is not None:
        return min(len(model.layers), len(layers))
    special = {"class", "kind", "weight_bounds"}
    plain = all(special.isdisjoint(layer) for layer in layers)
    return 0 if plain else len(layers)


def restore(
    kind: type[Any], arrays: dict[str, Array], document: dict[str, Any], trusted: Trusted
) -> Any:
    """A fitted model of class `kind` from what `describe` gave; any error where it is not that."""
    if document["kind"] != kind.__name__:
        raise ValueError(f"kind={document['kind']!r}: must be {kind.__name__!r}")
    inputs = check_integer("inputs", document["inputs"], 1)
    assert inputs is not None
    layers = restore_layers(document["layers"], trusted)
    # Files of the first format have neither: squared error, no penalty.
    loss = registry.restore_loss(document.get("loss", {"loss": "squared_error"}))
    alpha = document.get("alpha", 0.0)
    network = Network([InputLayer(inputs), *layers], loss, alpha=alpha)
    theta = network.check_theta(arrays["theta"], copy=True)
    encoder = _restore_encoder(document["encoder"], inputs)

    model = kind()
    strategy = document["strategy"]
    model.set_params(
        **_layer_parameters(layers, document.get("given_layers", 0)),
        strategy=strategy if strategy in registry.STRATEGIES else "fast",
        alpha=alpha,
        dtype=arrays["theta"].dtype.name,
        missing=document["missing"],
        dates=document.get("dates", "error"),  # files of builds before 0.1.0 know none
    )
    if "loss" in model.parameter_defaults() and "loss" in document:
        model.set_params(loss=registry.named(loss, registry.LOSSES))
    _restore_parameters(model, document.get("parameters", {}))  # files before 0.1.0 have none
    if model.missing not in MISSING:
        raise ValueError(f"missing={model.missing!r:.200}: must be one of {', '.join(MISSING)}")
    if model.dates not in DATES:
        raise ValueError(f"dates={model.dates!r:.200}: must be one of {', '.join(DATES)}")
    check_integer("n_threads", model.n_threads, 1, none=True)
    model._set_fitted(
        network,
        theta,
        restore_scaler("x", arrays, network.n_inputs),
        restore_scaler("y", arrays, network.n_outputs),
        encoder,
        model._restore_target(document, network),
    )
    model._restore_feature_range(arrays.get("feature_range"))
    model._rows_before = check_integer("rows_before", document.get("rows_before", 0), 0) or 0
    model.alpha_path_ = np.empty((0, 2))
    model._members = [
        {**one, "widths": tuple(one["widths"])} for one in document.get("members", ())
    ]
    model.oof_prediction_ = arrays.get("oof_prediction")
    model._restore_intervals(arrays, document)
    model.column_labels_ = document.get("column_labels")
    model.target_names_ = [str(name) for name in document["targets"]]
    model.about_ = dict(document["about"])
    if document["training"] is not None:
        model._set_report(restore_report(theta, document["training"]))
    return model


def _restore_parameters(model: EstimatorParameters, described: dict[str, Any]) -> None:
    """Sets the parameters that a file has; those that a later version added mean nothing here."""
    known = model.parameter_defaults()
    for name, value in described.items():
        if name in known:
            found = restore_value(value)
            if name == "monotonic_cst" and isinstance(found, list):
                found = [sign for part in found for sign in part]
            model.set_params(**{name: found})


def _layer_parameters(layers: list[Layer], given: int) -> dict[str, Any]:
    """The parameters of an estimator that stand for its layers."""
    if given:
        return {"layers": layers[:given]}
    hidden: list[Any] = layers[:-1]
    return {
        "hidden_layer_sizes": tuple(layer.n_neurons for layer in hidden),
        "activation": registry.shortest([layer.activation for layer in hidden]),
    }


def _restore_encoder(described: Any, inputs: int) -> TableEncoder | None:
    if described is None:
        return None
    encoder = TableEncoder.from_dict(described)
    if len(encoder.feature_names) != inputs:
        raise ValueError(f"encoder: has {len(encoder.feature_names)} features, not {inputs}")
    return encoder
