"""Bytes of an ONNX file from a graph, and such a file read back: here the package is imported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.onnx.onnx_graph import Graph
from hbcd.export.packages import needed
from hbcd.utils.version import __version__

__all__ = ["onnx_bytes", "read_constants", "run_file"]

Array = NDArray[Any]
IR_VERSIONS = {13: 7, 19: 9}  # of the first onnx that had these operators: older runtimes read it
KEY = "hbcd"  # of the record, among the properties of a model


def onnx_bytes(
    graph: Graph,
    inputs: dict[str, int],
    texts: set[str],
    outputs: dict[str, tuple[int | None, Any]],
    rows: str | int,
    opset: int,
    record: str,
) -> bytes:
    """An ONNX file.

    Parameters
    ----------
    graph : Graph
    inputs : dict of str to int
        Names and widths.
    outputs : dict of str to (int, numpy.dtype)
        Names, widths and kinds; None for an output without a second axis, object for texts.
    texts : set of str
        Inputs that are texts.
    rows : str or int
        The first axis of all of them.
    opset : int
    record : str
        Kept as a property of the model.
    """
    onnx = needed("onnx", "onnx")
    helper, kinds = onnx.helper, onnx.TensorProto

    def kind_of(dtype: Any) -> Any:
        return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))

    def axes(width: int | None) -> list[Any]:
        return [rows] if width is None else [rows, width]

    nodes = [
        helper.make_node(
            operator, given, made, name=name,
            **{k: kind_of(v) if isinstance(v, np.dtype) else v for k, v in attributes.items()},
        )
        for operator, given, made, name, attributes in graph.nodes
    ]  # fmt: skip
    constants = [
        onnx.numpy_helper.from_array(array, name) for name, array in graph.constants.items()
    ]
    own = kind_of(graph.dtype)
    given = [
        helper.make_tensor_value_info(name, kinds.STRING if name in texts else own, axes(width))
        for name, width in inputs.items()
    ]
    made = []
    for name, (width, dtype) in outputs.items():
        kind = kinds.STRING if dtype.kind == "O" else kind_of(dtype)
        made.append(helper.make_tensor_value_info(name, kind, axes(width)))
    proto = helper.make_model(
        helper.make_graph(nodes, "hbcd", given, made, constants),
        opset_imports=[helper.make_opsetid("", opset)],
        producer_name="hbcd",
        producer_version=__version__,
        ir_version=IR_VERSIONS[opset],
    )
    if record:
        helper.set_model_props(proto, {KEY: record})
    onnx.checker.check_model(proto, full_check=True)
    content: bytes = proto.SerializeToString(deterministic=True)
    return content


def read_constants(path: Path) -> dict[str, Array]:
    """The constants of a file by name."""
    onnx = needed("onnx", "onnx")
    found = {}
    for one in onnx.load(str(path)).graph.initializer:
        array = onnx.numpy_helper.to_array(one)
        found[one.name] = _as_text(array) if array.dtype.kind in "OSU" else array
    return found


def _as_text(array: Array) -> Array:
    texts = [one.decode() if isinstance(one, bytes) else str(one) for one in array.ravel()]
    return np.array(texts, dtype=object).reshape(array.shape)


def run_file(path: Path, given: dict[str, Array], rows: int) -> dict[str, Array]:
    """What a file computes, by the reference evaluator of ONNX.

    Parameters
    ----------
    path : Path
    given : dict of str to ndarray of shape (points, width)
    rows : int
        How many rows it takes at a time.
    """
    onnx_reference = needed("onnx.reference", "onnx")
    evaluator = onnx_reference.ReferenceEvaluator(str(path))
    n = len(next(iter(given.values())))
    pieces = []
    with np.errstate(all="ignore"):
        for begin in range(0, n, rows):
            part = {name: array[begin : begin + rows] for name, array in given.items()}
            pieces.append(evaluator.run(None, part))
    names = evaluator.output_names
    return {
        name: np.concatenate([np.asarray(piece[k]) for piece in pieces])
        for k, name in enumerate(names)
    }
