"""`to_fmi`: a unit of FMI whose sources and binary compute what the model predicts."""

import math

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.export.evaluation import jacobian_of
from hbcd.export.fmi import fmi_file
from hbcd.export.form import model_form
from hbcd.export.inputs import check_points
from hbcd.export.self_check import reference
from support.compiled_exports import CC
from support.exportable import ACTIVATIONS, FAST, model_of, regressor
from support.fmus import Calls, compiled_sources, description, unzipped

compiler = pytest.mark.skipif(CC is None, reason="there is no C compiler")
VERSIONS = ("2.0", "3.0")


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("depth", range(5))
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_sources_read_back_are_within_the_bound(activation, depth, outputs, tmp_path):
    path, version = tmp_path / "m.fmu", VERSIONS[depth % 2]
    model = regressor(activation, depth, outputs)
    record = hbcd.to_fmi(model, path, version=version, jacobian=outputs > 1, binary=False)
    assert (np.array(record.measured) <= np.array(record.bound)).all()
    assert hbcd.read_record(path) == record


@compiler
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["three classes", "gaps", "yeo-johnson of a median", "ensemble"])
def test_the_compiled_sources_predict_as_the_model(kind, version, tmp_path):
    model, path = model_of(kind), tmp_path / "m.fmu"
    record = hbcd.to_fmi(model, path, version=version, jacobian=True, binary=False)
    form = model_form(model)
    points = check_points(form.columns)[::53]
    wanted, slopes = reference(form, points), jacobian_of(form, points)
    fmu = Calls(*compiled_sources(path, tmp_path / "c"))
    n = len(form.columns)
    results = list(range(n + 1, n + 1 + len(form.outputs)))
    for row, point in enumerate(points):
        for k, column in enumerate(form.columns):
            if column.levels is None:
                assert fmu.set_number(k + 1, point[k]) == 0
                continue
            level = len(column.levels) if math.isnan(point[k]) else int(point[k])
            assert fmu.set_level(k + 1, level + 1) == 0
            assert fmu.get_level(k + 1) == (0, level + 1)
        assert (np.abs(np.array(fmu.numbers(results)) - wanted[row]) <= record.bound).all()
        for k, column in enumerate(form.columns):
            if column.levels is None:
                off = np.abs(np.array(fmu.slopes(results, k + 1)) - slopes[row, :, k])
                assert (off <= 1e-8 * np.abs(slopes).max()).all()
        if form.classes is not None:
            assert fmu.get_level(results[-1] + 1) == (0, int(wanted[row].argmax()) + 1)
    fmu.close()


@compiler
@pytest.mark.parametrize("kind", ["two classes", "dates and gaps"])
def test_the_binary_inside_is_run_before_the_file_is_kept(kind, tmp_path):
    record = hbcd.to_fmi(model_of(kind), tmp_path / "m.fmu", jacobian=True, binary=True)
    assert (np.array(record.measured) <= np.array(record.bound)).all()
    binaries = [name for name in unzipped(tmp_path / "m.fmu") if name.startswith("binaries/")]
    assert len(binaries) == 1
    assert not any("binary" in text for text in record.left_out)


@compiler
def test_a_binary_that_computes_something_else_is_refused(tmp_path, monkeypatch):
    library = fmi_file._library

    def of_other_sources(parts, binary):
        ((name, right),) = parts.own.items()
        parts.own[name] = right.replace(b"tanh_of(a[j])", b"tanh_of(a[j] * 1.001)")
        assert parts.own[name] != right
        found = library(parts, binary)
        parts.own[name] = right
        return found

    monkeypatch.setattr(fmi_file, "_library", of_other_sources)
    with pytest.raises(ValueError, match="fmi: differs from the model"):
        hbcd.to_fmi(regressor(), tmp_path / "m.fmu", binary=True)
    assert list(tmp_path.iterdir()) == []


