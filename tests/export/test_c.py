"""`to_c`: the file computes what the model predicts, with a compiler and without one."""

import copy
import subprocess

import numpy as np
import pytest

import hbcd
from hbcd.export.c.c_reader import CProgram
from hbcd.export.evaluation import jacobian_of
from hbcd.export.form import model_form
from hbcd.export.inputs import check_points, table_of
from support.compiled_exports import CC, compiled
from support.exportable import (
    ACTIVATIONS,
    KINDS,
    classifier,
    members_of_classes,
    model_of,
    of_layers,
    of_table,
    regressor,
)


def predicted(model, form, points):
    table = table_of(model, form.columns, points)
    if form.classes is not None:
        return model.predict_proba(table)
    return np.reshape(model.predict(table), (len(points), -1))


@pytest.mark.skipif(CC is None, reason="there is no C compiler")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_compiled_file_predicts_as_the_model_of_every_kind(kind, dtype, tmp_path):
    model, path = model_of(kind), tmp_path / "m.c"
    record = hbcd.to_c(model, path, dtype=dtype, jacobian=True)
    bound = np.array(record.bound, float)
    assert (np.array(record.measured) <= bound).all()
    form = model_form(model)
    points, real = check_points(form.columns)[::41], "double"
    if dtype == "float32":
        points, real = points.astype(np.float32).astype(float), "float"
    status, y, dy = compiled(path, points, len(form.outputs), real, jacobian=True)
    assert not status.any()
    assert (np.abs(y - predicted(model, form, points)) <= bound).all()
    wanted = jacobian_of(form, points)
    off = np.abs(dy.reshape(wanted.shape) - wanted) / (np.abs(wanted).max(axis=0) + 1e-300)
    assert off.max() < (1e-9 if real == "double" else 5e-2)


@pytest.mark.skipif(CC is None, reason="there is no C compiler")
@pytest.mark.parametrize("jacobian", [False, True])
@pytest.mark.parametrize(
    "kind", ["identity", "relu", "yeo-johnson", "log", "poisson", "two classes", "three classes"]
)
def test_no_text_is_there_that_nothing_needs(kind, jacobian, tmp_path):
    model = regressor(kind, depth=0) if kind in ACTIVATIONS else model_of(kind)
    hbcd.to_c(model, tmp_path / "m.c", jacobian=jacobian)
    point = np.zeros((1, model.n_features_in_))
    compiled(
        tmp_path / "m.c", point, len(model_form(model).outputs)
    )  # warnings of unused functions are errors


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("depth", range(5))
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_file_read_back_is_within_the_bound(activation, depth, outputs, tmp_path):
    model = regressor(activation, depth, outputs)
    for dtype in ("float64", "float32") if depth == 2 else ("float64",):
        record = hbcd.to_c(model, tmp_path / "m.c", dtype=dtype, jacobian=outputs > 1)
        assert (np.array(record.measured) <= np.array(record.bound)).all()
        assert hbcd.read_record(tmp_path / "m.c") == record


@pytest.mark.skipif(CC is None, reason="there is no C compiler")
def test_what_a_table_refuses_is_refused_by_the_number_of_the_input(tmp_path):
    hbcd.to_c(of_table(), tmp_path / "m.c")
    wrong = np.array([[1013.0, 0.02, -50.0, 2.0, 1.0]] * 6)
    wrong[1, 2] = np.nan
    wrong[2, 0] = np.inf
    wrong[3, 3] = 3.0  # no such level
    wrong[4, 4] = -1.0
    wrong[5, [1, 3]] = np.nan
    assert compiled(tmp_path / "m.c", wrong, 1)[0].tolist() == [0, 3, 1, 4, 5, 2]


@pytest.mark.skipif(CC is None, reason="there is no C compiler")
def test_the_text_needs_no_word_that_older_compilers_of_microsoft_lack(tmp_path):
    hbcd.to_c(model_of("ensemble"), tmp_path / "m.c", jacobian=True)
    command = [CC, "-std=c90", "-pedantic-errors", "-D_MSC_VER=1900", "-c", "m.c", "-o", "m.o"]
    subprocess.run(command, cwd=tmp_path, check=True)


def test_a_network_of_the_article_fits_into_20_kilobytes(tmp_path):
    X, y = hbcd.make_plant(300, rng=0, return_X_y=True)
    model = hbcd.HybridRegressor((10, 10, 10), max_iter=5, random_state=0).fit(X, y)
    hbcd.to_c(model, tmp_path / "plant.c", jacobian=True)
    assert (tmp_path / "plant.c").stat().st_size <= 20_000


