"""Readers of exports: each writes a model for a target, and has the target's own tool compute it.

A new target joins by a function ``read(case, folder)`` under `@reader`, which gives the record of
the export and what its tool computes at `case.points`.
"""

import importlib.util
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import hbcd
from hbcd.export.form import model_form
from hbcd.export.inputs import check_points, feature_columns, features_of
from hbcd.export.self_check import reference

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

READERS: "dict[str, Reader]" = {}


@dataclass(frozen=True, eq=False)
class Case:
    """A model, and points of its columns with what it predicts there."""

    model: object
    form: object
    points: np.ndarray

    @property
    def features(self):
        """The points as the features that targets without text and gaps take."""
        return features_of(self.form.columns, self.points)

    def predicted(self, record):
        """What the model predicts, without the range that the export leaves out."""
        return reference(self.form, self.points, ends=not record.left_out)


def case_of(model, count, dtype="float64"):
    """A model with so many points: of low discrepancy, and corners."""
    form = model_form(model)
    every = check_points(form.columns)
    points = every[np.linspace(0, len(every) - 1, count).astype(int)]
    return Case(model, form, points.astype(dtype).astype(float))


@dataclass(frozen=True)
class Reader:
    """How a target is read back.

    Attributes
    ----------
    target : str
        A name of `hbcd.export.targets.TARGETS`, or of an object that a model becomes.
    name : str
        What reads it.
    read : callable
    needs : tuple of str
        Modules, or programs after "program:".
    points : int
    dtype : str
    slack : float
        Of a solver, whose tolerance comes on top of the bound, relative to the predictions.
    every : int
        It reads one model in so many, where it takes seconds for each.
    """

    target: str
    name: str
    read: Callable
    needs: tuple[str, ...] = ()
    points: int = 40
    dtype: str = "float64"
    slack: float = 0.0
    every: int = 1

    @property
    def missing(self):
        """What is not installed."""
        return [name for name in self.needs if not _found(name)]

    def distance(self, model, folder):
        """The largest difference from the model over the bound, of all outputs."""
        case = case_of(model, self.points, self.dtype)
        record, found = self.read(case, folder)
        wanted = case.predicted(record)
        size = np.abs(wanted).max(axis=0)
        bound = np.array([np.nan if b is None else b for b in record.bound], float)
        bound = np.where(np.isnan(bound), 1e-4 * size, bound) + self.slack * size + 1e-300
        off = np.abs(np.reshape(found, wanted.shape) - wanted)
        return float((off / bound).max())


def _found(name):
    kind, _, program = name.partition(":")
    try:
        return shutil.which(program) if program else importlib.util.find_spec(kind) is not None
    except ModuleNotFoundError:
        return False


def reader(target, name, *needs, **options):
    """Registers a function."""

    def registered(read):
        READERS[f"{target}: {name}"] = Reader(target, name, read, needs, **options)
        return read

    return registered


# ---- files


def _c(dtype, real):
    def read(case, folder):
        from support.compiled_exports import compiled

        record = hbcd.to_c(case.model, folder / "m.c", dtype=dtype)
        status, found, _ = compiled(folder / "m.c", case.points, len(record.outputs), real)
        assert not status.any()
        return record, found

    return read


reader("c", "float64, compiler", "program:cc")(_c("float64", "double"))
reader("c", "float32, compiler", "program:cc", dtype="float32")(_c("float32", "float"))


def _onnx(dialect):
    def read(case, folder):
        import onnxruntime

        record = hbcd.to_onnx(case.model, folder / "m.onnx", dialect=dialect)
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = 1  # more would wait for each other over single rows
        known = onnxruntime.InferenceSession(
            str(folder / "m.onnx"), settings, providers=["CPUExecutionProvider"]
        )
        first = known.get_outputs()[0].name
        given = _onnx_inputs(case, dialect)
        if dialect != "static":
            return record, known.run([first], given)[0]
        rows = (given["X"][k : k + 1] for k in range(len(case.points)))
        return record, np.vstack([known.run([first], {"X": row})[0] for row in rows])

    return read


def _onnx_inputs(case, dialect):
    encoder = case.model.encoder_
    if dialect != "general" or encoder is None or not encoder.named:
        values = case.points if dialect == "general" else case.features
        return {"X": values.astype("float32" if dialect == "float32" else "float64")}
    given = {}
    for k, column in enumerate(case.form.columns):
        values = case.points[:, [k]]
        if column.levels is not None:
            gap = np.isnan(values)
            texts = np.array(column.levels, object)[np.where(gap, 0, values).astype(int)]
            texts[gap] = ""
            values = texts
        given[column.name] = values
    return given