@compiler
def test_a_bit_of_the_binary_that_is_written_wrongly_is_refused(tmp_path, monkeypatch):
    write, rng = fmi_file.archive, np.random.default_rng(0)

    def changed(entries, comment=""):
        (place,) = (name for name in entries if name.startswith("binaries/"))
        content = bytearray(entries[place])
        at = int(rng.integers(8 * len(content)))
        content[at // 8] ^= 1 << at % 8
        return write(entries | {place: bytes(content)}, comment)

    monkeypatch.setattr(fmi_file, "archive", changed)
    with pytest.raises(ValueError, match=r"fmi: binaries/.* reads back as another file"):
        hbcd.to_fmi(regressor(), tmp_path / "m.fmu", binary=True)
    assert list(tmp_path.iterdir()) == []


def test_without_a_compiler_the_sources_are_written_and_the_record_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    record = hbcd.to_fmi(regressor(), tmp_path / "m.fmu")
    assert "a binary: the C compiler fails" in record.left_out[0]
    assert "the importing tool compiles the sources" in str(record)
    assert not any(name.startswith("binaries/") for name in unzipped(tmp_path / "m.fmu"))
    with pytest.raises(ValueError, match=r"binary=True: the C compiler fails.*binary=False"):
        hbcd.to_fmi(regressor(), tmp_path / "n.fmu", binary=True)
    assert not (tmp_path / "n.fmu").exists()


@pytest.mark.parametrize(
    ("place", "right", "wrong"),
    [
        ("sources/model.h", b"START[3] = {1", b"START[3] = {2"),
        ("sources/model.h", b"LEVELS[3] = {0", b"LEVELS[3] = {3"),
        ("sources/fmi3.c", b"STATUS_OK", b"STATUS_ERROR"),
        ("sources/m_model.c", b"FACTOR[3] = {\n    0.1", b"FACTOR[3] = {\n    0.2"),
        ("sources/buildDescription.xml", b"fmi3.c", b"fmi2.c"),
        ("modelDescription.xml", b'start="1', b'start="2'),
        ("modelDescription.xml", b'valueReference="2"', b'valueReference="3"'),
        ("modelDescription.xml", b'name="x2"', b'name="x3"'),
    ],
)
def test_other_files_than_those_of_the_model_are_refused(
    place, right, wrong, tmp_path, monkeypatch
):
    write = fmi_file.archive

    def changed(entries, comment=""):
        assert right in entries[place]
        return write(entries | {place: entries[place].replace(right, wrong, 1)}, comment)

    monkeypatch.setattr(fmi_file, "archive", changed)
    with pytest.raises(ValueError, match=r"(c|fmi): .*nothing is written|fails its own test"):
        hbcd.to_fmi(regressor(), tmp_path / "m.fmu", binary=False)
    assert list(tmp_path.iterdir()) == []


def test_a_bit_that_changes_later_breaks_the_seal(tmp_path):
    path, rng = tmp_path / "m.fmu", np.random.default_rng(0)
    hbcd.to_fmi(regressor(), path, binary=False)
    content = path.read_bytes()
    for _ in range(40):
        at = int(rng.integers(8 * len(content)))
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        path.write_bytes(bytes(changed))
        with pytest.raises(ValueError, match=r"seal is broken|no record"):
            hbcd.read_record(path)


def test_the_same_model_gives_the_same_bytes_and_another_one_another_token(tmp_path):
    path, contents, tokens = tmp_path / "m.fmu", set(), set()
    for _ in range(2):
        hbcd.to_fmi(regressor(), path)
        contents.add(path.read_bytes())
    for model in (regressor(), regressor("relu"), regressor(outputs=3)):
        for version in VERSIONS:
            hbcd.to_fmi(model, path, version=version, binary=False)
            root = description(path)
            tokens.add(root.get("guid") or root.get("instantiationToken"))
    assert (len(contents), len(tokens)) == (1, 6)


def test_inputs_start_at_the_center_of_the_box_and_have_their_units(tmp_path):
    units = {"x1": "hPa", "prediction": "a<b>&\"'"}
    hbcd.to_fmi(regressor(), tmp_path / "m.fmu", units=units, binary=False)
    root = description(tmp_path / "m.fmu")
    low, high = (float(one) for one in regressor().feature_range_[:, 0])
    first = root.find("ModelVariables")[1]
    found = [float(first.get(name)) for name in ("min", "start", "max")]
    assert found == [low, 0.5 * low + 0.5 * high, high]
    assert (first.get("unit"), root.find("ModelVariables")[4].get("unit")) == tuple(units.values())
    assert {one.get("name") for one in root.iter("Unit")} == set(units.values())
    with pytest.raises(ValueError, match=r"units=\{'x9'.*must be an input or an output"):
        hbcd.to_fmi(regressor(), tmp_path / "n.fmu", units={"x9": "m"})


def named(names, levels=("a", "b")):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(60, len(names))), columns=list(names))
    table["kind"] = rng.choice(levels, size=60)
    y = pd.Series(rng.choice(["u", "v", "w"], size=60), name="what")
    return hbcd.HybridClassifier((2,), **FAST).fit(table, y)


def test_names_that_meet_get_a_number_and_stay_in_one_line(tmp_path):
    model = named(["time", "class", "power\n(MW)", "levels of kind"], ["a\tb", "a b"])
    hbcd.to_fmi(model, tmp_path / "m.fmu", binary=False)
    root = description(tmp_path / "m.fmu")
    names = [one.get("name") for one in root.find("ModelVariables")]
    assert names == ["time_2", "time", "class", "power (MW)", "levels of kind", "kind",
                     "probability_u", "probability_v", "probability_w", "class_2"]  # fmt: skip
    types = {one.get("name"): [item.get("name") for item in one.iter("Item")]
             for one in root.find("TypeDefinitions")}  # fmt: skip
    assert types == {"levels of kind_2": ["a b", "a b_2"], "classes": ["u", "v", "w"]}
    for version in VERSIONS:
        with pytest.raises(ValueError, match=r"columns: 'a\\x01' has '\\x01', which XML cannot"):
            hbcd.to_fmi(named(["a\x01"]), tmp_path / "n.fmu", version=version)


def test_what_a_file_cannot_be_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"version='1.0': must be one of 2.0, 3.0"):
        hbcd.to_fmi(regressor(), tmp_path / "m.fmu", version="1.0")
    columns = [f"column {k:03d} " + 200 * "x" for k in range(300)]
    with pytest.raises(ValueError, match=r"columns: their record has \d+ bytes"):
        hbcd.to_fmi(named(columns), tmp_path / "m.fmu", binary=False)
    assert list(tmp_path.iterdir()) == []
