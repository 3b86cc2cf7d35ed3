"""`to_onnx`: the file computes what the model predicts, in the runtimes that are there."""

import copy
import json
import struct

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.export.form import model_form
from hbcd.export.inputs import check_points, features_of, table_of
from support.exportable import (
    ACTIVATIONS,
    KINDS,
    classifier,
    model_of,
    of_table,
    regressor,
    rows,
    table,
)

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
DIALECTS = ("general", "omlt", "static", "float32")
NOT_PLAIN = {"calibrated classes", "three classes", "classes, sigmoid", "poisson", "log",
             "yeo-johnson", "yeo-johnson of a median", "mixed activations", "pieces"}  # fmt: skip
FLIPS = 40  # here; 1000 in `python -m bench.exports`


def session(path):
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    settings = runtime.SessionOptions()
    settings.intra_op_num_threads = 1  # more would wait for each other over single rows
    return runtime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])


def inputs_of(model, dialect, points):
    """What a runtime is given for points of the model's columns."""
    form = model_form(model)
    real = np.float32 if dialect == "float32" else np.float64
    named = model.encoder_ is not None and model.encoder_.named
    if dialect == "general" and named:
        given = {}
        for k, column in enumerate(form.columns):
            values = points[:, [k]]
            if column.levels is not None:
                gap = np.isnan(values)
                texts = np.array(column.levels, object)[np.where(gap, 0, values).astype(int)]
                texts[gap] = ""
                values = texts
            given[column.name] = values
        return given
    values = points if dialect == "general" else features_of(form.columns, points)
    return {"X": values.astype(real)}


def runs(path, given, one_row=False):
    known = session(path)
    if not one_row:
        return known.run([known.get_outputs()[0].name], given)[0]
    n = len(given["X"])
    return np.vstack([known.run(None, {"X": given["X"][k : k + 1]})[0] for k in range(n)])


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_runtime_predicts_as_the_model_of_every_kind(kind, dialect, tmp_path):
    model, path = model_of(kind), tmp_path / "m.onnx"
    if dialect == "omlt" and kind in NOT_PLAIN:
        with pytest.raises(ValueError, match=r"dialect='omlt': has no|must have one activation"):
            hbcd.to_onnx(model, path, dialect=dialect)
        assert list(tmp_path.iterdir()) == []
        return
    record = hbcd.to_onnx(model, path, dialect=dialect)
    assert hbcd.read_record(path) == record
    assert (np.array(record.measured) <= np.array(record.bound)).all()
    form = model_form(model)
    points = check_points(form.columns)[::97]
    if dialect == "float32":
        points = points.astype(np.float32).astype(float)
    found = runs(path, inputs_of(model, dialect, points), dialect == "static")
    if record.left_out:
        model = copy.copy(model)
        model.output_range_ = None
    wanted = (model.predict_proba if form.classes else model.predict)(
        table_of(model, form.columns, points)
    )
    off = np.abs(found - np.reshape(wanted, found.shape)).max(axis=0)
    # Runtimes do not say how exact their functions of float32 are.
    assert (off <= np.array(record.bound) * (10 if dialect == "float32" else 1)).all()


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("depth", range(5))
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_omlt_reads_the_network_that_it_is(activation, depth, outputs, tmp_path):
    io = pytest.importorskip("omlt.io.onnx", reason="omlt is not installed")
    model, path = regressor(activation, depth, outputs), tmp_path / "m.onnx"
    record = hbcd.to_onnx(model, path, dialect="omlt")
    network = io.load_onnx_neural_network_with_bounds(str(path))
    X, _ = rows()
    low, high = X.min(axis=0), X.max(axis=0)
    assert network.scaled_input_bounds == {
        k: (pytest.approx(low[k]), pytest.approx(high[k])) for k in range(3)
    }
    for x in X[:5]:
        a = x
        for layer in list(network.layers)[1:]:
            a = layer.eval_single_layer(a)
        assert (np.abs(a - np.ravel(model.predict(x[None]))) <= np.array(record.bound)).all()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_rules_of_those_who_read_it_are_kept(dialect, tmp_path):
    hbcd.to_onnx(regressor("leaky_relu"), tmp_path / "m.onnx", dialect=dialect)
    graph = onnx.load(str(tmp_path / "m.onnx")).graph
    names = [node.name for node in graph.node]
    assert all(names)
    assert len(set(names)) == len(names)
    for node in graph.node:
        if node.op_type == "Gemm":
            assert {a.name for a in node.attribute} == {"alpha", "beta", "transA", "transB"}
    axis = graph.input[0].type.tensor_type.shape.dim[0]
    assert (axis.dim_value, axis.dim_param) == ((1, "") if dialect == "static" else (0, "N"))
    if dialect == "omlt":
        assert {node.op_type for node in graph.node} == {"Gemm", "Relu"}