for _dialect in ("general", "omlt", "static"):
    reader("onnx", f"{_dialect}, onnxruntime", "onnx", "onnxruntime")(_onnx(_dialect))
# Runtimes do not say how exact their functions of float32 are.
reader("onnx", "float32, onnxruntime", "onnx", "onnxruntime", dtype="float32", slack=1e-5)(
    _onnx("float32")
)


@reader("onnx", "omlt, OMLT", "onnx", "omlt", points=8)
def _omlt(case, folder):
    from omlt.io.onnx import load_onnx_neural_network_with_bounds

    record = hbcd.to_onnx(case.model, folder / "m.onnx", dialect="omlt")
    network = load_onnx_neural_network_with_bounds(str(folder / "m.onnx"))
    found = []
    for values in case.features:
        for layer in list(network.layers)[1:]:
            values = layer.eval_single_layer(values)
        found.append(values)
    return record, np.array(found)


def _fmi(version):
    def read(case, folder):
        import fmpy

        from support.fmus import description

        record = hbcd.to_fmi(case.model, folder / "m.fmu", version=version, binary=True)
        path = folder / "m.fmu"
        names = [one.get("name") for one in description(path).find("ModelVariables")][1:]
        n = len(case.form.columns)
        outputs, found = names[n : n + len(record.outputs)], []
        for point in case.points:
            given = {}
            for name, column, value in zip(names, case.form.columns, point, strict=False):
                levels = column.levels
                place = value if levels is None else len(levels) if np.isnan(value) else value
                given[name] = place if levels is None else int(place) + 1
            done = fmpy.simulate_fmu(
                str(path), start_values=given, stop_time=1.0, step_size=1.0, output_interval=1.0,
                fmi_type="CoSimulation", output=outputs,
            )  # fmt: skip
            found.append([done[name][-1] for name in outputs])
        return record, np.array(found)

    return read


reader("fmi", "2.0, FMPy", "fmpy", "program:cc", points=4, every=3)(_fmi("2.0"))
reader("fmi", "3.0, FMPy", "fmpy", "program:cc", points=4, every=3)(_fmi("3.0"))


def _structured_text(dtype):
    def read(case, folder):
        from hbcd.export.structured_text.st_program import FunctionBlock
        from support.blark_blocks import Block

        record = hbcd.to_structured_text(case.model, folder / "m.st", dtype=dtype)
        text = (folder / "m.st").read_text()
        variables = FunctionBlock(text).source.variables.items()
        names = {kind: [n for n, one in variables if one.section == kind]
                 for kind in ("VAR_INPUT", "VAR_OUTPUT")}  # fmt: skip
        block, found = Block(text), []
        for point in case.points:
            values = []
            for column, value in zip(case.form.columns, point, strict=True):
                gap = bool(np.isnan(value))
                if column.levels is not None:
                    values.append(-1 if gap else int(value))
                else:
                    values += [0.0 if gap else float(value)] + [gap] * column.gaps
            done = block(**dict(zip(names["VAR_INPUT"], values, strict=True)))
            assert done["VALID"]
            found.append([done[name] for name in names["VAR_OUTPUT"][: len(record.outputs)]])
        return record, np.array(found)

    return read


reader("structured_text", "LREAL, blark", "blark", points=3, every=17)(_structured_text("float64"))
reader("structured_text", "REAL, blark", "blark", points=3, dtype="float32", every=17)(
    _structured_text("float32")
)


# `formulas` rounds the difference of two numbers to 15 decimals: slopes multiply what is lost.
@reader("excel", "formulas", "formulas", "openpyxl", points=2, every=7, slack=1e-11)
def _excel(case, folder):
    import formulas
    import openpyxl

    path = folder / "m.xlsx"
    record = hbcd.to_excel(case.model, path, rows=len(case.points))
    book = openpyxl.load_workbook(path)
    for i, point in enumerate(case.points):
        for k, (column, value) in enumerate(zip(case.form.columns, point, strict=True)):
            cell = None if np.isnan(value) else float(value)
            if cell is not None and column.levels is not None:
                cell = column.levels[int(value)]
            book["Inputs"].cell(7 + i, 2 + k).value = cell
    for cell in (one for sheet in book for row in sheet.iter_rows() for one in row):
        if isinstance(cell.value, float):  # openpyxl would write 16 digits of 17
            cell.value, cell.data_type = repr(cell.value), "n"
    book.save(path)
    done = formulas.ExcelModel().loads(str(path)).finish().calculate()
    found = np.empty((len(case.points), len(record.outputs)))
    for i, k in np.ndindex(found.shape):
        cell = openpyxl.utils.get_column_letter(3 + k) + str(7 + i)
        found[i, k] = done[f"'[{path.name}]OUTPUTS'!{cell}"].value[0, 0]
    return record, found


