"""`to_pyomo`: the equations are the model, and solvers find its optimum."""

import numpy as np
import pandas as pd
import pytest

import hbcd
from support.exportable import ACTIVATIONS, KINDS, model_of, regressor, rows
from support.ipopt import ipopt

pyo = pytest.importorskip("pyomo.environ", reason="the extra pyomo is not installed")
NONLINEAR = ("full_space", "reduced_space")
PIECEWISE_LINEAR = ("relu_bigm", "relu_sos")
LINEAR = {"relu", "leaky_relu", "identity"}


def block_of(model, formulation, **options):
    problem = pyo.ConcreteModel()
    problem.plant = pyo.Block()
    record = hbcd.to_pyomo(model, problem.plant, formulation=formulation, **options)
    return problem, record


@pytest.mark.parametrize("formulation", NONLINEAR)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_equations_are_the_model_of_every_kind(kind, formulation):
    problem, record = block_of(model_of(kind), formulation)
    assert (np.array(record.measured) <= np.array(record.bound)).all()
    assert list(problem.plant.outputs) == record.outputs
    assert bool(record.left_out) == (kind.startswith("ensemble") or kind == "kept within a range")


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("depth", [0, 1, 4])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_equations_are_the_model_of_every_depth(activation, depth, outputs):
    model = regressor(activation, depth, outputs)
    for formulation in (*NONLINEAR, *(PIECEWISE_LINEAR if activation in LINEAR else ())):
        _, record = block_of(model, formulation)
        assert (np.array(record.measured) <= np.array(record.bound)).all()


@pytest.mark.parametrize("formulation", NONLINEAR)
def test_ipopt_finds_the_optimum_that_optimize_inputs_finds(formulation, tmp_path):
    X, y = hbcd.make_plant(1500, rng=0, return_X_y=True)
    model = hbcd.HybridRegressor((8, 8), random_state=0, max_iter=300).fit(X, y)
    best = hbcd.optimize_inputs(model, "max", constraints=[({0: 1.0, 1: 1.0}, None, 90.0)])
    low, high = model.feature_range_
    found = []
    for start in np.random.default_rng(0).random((3, X.shape[1])):
        problem, _ = block_of(model, formulation)
        x, (name,) = problem.plant.inputs, problem.plant.outputs
        for k, one in enumerate(x.values()):
            one.set_value(float(low[k] + start[k] * (high[k] - low[k])))
        problem.limit = pyo.Constraint(expr=x["x1"] + x["x2"] <= 90.0)
        problem.most = pyo.Objective(expr=-problem.plant.outputs[name])
        found.append(-ipopt(problem, tmp_path))
    assert max(found) == pytest.approx(best.value, rel=1e-6)


def highs(problem, _):
    solver = pyo.SolverFactory("appsi_highs")
    if not solver.available(exception_flag=False):
        pytest.skip("HiGHS is not installed")
    solver.config.mip_gap = 1e-9
    solver.solve(problem)
    return pyo.value(problem.most), [pyo.value(one) for one in problem.plant.inputs.values()]


def scip(problem, tmp_path):
    """Solved by SCIP, which takes special ordered sets: HiGHS has none."""
    pyscipopt = pytest.importorskip("pyscipopt", reason="pyscipopt is not installed")
    path = str(tmp_path / "problem.lp")
    problem.write(path, io_options={"symbolic_solver_labels": True})
    solver = pyscipopt.Model()
    solver.hideOutput()
    solver.readProblem(path)
    solver.setParam("limits/gap", 1e-9)
    solver.optimize()
    values = {one.name: solver.getVal(one) for one in solver.getVars()}
    return solver.getObjVal(), [values[f"plant_inputs({name})"] for name in problem.plant.inputs]


@pytest.mark.parametrize(("solve", "formulation"), [(highs, "relu_bigm"), (scip, "relu_sos")])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_a_mixed_integer_solver_finds_the_global_optimum_of_relu(
    activation, solve, formulation, tmp_path
):
    model = regressor(activation, depth=2, max_iter=60)
    problem, _ = block_of(model, formulation)
    (name,) = problem.plant.outputs
    problem.most = pyo.Objective(expr=problem.plant.outputs[name], sense=pyo.maximize)
    value, x = solve(problem, tmp_path)
    assert model.predict(np.array([x]))[0] == pytest.approx(value, abs=1e-6)
    low, high = model.feature_range_
    tried = model.predict(low + np.random.default_rng(0).random((200_000, 3)) * (high - low))
    assert tried.max() <= value + 1e-6
    assert value <= float(np.max(model.output_bounds()[1])) + 1e-6


