"""`to_structured_text`: the function block computes what the model predicts."""

import re

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.export.form import model_form
from hbcd.export.inputs import check_points
from hbcd.export.self_check import reference
from hbcd.export.structured_text.st_program import FunctionBlock
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

PARSED = [("gaps", "float32"), ("three classes", "float64"), ("mixed activations", "float64")]


def parsed(path):
    blocks = pytest.importorskip("support.blark_blocks", reason="blark is not installed",
                                 exc_type=ImportError)  # fmt: skip
    return blocks.Block(path.read_text())


def inputs_of(block, form, point):
    """A point as inputs of a block, by their order."""
    names = [n for n, one in block.source.variables.items() if one.section == "VAR_INPUT"]
    given, names = {}, iter(names)
    for column, value in zip(form.columns, point, strict=True):
        gap = bool(np.isnan(value))
        if column.levels is not None:
            given[next(names)] = -1 if gap else int(value)
            continue
        given[next(names)] = 0.0 if gap and column.gaps else float(value)
        if column.gaps:
            given[next(names)] = gap
    return given


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_block_read_back_is_the_model_of_every_kind(kind, dtype, tmp_path):
    model, path = model_of(kind), tmp_path / "plant.st"
    record = hbcd.to_structured_text(model, path, dtype=dtype)
    assert (np.array(record.measured) <= np.array(record.bound)).all()
    assert hbcd.read_record(path) == record
    assert max(map(len, path.read_text().splitlines())) <= 130


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("depth", range(5))
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_block_read_back_is_within_the_bound(activation, depth, outputs, tmp_path):
    model = regressor(activation, depth, outputs)
    for dialect in ("iec", "scl") if depth == 2 else ("iec",):
        record = hbcd.to_structured_text(model, tmp_path / "m.st", dialect=dialect)
        assert (np.array(record.measured) <= np.array(record.bound)).all()


@pytest.mark.parametrize(("kind", "dtype"), PARSED)  # blark takes seconds for each
def test_blark_reads_the_block_and_its_tree_gives_the_predictions(kind, dtype, tmp_path):
    model, path = model_of(kind), tmp_path / "plant.st"
    record = hbcd.to_structured_text(model, path, dtype=dtype)
    block, ours, form = parsed(path), FunctionBlock(path.read_text()), model_form(model)
    points = check_points(form.columns)[::300]
    points = points.astype(dtype).astype(float)
    wanted = reference(form, points)
    for point, y in zip(points, wanted, strict=True):
        found = block(**inputs_of(ours, form, point))
        assert found["VALID"]
        names = [n for n, one in ours.source.variables.items() if one.section == "VAR_OUTPUT"]
        values = [found[name] for name in names[: len(y)]]
        assert (np.abs(np.array(values) - y) <= np.array(record.bound)).all()
        if form.classes is not None:
            assert found["CLASS_NUMBER"] == np.argmax(values)


def one_row(path, **inputs):
    found = FunctionBlock(path.read_text()).run({k: np.array([v]) for k, v in inputs.items()})
    return {name: value[0] for name, value in found.items()}


def test_what_is_no_number_no_level_or_far_away_is_not_valid(tmp_path):
    path = tmp_path / "m.st"
    hbcd.to_structured_text(of_table(), path)
    good = {"pressure": 1013.0, "a_b": 0.02, "flow": -50.0, "grade": 1, "open": 0}
    assert one_row(path, **good)["VALID"]
    assert not one_row(path, **good)["OUT_OF_RANGE"]
    for name, wrong in (("pressure", np.nan), ("a_b", np.inf), ("flow", -np.inf), ("a_b", 1e9),
                        ("grade", 3), ("grade", -1), ("open", 2)):  # fmt: skip
        found = one_row(path, **(good | {name: wrong}))
        assert not found["VALID"], (name, wrong)
        assert found["power"] == 0.0  # nothing was computed: the value that was there
    beyond = one_row(path, **(good | {"flow": 1e5}))
    assert beyond["VALID"]
    assert beyond["OUT_OF_RANGE"]


def test_a_missing_number_and_a_missing_level_have_inputs_of_their_own(tmp_path):
    path = tmp_path / "m.st"
    hbcd.to_structured_text(of_table(gaps=True), path)
    given = {"pressure": 1013.0, "a_b": 0.02, "flow": 0.0, "flow_MISSING": True, "grade": -1,
             "open": 0}  # fmt: skip
    found = one_row(path, **given)
    assert found["VALID"]
    assert found["power"] == one_row(path, **(given | {"flow": np.nan}))["power"]
    assert found["power"] != one_row(path, **(given | {"flow_MISSING": False}))["power"]


def test_no_exponential_overflows_and_a_prediction_too_large_is_not_valid(tmp_path):
    path = tmp_path / "m.st"
    hbcd.to_structured_text(model_of("poisson"), path)
    spread = np.array([6.0, 1e-3, 400.0]) * 5e5  # as far as VALID lets inputs go, nearly
    for sign in np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, -1).T:
        x = np.array([1013.0, 0.02, -50.0]) + sign * spread
        assert one_row(path, x1=x[0], x2=x[1], x3=x[2])["VALID"]  # tanh holds it
    X, Y = rows()
    line = hbcd.HybridRegressor((), loss="poisson", **FAST).fit(X, np.exp(Y[:, 0]))
    hbcd.to_structured_text(line, path)
    names = {"x1": 1013.0, "x2": 0.02, "x3": -50.0}
    slopes = [one_row(path, **(names | {"x1": 1013.0 + d}))["VALID"] for d in (0.0, 3e6, -3e6)]
    assert sorted(slopes) == [False, True, True]


