"""What skl2onnx asks for to convert pipelines that end in an estimator of hbcd."""

from __future__ import annotations

from typing import Any

import numpy as np

from hbcd.estimators.classifier import HybridClassifier
from hbcd.estimators.regressor import HybridRegressor
from hbcd.export.form import model_form
from hbcd.export.onnx.onnx_graph import Graph
from hbcd.export.onnx.onnx_parts import predictions
from hbcd.export.packages import needed

__all__ = ["register_onnx_converters"]

ALIASES: dict[Any, str] = {
    HybridRegressor: "HbcdHybridRegressor",
    HybridClassifier: "HbcdHybridClassifier",
}


def register_onnx_converters() -> None:
    """Tells skl2onnx how to convert `HybridRegressor` and `HybridClassifier`, also in pipelines.

    A regressor becomes an output `variable` (N, outputs), a classifier `label` and `probabilities`;
    in the precision of the input of the pipeline, so that ``DoubleTensorType`` keeps float64.
    The estimator must take numbers: steps of the pipeline encode text and fill gaps.

    Raises
    ------
    ImportError
        ``skl2onnx`` is not installed.
    """
    skl2onnx = needed("skl2onnx", "sklearn-onnx")
    for kind, alias in ALIASES.items():
        skl2onnx.update_registered_converter(
            kind, alias, _shapes, _convert, overwrite=True, parser=_parse
        )


def _labels(model: Any) -> Any:
    labels = np.asarray(model.classes_)
    return labels.astype(object) if labels.dtype.kind in "US" else labels.astype(np.int64)


def _parse(scope: Any, model: Any, inputs: Any, custom_parsers: Any = None) -> Any:
    """Declares the outputs of an estimator."""
    kinds = needed("skl2onnx.common.data_types", "sklearn-onnx")
    operator = scope.declare_local_operator(ALIASES[type(model)], model)
    operator.inputs = inputs
    own = kinds.guess_tensor_type(inputs[0].type)
    names = [("variable", own)]
    if isinstance(model, HybridClassifier):
        texts = _labels(model).dtype.kind == "O"
        label = kinds.StringTensorType() if texts else kinds.Int64TensorType()
        names = [("label", label), ("probabilities", own)]
    for name, kind in names:
        operator.outputs.append(scope.declare_local_variable(name, kind))
    return operator.outputs


def _shapes(operator: Any) -> None:
    rows = operator.inputs[0].get_first_dimension()
    model = operator.raw_operator
    if isinstance(model, HybridClassifier):
        operator.outputs[0].type.shape = [rows]
        operator.outputs[1].type.shape = [rows, len(model.classes_)]
    else:
        operator.outputs[0].type.shape = [rows, model.n_outputs_]


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Adds the nodes of an estimator to the graph of a pipeline."""
    kinds = needed("skl2onnx.common.data_types", "sklearn-onnx")
    onnx = needed("onnx", "onnx")
    model = operator.raw_operator
    form = model_form(model)
    if any(column.levels is not None or column.gaps for column in form.columns):
        raise ValueError(
            "model: must take numbers alone; encode text and fill gaps in the pipeline"
        )
    real = kinds.guess_proto_type(operator.inputs[0].type)
    graph = Graph(np.float64 if real == onnx.TensorProto.DOUBLE else np.float32)
    names = [one.full_name for one in operator.inputs]
    x = names[0] if len(names) == 1 else graph.add("Concat", names, axis=1)
    x = predictions(graph, form, graph.layers(form, graph.standardized(form, x)))
    known: dict[str, str] = {x: operator.outputs[-1].full_name}
    if isinstance(model, HybridClassifier):
        labels = _labels(model)
        given = graph.constant("labels", labels, None if labels.dtype.kind == "O" else np.int64)
        place = graph.add("ArgMax", [x], axis=1, keepdims=0)
        known[graph.add("Gather", [given, place], axis=0)] = operator.outputs[0].full_name
    known |= {name: name for name in names}

    def renamed(name: str) -> str:
        if name not in known:
            known[name] = str(scope.get_unique_variable_name(f"hbcd_{name}"))
        return known[name]

    for name, array in graph.constants.items():
        kind = onnx.TensorProto.STRING
        if array.dtype.kind != "O":
            kind = onnx.helper.np_dtype_to_tensor_dtype(array.dtype)
        container.add_initializer(renamed(name), kind, list(array.shape), array.ravel().tolist())
    for operation, taken, made, name, attributes in graph.nodes:
        container.add_node(
            operation, [renamed(one) for one in taken], [renamed(one) for one in made],
            name=scope.get_unique_operator_name(f"hbcd_{name}"), **attributes,
        )  # fmt: skip