def test_the_text_calls_no_library_and_holds_no_row_of_the_training_table(tmp_path):
    X, y = hbcd.make_plant(300, rng=0, return_X_y=True)
    model = hbcd.HybridRegressor((5,), max_iter=5, random_state=0).fit(X, y)
    hbcd.to_c(model, tmp_path / "m.c", jacobian=True)
    text = (tmp_path / "m.c").read_text()
    included = [line for line in text.splitlines() if line.startswith("#include")]
    assert included == ["#include <float.h>"]
    X, ends = np.array(X), (np.min(X, axis=0), np.max(X, axis=0))
    inside = X[(np.isin(X, ends).sum(axis=1)) == 0]
    assert not [v for row in inside for v in row if repr(float(v)) in text]


def test_names_come_from_the_file_or_from_the_caller(tmp_path):
    model = classifier(2)
    hbcd.to_c(model, tmp_path / "3 Plants.c")
    hbcd.to_c(model, tmp_path / "m.c", name="for")
    assert "int model_3_plants_predict(" in (tmp_path / "3 Plants.c").read_text()
    assert "int model_for_predict(" in (tmp_path / "m.c").read_text()


class Custom(hbcd.Activation):
    def forward(self, z, out):
        np.sin(z, out=out)

    def backward(self, z, a, grad):
        grad *= np.cos(z)


@pytest.mark.parametrize(
    "layer",
    [hbcd.HiddenLayer(2, Custom()), hbcd.BlockDiagonalLayer([(3, 2, Custom())])],
    ids=["dense", "in parts"],
)
def test_a_custom_activation_is_refused_by_name_and_nothing_is_written(layer, tmp_path):
    model = of_layers([layer])
    with pytest.raises(ValueError, match=r"layers\[1\]: activation=.*Custom"):
        hbcd.to_c(model, tmp_path / "m.c")
    assert list(tmp_path.iterdir()) == []


def test_probabilities_that_rise_in_pieces_are_refused(tmp_path):
    model = copy.copy(members_of_classes()).set_params(calibrate="isotonic")
    with pytest.raises(ValueError, match="calibrate='isotonic': must be None or 'temperature'"):
        hbcd.to_c(model, tmp_path / "m.c")
    hbcd.to_c(model.set_params(calibrate=None), tmp_path / "m.c")


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(TypeError, match="must be a HybridRegressor or a HybridClassifier"):
        hbcd.to_c("model", tmp_path / "m.c")
    with pytest.raises(ValueError, match="dtype='float16': must be one of float64, float32"):
        hbcd.to_c(regressor(), tmp_path / "m.c", dtype="float16")


def test_the_reader_knows_c_and_not_what_was_written():
    program = CProgram(
        "/* text */\n#define TWO (2.0)\nstatic const double A[3] = {1.0, -2.5, 4e1};\n"
        "static double twice(double v) { return TWO * v; }\n"
        "int run(const double x[2], double y[1]) {\n    int k;\n    y[0] = x[1] - 1.0;\n"
        "    for (k = 0; k < 3; k++) { y[0] += (A[k] > 0.0) ? twice(A[k] * x[0]) : 0.0; }\n"
        "    return 7 / 2;\n}\n"
    )
    y = [0.0]
    assert program.run("run", [np.array([1.0, 2.0]), 5.0], y) == 3
    assert y[0].tolist() == [86.0, 168.0]
    with pytest.raises(ValueError, match="reads 'unknown'"):
        CProgram("int f(void) { return unknown; }").run("f")
    with pytest.raises(ValueError, match="A has 1 numbers, must have 2"):
        CProgram("static const double A[2] = {1.0};")


def test_a_text_is_computed_once_and_again_where_more_than_its_record_changes(
    tmp_path, monkeypatch
):
    from hbcd.export.c import c_text

    right, read = c_text.CText.content, []
    monkeypatch.setattr(c_text, "CProgram", lambda text: read.append(text) or CProgram(text))
    hbcd.to_c(regressor(), tmp_path / "m.c")
    assert len(read) == 1

    def wrong_at_last(text, record):
        head, name, rest = right(text, record).partition(b"FACTOR[3] = {")
        return head + name + (rest if record is None else rest.replace(b"1", b"2", 1))

    monkeypatch.setattr(c_text.CText, "content", wrong_at_last)
    with pytest.raises(ValueError, match="FACTOR reads back as other numbers"):
        hbcd.to_c(regressor(), tmp_path / "other.c")
    assert not (tmp_path / "other.c").exists()