def test_names_are_legal_distinct_and_short(tmp_path):
    X, y = hbcd.make_plant(60, rng=0, return_X_y=True)
    names = ["IF", "if", "9 lives", "Übergroße Temperatur in °C am Austritt des Reaktors"]
    table = pd.DataFrame(np.asarray(X), columns=names)
    model = hbcd.HybridRegressor((2,), max_iter=3, random_state=0, strategy="full_batch")
    path = tmp_path / "for.st"
    hbcd.to_structured_text(model.fit(table, y), path)
    block = FunctionBlock(path.read_text())
    made = [n for n, one in block.source.variables.items() if one.section == "VAR_INPUT"]
    assert len({name.casefold() for name in made}) == 4
    assert made[:3] == ["IF_2", "if_3", "input_9_lives"]
    for name in [*made, block.source.name]:
        assert re.fullmatch(r"[A-Za-z](?:_?[A-Za-z0-9])*", name)
        assert len(name) <= 32
    assert block.source.name == "for_2"


def test_no_two_names_differ_by_case_alone(tmp_path):
    X, Y = rows()
    gap = np.where(np.arange(len(X)) % 5 == 0, np.nan, X[:, 0])
    frame = pd.DataFrame({"a": gap, "a_MISSING": X[:, 1], "A_missing": X[:, 2]})
    model = hbcd.HybridRegressor((2,), missing="indicator", **FAST)
    hbcd.to_structured_text(model.fit(frame, Y[:, 0]), tmp_path / "m.st")
    variables = FunctionBlock((tmp_path / "m.st").read_text()).source.variables
    made = [name for name, one in variables.items() if one.section == "VAR_INPUT"]
    assert made == ["a", "a_MISSING_3", "a_MISSING", "A_missing_2"]
    assert len({name.casefold() for name in variables}) == len(variables)


def test_what_siemens_reads_has_the_same_statements(tmp_path):
    hbcd.to_structured_text(classifier(2), tmp_path / "m.st")
    hbcd.to_structured_text(classifier(2), tmp_path / "m.scl", dialect="scl")
    iec, scl = ((tmp_path / name).read_text() for name in ("m.st", "m.scl"))
    iec, scl = (text[text.index("FUNCTION_BLOCK") :] for text in (iec, scl))
    assert 'FUNCTION_BLOCK "m"' in scl
    assert "\nBEGIN\n#VALID := TRUE;" in scl
    assert "    #current := #BIASES[0 + #j];" in scl
    assert not re.search(r"(?<!#)\b(VALID|x1|current|inner|i)\b", scl.partition("BEGIN")[2])
    plain = re.sub(r"#(?=[A-Za-z])", "", scl).replace('"', "").replace("BEGIN", "(* Statements *)")
    assert plain == iec.replace("VAR CONSTANT", "VAR")


def test_what_is_asked_wrongly_is_refused(tmp_path):
    with pytest.raises(ValueError, match="dtype='float16': must be one of float64, float32"):
        hbcd.to_structured_text(regressor(), tmp_path / "m.st", dtype="float16")
    with pytest.raises(ValueError, match="dialect='codesys': must be one of iec, scl"):
        hbcd.to_structured_text(regressor(), tmp_path / "m.st", dialect="codesys")
    X, Y = rows()
    large = hbcd.HybridRegressor((2,), **FAST).fit(X * 1e38, Y[:, 0])
    for write in (hbcd.to_structured_text, hbcd.to_c):
        with pytest.raises(ValueError, match=r"x1: has a range that float32 cannot hold"):
            write(large, tmp_path / "m.st", dtype="float32")
    far = hbcd.HybridRegressor((2,), **FAST).fit(X, Y[:, 0] * 1e40)
    with pytest.raises(ValueError, match=r"dtype='float32': cannot hold SCALE of the model"):
        hbcd.to_structured_text(far, tmp_path / "m.st", dtype="float32")
    assert list(tmp_path.iterdir()) == []
    hbcd.to_structured_text(large, tmp_path / "m.st")


def test_the_reader_knows_the_language_and_not_what_was_written():
    head = "FUNCTION_BLOCK f VAR_INPUT a : LREAL; END_VAR VAR_OUTPUT b : LREAL; n : DINT; END_VAR "
    local = "VAR w : ARRAY[0..2] OF LREAL := [1.0, -2.5, 4.0E+01]; i : DINT; END_VAR "
    text = head + local + (
        "b := LREAL#0.0; (* text *) FOR i := 0 TO 2 DO IF (w[i] > LREAL#0.0) AND NOT (a < a) THEN "
        "b := b + w[2 - i] * a; n := i; ELSE b := -b; END_IF; END_FOR; END_FUNCTION_BLOCK"
    )  # fmt: skip
    found = FunctionBlock(text).run({"a": np.array([1.0, -2.0])})
    assert found["b"].tolist() == [-39.0, 78.0]
    assert found["n"].tolist() == [2, 2]
    for right, wrong, told in (
        ("b := -b", "b := REAL#1.0", "b is LREAL, its new value is not"),
        ("b + w", "REAL#1.0 + w", r"\+ joins two types"),
        ("w[2 - i]", "w[3 - i]", r"reads w\[3\]"),
        ("n := i", "a := b", "writes to a"),
        ("n := i", "m := i", "writes to m"),
        ("-2.5, ", "", "w has 2 numbers, must have 3"),
        ("LREAL#0.0; ", "u; ", "reads 'u'"),
    ):
        with pytest.raises(ValueError, match=told):
            FunctionBlock(text.replace(right, wrong, 1)).run({"a": np.array([1.0])})
