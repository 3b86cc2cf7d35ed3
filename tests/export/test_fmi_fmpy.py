"""FMUs in FMPy: nothing is wrong with them, they simulate, and it compiles their sources."""

import shutil

import numpy as np
import pytest

import hbcd
from hbcd.export.form import model_form
from hbcd.export.inputs import check_points
from hbcd.export.self_check import reference
from support.compiled_exports import CC
from support.exportable import KINDS, model_of
from support.fmus import description

fmpy = pytest.importorskip("fmpy")
validation = pytest.importorskip("fmpy.validation")
VERSIONS = ("2.0", "3.0")
pytestmark = pytest.mark.filterwarnings("ignore")  # of FMPy


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_validation_finds_no_problem(kind, tmp_path):
    model, path = model_of(kind), tmp_path / "m.fmu"
    units = {column.name: "a/b <c>" for column in model_form(model).columns}
    for version in VERSIONS:
        hbcd.to_fmi(model, path, version=version, jacobian=version > "2", units=units, binary=False)
        assert validation.validate_fmu(str(path)) == []


def simulated(path, model, kind):
    """Outputs of simulations, each of one point of the box, and what the model predicts there."""
    form = model_form(model)
    points = check_points(form.columns)[:200:11]
    names = [one.get("name") for one in description(path).find("ModelVariables")][1:]
    outputs = names[len(form.columns) :][: len(form.outputs)]
    rows = []
    for point in points:
        given = {}
        for name, column, value in zip(names, form.columns, point, strict=False):
            count = None if column.levels is None else len(column.levels)
            level = count if np.isnan(value) else value
            given[name] = value if count is None else int(level) + 1
        found = fmpy.simulate_fmu(str(path), start_values=given, stop_time=1.0, step_size=1.0,
                                  output_interval=1.0, fmi_type=kind, output=outputs)  # fmt: skip
        rows.append([found[name][-1] for name in outputs])
    return np.array(rows), reference(form, points)


@pytest.mark.skipif(CC is None, reason="there is no C compiler")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", ["three classes", "gaps", "ensemble of two targets"])
def test_a_simulation_gives_what_the_model_predicts(kind, version, tmp_path):
    model, path = model_of(kind), tmp_path / "m.fmu"
    record = hbcd.to_fmi(model, path, version=version, binary=True)
    kinds = ["CoSimulation"] + ([] if "classes" in kind else ["ModelExchange"])
    for one in kinds:
        found, wanted = simulated(path, model, one)
        assert (np.abs(found - wanted) <= record.bound).all()


@pytest.mark.skipif(CC is None or shutil.which("cmake") is None, reason="FMPy needs cmake and cc")
@pytest.mark.parametrize("version", VERSIONS)
def test_sources_compiled_by_fmpy_predict_as_the_model(version, tmp_path):
    build = pytest.importorskip("fmpy.build")
    model, path, folder = model_of("text"), tmp_path / "m.fmu", tmp_path / "unzipped"
    record = hbcd.to_fmi(model, path, version=version, binary=False)
    fmpy.extract(str(path), str(folder))
    build.build_platform_binary(folder, all_warnings=True)
    form = model_form(model)
    start = check_points(form.columns)[:1]
    given = {c.name: start[0, k] if c.levels is None else int(start[0, k]) + 1
             for k, c in enumerate(form.columns)}  # fmt: skip
    found = fmpy.simulate_fmu(str(folder), start_values=given, stop_time=1.0, output_interval=1.0)
    assert abs(found["power"][-1] - reference(form, start)[0, 0]) <= record.bound[0]