def test_labels_are_those_of_the_classes(tmp_path):
    X, _ = rows()
    for model in (classifier(2), classifier(3)):
        hbcd.to_onnx(model, tmp_path / "m.onnx")
        label = session(tmp_path / "m.onnx").run(["label"], {"X": X})[0]
        assert label.tolist() == model.predict(X).tolist()


def test_an_unknown_text_is_nan_and_not_the_first_level(tmp_path):
    for gaps in (False, True):
        model, (frame, _) = of_table(gaps), table()
        hbcd.to_onnx(model, tmp_path / "m.onnx")
        given = {name: frame[[name]][:3].to_numpy() for name in frame.columns}
        given["grade"] = np.array([["A"], ["Z"], ["C"]], object)
        given["open"] = np.array([["True"], ["True"], ["true"]], object)
        found = session(tmp_path / "m.onnx").run(None, given)[0]
        assert np.isnan(found[:, 0]).tolist() == [False, True, True]


def test_a_bit_of_a_weight_that_is_written_wrongly_is_refused(tmp_path, monkeypatch):
    from hbcd.export.onnx import onnx_file

    model, rng = regressor(), np.random.default_rng(0)
    written = onnx_file.onnx_bytes
    constants = {}

    def flipped(graph, *rest):
        array = graph.constants["weights_1"]
        at, bit = rng.integers(array.size), int(rng.integers(64))
        (bits,) = struct.unpack("<Q", struct.pack("<d", array.flat[at]))
        changed = array.copy()
        changed.flat[at] = struct.unpack("<d", struct.pack("<Q", bits ^ 1 << bit))[0]
        constants["kept"] = array
        graph.constants["weights_1"] = changed
        try:
            return written(graph, *rest)
        finally:
            graph.constants["weights_1"] = array

    monkeypatch.setattr(onnx_file, "onnx_bytes", flipped)
    for _ in range(FLIPS):
        with pytest.raises(ValueError, match="onnx: weights_1 reads back"):
            hbcd.to_onnx(model, tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_bit_that_changes_later_breaks_the_seal(tmp_path):
    path, rng = tmp_path / "m.onnx", np.random.default_rng(0)
    hbcd.to_onnx(regressor(), path)
    content = path.read_bytes()
    for _ in range(FLIPS):
        at = int(rng.integers(8 * len(content)))
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        path.write_bytes(bytes(changed))
        with pytest.raises(ValueError, match=r"seal is broken|no record"):
            hbcd.read_record(path)


def test_the_record_and_the_box_stand_beside_the_file_of_omlt(tmp_path):
    hbcd.to_onnx(regressor(output_range=(-5.0, 5.0)), tmp_path / "m.onnx", dialect="omlt")
    record = hbcd.read_record(tmp_path / "m.onnx")
    assert record.left_out == ["output_range_ (-5 to 5), which the model keeps predictions within"]
    bounds = json.loads((tmp_path / "m.onnx.bounds.json").read_text())
    assert [(one["lower_bound"], one["upper_bound"]) for one in bounds] == [
        (one["low"], one["high"]) for one in record.inputs
    ]


def test_a_dialect_that_there_is_not_is_told(tmp_path):
    with pytest.raises(ValueError, match="dialect='onnx': must be one of general, omlt"):
        hbcd.to_onnx(regressor(), tmp_path / "m.onnx", dialect="onnx")


@pytest.mark.parametrize("double", [True, False])
def test_a_pipeline_of_scikit_learn_is_converted(double, tmp_path):
    skl2onnx = pytest.importorskip("skl2onnx", reason="skl2onnx is not installed")
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
    from sklearn.base import clone
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from hbcd.export.onnx.sklearn_onnx import register_onnx_converters

    register_onnx_converters()
    X, Y = rows()
    kind, real = (DoubleTensorType, np.float64) if double else (FloatTensorType, np.float32)
    labels = np.array(["a", "b", "c"])[np.arange(len(X)) % 3]
    targets = [(regressor(outputs=3), Y), (classifier(2), labels == "a"), (classifier(3), labels)]
    for model, target in targets:
        pipeline = make_pipeline(StandardScaler(), clone(model)).fit(X, target)
        proto = skl2onnx.to_onnx(pipeline, initial_types=[("X", kind([None, 3]))])
        (tmp_path / "p.onnx").write_bytes(proto.SerializeToString())
        found = session(tmp_path / "p.onnx").run(None, {"X": X.astype(real)})
        wanted = pipeline.predict(X)
        if hasattr(model, "classes_"):
            assert found[0].tolist() == wanted.tolist()
            wanted = pipeline.predict_proba(X)
        assert np.abs(found[-1] - wanted).max() < (1e-12 if double else 2e-4)


@pytest.mark.parametrize(
    "names",
    [
        ("weights_0", "shift", "label"),
        ("prediction", "probabilities", "X"),
        ("scale_inputs_out", "layer_0_out", "bias_0"),
        ("labels", "argmax_out", "gemm"),
    ],
)
@pytest.mark.parametrize("kind", [hbcd.HybridRegressor, hbcd.HybridClassifier])
def test_columns_may_be_called_as_anything_inside_of_the_file(kind, names, tmp_path):
    X, Y = rows()
    frame = pd.DataFrame(X, columns=list(names))
    y = Y[:, 0] if kind is hbcd.HybridRegressor else np.where(Y[:, 0] > 0, "label", "shift")
    model = kind((3,), max_iter=3, random_state=0).fit(frame, y)
    hbcd.to_onnx(model, tmp_path / "m.onnx")
    known = session(tmp_path / "m.onnx")
    assert [one.name for one in known.get_inputs()] == list(names)
    found = known.run(None, {name: frame[[name]].to_numpy() for name in names})
    if kind is hbcd.HybridRegressor:
        np.testing.assert_allclose(found[0][:, 0], model.predict(frame), rtol=1e-12)
    else:
        np.testing.assert_allclose(found[0], model.predict_proba(frame), atol=1e-12)
        assert list(found[1]) == list(model.predict(frame))


def test_a_file_of_bounds_that_cannot_be_written_leaves_the_network_as_it_was(tmp_path):
    (tmp_path / "m.onnx").write_text("before")
    (tmp_path / "m.onnx.bounds.json").mkdir()
    with pytest.raises(OSError, match=r"m\.onnx\.bounds\.json"):
        hbcd.to_onnx(regressor(), tmp_path / "m.onnx", dialect="omlt")
    assert (tmp_path / "m.onnx").read_text() == "before"
    assert len(list(tmp_path.iterdir())) == 2


def test_an_empty_text_beside_gaps_is_refused_where_both_are_written_alike(tmp_path):
    X, Y = rows()
    frame = pd.DataFrame({"t": np.resize(np.array(["", "a", "b", None], object), len(X)),
                          "x": X[:, 0]})  # fmt: skip
    model = hbcd.HybridRegressor((3,), max_iter=3, random_state=0, missing="indicator")
    model.fit(frame, Y[:, 0])
    if model.encoder_.columns[0][1][0] != "":
        pytest.skip("an empty text is a gap")
    with pytest.raises(ValueError, match="t: has the level '' and gaps"):
        hbcd.to_onnx(model, tmp_path / "m.onnx")
    hbcd.to_onnx(model, tmp_path / "m.onnx", dialect="static")
