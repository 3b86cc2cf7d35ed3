"""A fitted model as numbers alone: what every export starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.base import HybridEstimator
from hbcd.estimators.classifier import HybridClassifier
from hbcd.estimators.raw_coefficients import link
from hbcd.estimators.targets.target_transform import TargetTransform
from hbcd.export.inputs import InputColumn, feature_columns, input_columns
from hbcd.networks.affine_layers import AffineLayer, AffinePart, affine_layers
from hbcd.tables.levels import level_text

__all__ = ["ModelForm", "model_form", "solver_form"]

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ModelForm:
    """``ends(transform(link(layers((features - shift) * factor)) * scale + mean))``.

    Attributes
    ----------
    columns : tuple of InputColumn
        The columns of a table, with how each becomes features.
    features : tuple of str
        Names of the features, the inputs of the first layer.
    shift, factor : ndarray of shape (features,)
        The factor of a column that did not vary in training is 0.
    layers : tuple of AffineLayer
    link : str
        "identity", "exp", "logistic" or "softmax": from the last layer to predictions.
    scale, mean : ndarray of shape (outputs,)
        Of the targets.
    transform : TargetTransform or None
    ends : ndarray of shape (2, outputs), or None
        What predictions are kept within.
    outputs : tuple of str
        Names of the predictions; of classes of their probabilities.
    classes : tuple or None
        The labels of a classifier, of which two have one output of the network.
    unit : str
        Of the targets; "" where it is not known.
    dtype : numpy.dtype
        The precision that the model itself predicts in.
    model : HybridEstimator
        The model itself, which exports are compared with.
    """

    columns: tuple[InputColumn, ...]
    features: tuple[str, ...]
    shift: Array
    factor: Array
    layers: tuple[AffineLayer, ...]
    link: str
    scale: Array
    mean: Array
    transform: TargetTransform | None
    ends: Array | None
    outputs: tuple[str, ...]
    classes: tuple[Any, ...] | None
    unit: str
    dtype: Any
    model: HybridEstimator

    @property
    def n_features(self) -> int:
        """Inputs of the first layer."""
        return len(self.features)

    @property
    def widths(self) -> tuple[int, ...]:
        """Outputs of every layer."""
        return tuple(layer.n_out for layer in self.layers)


def model_form(model: Any) -> ModelForm:
    """The numbers of a fitted estimator.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier

    Returns
    -------
    ModelForm

    Raises
    ------
    TypeError
        Something that is not such a model.
    ValueError
        A custom layer, activation or loss, whose function no other tool knows.
    NotFittedError
        Before `fit`.
    """
    if not isinstance(model, HybridEstimator):
        kinds = "a HybridRegressor or a HybridClassifier"
        told = " ".join(repr(model).split())
        raise TypeError(f"model={told:.60}: must be {kinds}")
    model._check_fitted()
    network = model.network_
    name = link(network.loss)
    if name is None:
        raise ValueError(f"loss={network.loss!r}: must be one of hbcd's own to be exported")
    x_scaler, y_scaler = model.x_scaler_, model.y_scaler_
    ends = getattr(model, "output_range_", None)
    classes = None
    layers = tuple(affine_layers(network, model.theta_))
    if isinstance(model, HybridClassifier):
        classes = tuple(model.classes_.tolist())
        layers = _calibrated(model, layers)
    columns, features = input_columns(model)
    n_out = network.n_outputs
    return ModelForm(
        columns=columns,
        features=features,
        shift=np.asarray(x_scaler.shift, np.float64),
        factor=1.0 / x_scaler.divisor,
        layers=layers,
        link=name,
        scale=np.ones(n_out) if classes else np.asarray(y_scaler.scale, np.float64),
        mean=np.zeros(n_out) if classes else np.asarray(y_scaler.mean, np.float64),
        transform=getattr(model, "target_transform_", None),
        ends=None if ends is None else np.asarray(ends, np.float64),
        outputs=_output_names(model, classes),
        classes=classes,
        unit=str(getattr(model, "about_", {}).get("unit", "")),
        dtype=model.theta_.dtype,
        model=model,
    )


def solver_form(model: Any) -> tuple[ModelForm, list[str]]:
    """A model for solvers: features as inputs, no range that predictions are kept within.

    An optimizer would find no slope beyond that range.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier

    Returns
    -------
    form : ModelForm
    left_out : list of str
        What of the model is not in the form.
    """
    form = model_form(model)
    left_out = []
    if form.ends is not None:
        ends = ", ".join(f"{low:.6g} to {high:.6g}" for low, high in form.ends.T)
        left_out = [f"output_range_ ({ends}), which the model keeps predictions within"]
    columns = feature_columns(form.columns, form.features)
    return replace(form, ends=None, columns=columns), left_out


def _calibrated(
    model: HybridClassifier, layers: tuple[AffineLayer, ...]
) -> tuple[AffineLayer, ...]:
    """The layers with the temperature of a classifier in the last of them."""
    made = model._calibrator()
    if made is None:
        return layers
    if made.curves:
        raise ValueError(
            "calibrate='isotonic': must be None or 'temperature' to be exported, "
            "set_params(calibrate=...) changes it without another fit"
        )
    if made.factor == 1.0:
        return layers
    n = layers[-1].n_out
    parts = tuple(
        AffinePart(slice(k, k + 1), slice(k, k + 1), np.full((1, 1), made.factor), np.zeros(1),
                   "identity")
        for k in range(n)
    )  # fmt: skip
    return (*layers, AffineLayer(n, n, parts))


def _output_names(model: HybridEstimator, classes: tuple[Any, ...] | None) -> tuple[str, ...]:
    if classes is not None:
        return _unlike([f"probability_{level_text(label)}" for label in classes])
    names = tuple(getattr(model, "target_names_", ()) or ())
    if len(names) == model.n_outputs_:
        return _unlike(names)
    if model.n_outputs_ == 1:
        return ("prediction",)
    return tuple(f"prediction_{k}" for k in range(1, model.n_outputs_ + 1))


def _unlike(names: Sequence[Any]) -> tuple[str, ...]:
    """The names as texts, with a number behind one that another has already."""
    found: list[str] = []
    for name in map(str, names):
        made, number = name, 2
        while made in found or (made != name and made in names):
            made, number = f"{name}_{number}", number + 1
        found.append(made)
    return tuple(found)