def test_the_inputs_may_be_variables_of_the_problem():
    model, (X, _) = regressor(), rows()
    problem = pyo.ConcreteModel()
    problem.x = pyo.Var(range(3), initialize=0.0)
    problem.y = pyo.Var()
    problem.plant = pyo.Block()
    given = [problem.x[0], 1e-3 * problem.x[1], problem.x[2] + 1.0]
    hbcd.to_pyomo(model, problem.plant, inputs=given, outputs=[problem.y],
                  formulation="reduced_space")  # fmt: skip
    for k, value in enumerate([X[0, 0], 1e3 * X[0, 1], X[0, 2] - 1.0]):
        problem.x[k].set_value(value)
    problem.y.set_value(float(model.predict(X[:1])[0]))
    (equation,) = problem.plant.prediction.values()
    assert abs(pyo.value(equation.body) - pyo.value(equation.upper)) < 1e-12


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"formulation": "big"}, "formulation='big': must be one of full_space, reduced_space"),
        ({"formulation": "relu_bigm"}, "must be piecewise linear, the model has tanh"),
        ({"formulation": "relu_sos"}, "'relu_sos': must be piecewise linear, the model has tanh"),
        ({"formulation": "full_space", "inputs": [1.0]}, "inputs: has 1, must have 3: x1, x2, x3"),
    ],
)
def test_what_cannot_be_is_refused(options, text):
    with pytest.raises(ValueError, match=text):
        block_of(regressor(), **options)


@pytest.mark.parametrize("formulation", PIECEWISE_LINEAR)
def test_a_relu_network_needs_bounds_of_its_inputs(formulation):
    problem = pyo.ConcreteModel()
    problem.x = pyo.Var(range(3))
    with pytest.raises(ValueError, match="inputs: x1 has no bounds"):
        hbcd.to_pyomo(regressor("relu"), problem, inputs=list(problem.x.values()),
                      formulation=formulation)  # fmt: skip


@pytest.mark.parametrize("name", ["inputs", "outputs", "prediction", "z"])
def test_a_block_that_has_a_name_of_the_model_stays_as_it_was(name):
    problem = pyo.ConcreteModel()
    setattr(problem, name, pyo.Var())
    before = getattr(problem, name)
    with pytest.raises(ValueError, match=f"block: has '{name}' already"):
        hbcd.to_pyomo(regressor(), problem)
    assert list(problem.component_map().values()) == [before]


@pytest.mark.parametrize(
    ("model", "options", "told"),
    [
        ("tanh", {"outputs": [1.0, 2.0]}, "outputs: has 2, must have 1"),
        ("tanh", {"inputs": ["a", "b", "c"]}, "inputs: x1 is 'a', must be a variable"),
        ("tanh", {"inputs": [None, 1.0, 1.0]}, "inputs: x1 is None, must be a variable"),
        ("relu", {"inputs": "free", "formulation": "relu_bigm"}, "has no bounds"),
        ("tanh", {"inputs": {"x1": 1.0, "x2": 1.0, "other": 1.0}}, "inputs: has 'other'"),
        ("tanh", {"inputs": {"x1": 1.0, "x2": 1.0}}, "inputs: lacks 'x3'"),
    ],
)
def test_a_failure_leaves_nothing_in_the_block(model, options, told):
    problem = pyo.ConcreteModel()
    problem.free = pyo.Var(range(3))
    if options.get("inputs") == "free":
        options = options | {"inputs": problem.free}
    before = dict(problem.component_map())
    with pytest.raises(ValueError, match=told):
        hbcd.to_pyomo(regressor(model), problem, **options)
    assert dict(problem.component_map()) == before


@pytest.mark.parametrize("wrong", [None, object(), pyo.Block([1, 2]), pyo.AbstractModel()])
def test_what_is_no_block_is_refused(wrong):
    with pytest.raises(ValueError, match="must be a ConcreteModel"):
        hbcd.to_pyomo(regressor(), wrong)


def test_inputs_in_a_mapping_are_taken_by_name():
    model, (X, _) = regressor(), rows()
    problem = pyo.ConcreteModel()
    problem.x = pyo.Var(["x3", "x1", "x2"])
    hbcd.to_pyomo(model, problem, inputs=problem.x, formulation="reduced_space")
    for k, name in enumerate(["x1", "x2", "x3"]):
        problem.x[name].set_value(X[0, k])
    problem.outputs["prediction"].set_value(0.0)
    (equation,) = problem.prediction.values()
    found = abs(pyo.value(equation.body) - pyo.value(equation.upper))
    assert found == pytest.approx(abs(model.predict(X[:1])[0]), rel=1e-9)


def test_outputs_of_the_same_name_are_told_apart():
    X, Y = rows()
    names = ["a", "a", "a_2"]
    model = hbcd.HybridRegressor((3,), max_iter=3, random_state=0)
    model.fit(X, pd.DataFrame(Y, columns=names))
    problem, record = block_of(model, "full_space")
    assert record.outputs == ["a", "a_3", "a_2"]
    assert list(problem.plant.outputs) == record.outputs
