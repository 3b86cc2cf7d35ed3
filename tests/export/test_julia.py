"""`to_julia`: the module computes what the model predicts, and its predictor does."""

import re

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.export.julia.julia_program import JuliaProgram, Vector
from support.exportable import (
    ACTIVATIONS,
    FAST,
    KINDS,
    classifier,
    model_of,
    of_table,
    regressor,
    rows,
)

NO_PREDICTOR = {"poisson", "log", "yeo-johnson", "yeo-johnson of a median", "mixed activations",
                "pieces"}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_module_read_back_is_the_model_of_every_kind(kind, tmp_path):
    path = tmp_path / "plant.jl"
    record = hbcd.to_julia(model_of(kind), path)
    assert (np.array(record.measured) <= np.array(record.bound)).all()
    assert hbcd.read_record(path) == record
    missing = [text for text in record.left_out if text.startswith("predictor(MathOptAI): ")]
    assert bool(missing) == (kind in NO_PREDICTOR)
    assert ("function predictor(" in path.read_text()) == (kind not in NO_PREDICTOR)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("depth", range(5))
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_module_read_back_is_within_the_bound(activation, depth, outputs, tmp_path):
    record = hbcd.to_julia(regressor(activation, depth, outputs), tmp_path / "m.jl")
    assert (np.array(record.measured) <= np.array(record.bound)).all()
    assert record.left_out == []


def test_what_a_table_refuses_is_an_error_that_names_the_input(tmp_path):
    path = tmp_path / "m.jl"
    model = of_table(gaps=True)
    hbcd.to_julia(model, path)
    program = JuliaProgram(path.read_text())

    def predicted(*row):
        return program.run("predict", Vector(np.array(row)[:, np.newaxis])).values[0, 0]

    row = pd.DataFrame([{"pressure": 1013.0, "a b*/": 0.02, "flow": np.nan, "grade": "C",
                         "open": True}])  # fmt: skip
    assert predicted(1013.0, 0.02, np.nan, 2.0, 1.0) == pytest.approx(model.predict(row)[0], 1e-12)
    for wrong, told in (
        ((np.nan, 0.02, 1.0, 2.0, 1.0), r"x\[1\].*must be a finite number"),
        ((1013.0, 0.02, np.inf, 2.0, 1.0), r"x\[3\].*must be a finite number, or NaN"),
        ((1013.0, 0.02, 1.0, 3.0, 1.0), r"x\[4\].*from 0 to 2, or NaN"),
        ((1013.0, 0.02, 1.0, 2.0, 0.5), r"x\[5\].*from 0 to 1"),
        ((1013.0, 0.02, 1.0, 2.0), "must have 5 numbers"),
    ):
        with pytest.raises(ValueError, match=told):
            predicted(*wrong)


def test_names_and_texts_are_those_of_julia(tmp_path):
    X, Y = rows()
    frame = pd.DataFrame(X, columns=['a "$b"', "\\c", "Größe 😀"])
    model = hbcd.HybridRegressor((2,), **FAST).fit(frame, Y[:, 0])
    for name, wanted in (("my plant-2", "MyPlant2"), ("3", "Model3"), ("main", "ModelMain"),
                         ("é", "Model")):  # fmt: skip
        hbcd.to_julia(model, tmp_path / f"{name}.jl")
        program = JuliaProgram((tmp_path / f"{name}.jl").read_text(encoding="ascii"))
        assert program.module.name == wanted
        assert program.constants["INPUTS"].values[:, 0].tolist() == list(frame.columns)
    hbcd.to_julia(classifier(2), tmp_path / "m.jl", name="reactor")
    text = (tmp_path / "m.jl").read_text()
    assert "module Reactor\n" in text
    assert 'const CLASSES = ["low", "mid"]' in text
    assert not re.search(r"\busing (?!LinearAlgebra)|\bimport\b", text)


def test_the_reader_knows_julia_and_not_what_was_written():
    text = (
        "# note\nmodule M\nusing LinearAlgebra\nconst A = reshape([1.0, 2.0, 3.0, 4.0], 2, 2)\n"
        'const B = [\n    10.0,\n    -2.0e1,\n]\n"""\nText.\n"""\nfunction f(x)\n'
        '    length(x) == 2 || throw(ArgumentError("x: wrong"))\n'
        "    y = A * x .+ B  #= two rows =#\n"
        "    return vcat(y[2:2], g.(y, 0.5), [maximum(y), y[1] > 0 ? 1.0 : -1.0])\nend\n"
        "g(z, s) = ifelse(z < 0, -z, s * z)\nend # module M\n"
    )
    found = JuliaProgram(text).run("f", Vector(np.array([[1.0, -9.0], [1.0, 0.0]])))
    assert found.values.tolist() == [[-14.0, -38.0], [7.0, 0.5], [14.0, 38.0], [14.0, 1.0],
                                     [1.0, 1.0]]  # fmt: skip
    for right, wrong, told in (
        (".+ B", "+ B", r"\+ of a vector needs a dot"),
        ("A * x", "A .* x", "of a matrix"),
        ("2, 2)", "2, 3)", "4 numbers are no 2 x 3"),
        ("y[2:2]", "y[2:3]", "reads 2:3 of 2 numbers"),
        ("y[1] >", "y[0] >", "reads 0 of 2 numbers"),
        ("g.(y", "h.(y", "calls 'h'"),
        (".+ B", ".+ [1.0, 2.0, 3.0]", "joins vectors of other lengths"),
        ("return vcat", "z = vcat", "f returns nothing"),
        ("LinearAlgebra", "Flux", "uses 'Flux'"),
        ("length(x) == 2", "length(x) == 3", "throws x: wrong"),
        ("end # module M", "", "ends where something must follow|has ''"),
    ):
        with pytest.raises(ValueError, match=told):
            JuliaProgram(text.replace(right, wrong)).run("f", Vector(np.ones((2, 1))))


@pytest.mark.parametrize("name", ["inputs", "A1", "LOW", "argumentError", "main", "scale"])
def test_a_module_is_not_called_as_a_constant_within_it(name, tmp_path):
    hbcd.to_julia(regressor(), tmp_path / f"{name}.jl")
    text = (tmp_path / f"{name}.jl").read_text()
    (module,) = re.findall(r"^module (\w+)$", text, re.M)
    assert f"const {module} =" not in text
    assert module not in ("ArgumentError", "Main")