# ---- objects


@reader("casadi", "CasADi", "casadi")
def _casadi(case, _):
    function, record = hbcd.to_casadi(case.model, return_record=True)
    return record, np.array(function(case.features.T)).T


def _columns(case):
    return feature_columns(case.form.columns, case.form.features)


def _problem(case, formulation):
    import pyomo.environ as pyo

    problem = pyo.ConcreteModel()
    problem.plant = pyo.Block()
    record = hbcd.to_pyomo(case.model, problem.plant, formulation=formulation)
    return (
        problem,
        record,
        list(problem.plant.inputs.values()),
        list(problem.plant.outputs.values()),
    )


def _solved(problem, inputs, outputs, features, solve):
    """Outputs of a block whose inputs are held, by a solver."""
    import pyomo.environ as pyo

    problem.goal = pyo.Objective(expr=outputs[0])
    found = []
    for values in features:
        for one, value in zip(inputs, values, strict=True):
            one.fix(float(value), skip_validation=True)
        solve(problem)
        found.append([pyo.value(one) for one in outputs])
    return np.array(found)


def _by_ipopt(problem):
    from bench.exports.worked_case import ipopt

    ipopt(problem)


def _by_highs(problem):
    import pyomo.environ as pyo

    pyo.SolverFactory("appsi_highs").solve(problem)


def _pyomo(formulation, solve):
    def read(case, _):
        problem, record, inputs, outputs = _problem(case, formulation)
        return record, _solved(problem, inputs, outputs, case.features, solve)

    return read


for _formulation in ("full_space", "reduced_space"):
    reader("pyomo", f"{_formulation}, .nl and Ipopt", "pyomo", "casadi", points=3, slack=1e-8)(
        _pyomo(_formulation, _by_ipopt)
    )
reader("pyomo", "relu_bigm, HiGHS", "pyomo", "highspy", points=3, slack=1e-6)(
    _pyomo("relu_bigm", _by_highs)
)


@reader("idaes", "SurrogateBlock, .nl and Ipopt", "idaes", "casadi", points=3, slack=1e-8, every=3)
def _idaes(case, _):
    import pyomo.environ as pyo
    from idaes.core.surrogate.surrogate_block import SurrogateBlock

    surrogate = hbcd.to_idaes(case.model)
    problem = pyo.ConcreteModel()
    problem.plant = SurrogateBlock()
    problem.plant.build_model(surrogate)
    sides = (list(one.values()) for one in (problem.plant.inputs, problem.plant.outputs))
    found = _solved(problem, *sides, case.features, _by_ipopt)
    return surrogate.record, found


def _gurobi(relu):
    def read(case, _):
        import gurobipy

        with gurobipy.Env(params={"OutputFlag": 0}) as env, gurobipy.Model(env=env) as problem:
            made = hbcd.to_gurobi(case.model, problem, relu=relu)
            outputs, found = list(made.outputs.values()), []
            problem.Params.FeasibilityTol = 1e-9
            for values in case.features:
                for one, value in zip(made.inputs.values(), values, strict=True):
                    one.LB = one.UB = float(value)
                problem.setObjective(outputs[0])
                problem.optimize()
                found.append([one.X for one in outputs])
        return made.record, np.array(found)

    return read


for _relu in ("bigm", "sos"):
    reader("gurobi", f"{_relu}, Gurobi", "gurobipy", points=2, slack=1e-5)(_gurobi(_relu))


@reader("gekko", "GEKKO's solver", "gekko", points=2, slack=1e-6, every=3)
def _gekko(case, _):
    import gekko

    found = []
    for values in case.features:
        problem = gekko.GEKKO(remote=False)
        made = hbcd.to_gekko(case.model, problem)
        for one, value in zip(made.inputs.values(), values.tolist(), strict=True):
            one.value = value
            problem.Equation(one == value)
        if problem.options.SOLVER == 1:
            problem.solver_options = ["minlp_integer_tol 1e-8"]
        problem.options.RTOL = problem.options.OTOL = 1e-9
        problem.solve(disp=False)
        found.append([one.value[0] for one in made.outputs.values()])
        problem.cleanup()
    return made.record, np.array(found)


@reader("scip", "SCIP", "pyscipopt", points=2, slack=1e-5, every=3)
def _scip(case, _):
    import pyscipopt

    found = []
    for values in case.features:
        problem = pyscipopt.Model()
        problem.hideOutput()
        made = hbcd.to_scip(case.model, problem)
        for one, value in zip(made.inputs.values(), values.tolist(), strict=True):
            problem.addCons(one == value)
        problem.optimize()
        found.append([problem.getVal(one) for one in made.outputs.values()])
    return made.record, np.array(found)
