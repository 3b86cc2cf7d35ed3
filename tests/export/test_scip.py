"""`to_scip`: the constraints are the model, SCIP itself says so, and finds its optimum."""

import copy

import numpy as np
import pytest

import hbcd
from hbcd.export.optimization import scip_model, solver_model
from support.exportable import ACTIVATIONS, FAST, KINDS, model_of, regressor, rows

scip = pytest.importorskip("pyscipopt", reason="the extra scip is not installed")
BENT = ("relu", "leaky_relu")


@pytest.fixture
def problem():
    made = scip.Model()
    made.hideOutput()
    return made


def within(record):
    return (np.array(record.measured) <= np.array(record.bound)).all()


def counts(problem):
    return problem.getNVars(transformed=False), problem.getNConss(transformed=False)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("depth", [0, 1, 2, 4])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_constraints_are_the_model_of_every_depth(problem, activation, depth, outputs):
    model = regressor(activation, depth, outputs)
    for relu in ("bigm", "sos") if activation in BENT else ("bigm",):
        assert within(hbcd.to_scip(model, problem, relu=relu).record)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_constraints_are_the_model_of_every_kind(problem, kind):
    found = hbcd.to_scip(model_of(kind), problem, name="plant")
    assert within(found.record)
    assert list(found.outputs) == found.record.outputs
    assert next(iter(found.inputs.values())).name == f"plant_{next(iter(found.inputs))}"


@pytest.mark.parametrize("relu", ["bigm", "sos"])
@pytest.mark.parametrize("activation", BENT)
def test_the_optimum_of_relu_is_global(problem, activation, relu):
    model = regressor(activation, depth=2, max_iter=60)
    found = hbcd.to_scip(model, problem, relu=relu)
    (y,) = found.outputs.values()
    problem.setObjective(y, "maximize")
    problem.optimize()
    x = np.array([[problem.getVal(one) for one in found.inputs.values()]])
    value = problem.getObjVal()
    assert model.predict(x)[0] == pytest.approx(value, abs=1e-5)
    low, high = model.feature_range_
    tried = model.predict(low + np.random.default_rng(0).random((100_000, 3)) * (high - low))
    assert tried.max() <= value + 1e-5


def test_the_optimum_is_that_of_optimize_inputs(problem):
    X, y = hbcd.make_plant(600, rng=0, return_X_y=True)
    model = hbcd.HybridRegressor((2,), random_state=0, max_iter=100).fit(X, y)
    best = hbcd.optimize_inputs(model, "max", constraints=[({0: 1.0, 1: 1.0}, None, 90.0)])
    low, high = model.feature_range_
    sides = zip(low.tolist(), high.tolist(), strict=True)
    x = [problem.addVar(lb=least, ub=most) for least, most in sides]
    power = problem.addVar(lb=None)
    hbcd.to_scip(model, problem, inputs=x, outputs=[power])
    problem.addCons(x[0] + x[1] <= 90.0)
    problem.setObjective(power, "maximize")
    problem.setParam("limits/gap", 1e-7)
    problem.setParam("numerics/feastol", 1e-8)
    problem.optimize()
    assert problem.getObjVal() == pytest.approx(best.value, rel=1e-6)


def test_expressions_and_repeated_variables_may_be_inputs(problem):
    model, (X, _) = regressor("relu"), rows()
    x = [problem.addVar(lb=1012.0, ub=1012.0), problem.addVar(lb=-60.0, ub=-60.0)]
    y = problem.addVar(lb=None)
    given = {"x1": x[0], "x2": 1e-5 * x[0] + 0.01, "x3": x[1]}
    hbcd.to_scip(model, problem, inputs=given, outputs={"y": y})
    again = hbcd.to_scip(model, problem, inputs=[x[0], float(X[0, 1]), x[1]], name="again")
    problem.optimize()
    expected = model.predict([[1012.0, 0.02012, -60.0], [1012.0, X[0, 1], -60.0]])
    assert problem.getVal(y) == pytest.approx(expected[0], abs=1e-5)
    assert problem.getVal(again.outputs["prediction"]) == pytest.approx(expected[1], abs=1e-5)


def weight(tool):
    name = next(iter(tool.problem.getConss())).name
    one = next(c for c in tool.problem.getConss() if c.name == name)
    variable = next(v for v in tool.own if v.name in tool.problem.getValsLinear(one))
    factor = tool.problem.getValsLinear(one)[variable.name]
    tool.problem.chgCoefLinear(one, variable, 1.001 * factor)


def limit(tool):
    one = next(c for c in tool.problem.getConss() if tool.problem.getLhs(c) < -1e19)
    tool.problem.chgRhs(one, tool.problem.getRhs(one) - 0.5)


def function(tool):
    one = next(c for c in tool.problem.getConss() if c.getConshdlrName() == "nonlinear")
    tool.problem.chgRhs(one, 1e-5)
    tool.problem.chgLhs(one, 1e-5)


def lost(tool):
    one = next(c for c in tool.problem.getConss() if c.getConshdlrName() == "nonlinear")
    tool.problem.delCons(one)


def lost_set(tool):
    one = next(c for c in tool.problem.getConss() if c.getConshdlrName() == "SOS1")
    tool.problem.delCons(one)


@pytest.mark.parametrize(
    ("change", "activation", "relu"),
    [(weight, "relu", "bigm"), (limit, "relu", "bigm"), (function, "tanh", "bigm"),
     (lost, "tanh", "bigm"), (lost_set, "relu", "sos")],
)  # fmt: skip
def test_what_is_not_the_model_adds_nothing(problem, change, activation, relu, monkeypatch):
    def ready(tool):
        if tool.trial and tool.problem.getConss():
            change(tool)

    problem.addVar("mine")
    monkeypatch.setattr(scip_model.ScipTool, "ready", ready)
    with pytest.raises(ValueError, match=r"^scip: (differs|an? |does|has lost)"):
        hbcd.to_scip(regressor(activation), problem, relu=relu)
    assert counts(problem) == (1, 0)


@pytest.mark.parametrize(
    ("activation", "relu"), [("relu", "bigm"), ("relu", "sos"), ("tanh", "bigm")]
)
def test_what_fails_at_the_end_takes_all_out_again(problem, activation, relu, monkeypatch):
    def fails(*_):
        assert counts(problem) > (1, 1)
        raise MemoryError

    mine = problem.addVar("mine", ub=3.0)
    problem.addCons(mine <= 2.0)
    problem.setObjective(mine, "maximize")
    monkeypatch.setattr(solver_model, "embedded", fails)
    with pytest.raises(MemoryError):
        hbcd.to_scip(regressor(activation), problem, relu=relu)
    assert counts(problem) == (1, 1)
    problem.optimize()
    assert problem.getObjVal() == 2.0


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"relu": "big"}, "relu='big': must be one of bigm, sos"),
        ({"inputs": [1.0]}, "inputs: has 1, must have 3: x1, x2, x3"),
        ({"inputs": ["a", "b", "c"]}, "inputs: x1 is 'a', must be a variable or a linear"),
        ({"outputs": [1.0]}, "outputs: prediction is 1.0, must be a variable"),
    ],
)
def test_what_cannot_be_is_refused(problem, options, text):
    with pytest.raises(ValueError, match=text):
        hbcd.to_scip(regressor(), problem, **options)
    assert counts(problem) == (0, 0)


def test_big_m_needs_bounds_and_sets_do_not(problem):
    x = [problem.addVar(lb=None) for _ in range(3)]
    with pytest.raises(
        ValueError, match=r"inputs: x1 has no bounds, must have both .*; relu='sos'"
    ):
        hbcd.to_scip(regressor("relu"), problem, inputs=x)
    assert counts(problem) == (3, 0)
    assert within(hbcd.to_scip(regressor("relu"), problem, inputs=x, relu="sos").record)
    assert within(hbcd.to_scip(regressor("tanh"), problem, inputs=x).record)


def test_one_variable_may_be_two_inputs(problem):
    model = regressor("relu")
    x = [problem.addVar(lb=900.0, ub=900.0), problem.addVar(lb=0.02, ub=0.02)]
    found = hbcd.to_scip(model, problem, inputs=[x[0], x[1], x[0]])
    problem.optimize()
    expected = model.predict([[900.0, 0.02, 900.0]])[0]
    assert problem.getVal(found.outputs["prediction"]) == pytest.approx(expected, abs=1e-4)


def test_factors_that_scip_takes_as_0_are_in_the_bound(problem):
    model = copy.deepcopy(regressor("identity", depth=0))
    before = hbcd.to_scip(model, scip.Model()).record
    theta = model.theta_.copy()
    theta[0] = 0.9e-9
    model.theta_ = theta
    record = hbcd.to_scip(model, problem).record
    assert before.measured[0] < 1e-13 < 1e-10 < record.measured[0] < record.bound[0]


def test_a_column_whose_scale_scip_takes_as_0_is_refused(problem):
    X, Y = rows()
    model = hbcd.HybridRegressor((2,), **FAST).fit(X * [1.0, 1e16, 1.0], Y[:, 0])
    with pytest.raises(ValueError, match="which SCIP takes as 0: state the column in another un"):
        hbcd.to_scip(model, problem)


def test_a_problem_that_was_solved_is_refused(problem):
    problem.optimize()
    with pytest.raises(ValueError, match="scip_model: has been solved: its freeTransform"):
        hbcd.to_scip(regressor(), problem)


def test_what_is_no_problem_or_belongs_to_another_one_is_refused(problem):
    model = regressor(depth=1)
    other = scip.Model()
    x = [other.addVar(lb=0.0, ub=1.0) for _ in range(3)]
    with pytest.raises(ValueError, match="inputs: x1 is a variable of another problem"):
        hbcd.to_scip(model, problem, inputs=x)
    with pytest.raises(ValueError, match="inputs: x2 is None"):
        hbcd.to_scip(model, problem, inputs=[1.0, None, 1.0])
    with pytest.raises(ValueError, match=r"inputs: has 'a', must have x1, x2, x3; or give a list"):
        hbcd.to_scip(model, problem, inputs={"a": 1.0, "b": 1.0, "c": 1.0})
    with pytest.raises(ValueError, match="=None: must be a"):
        hbcd.to_scip(model, None)
    assert within(hbcd.to_scip(model, problem, inputs=[1013, np.int64(0), -50.0]).record)


def test_inputs_in_a_mapping_are_taken_by_name(problem):
    x = dict(
        zip(["x3", "x1", "x2"], [problem.addVar(lb=0.0, ub=1.0) for _ in range(3)], strict=True)
    )
    found = hbcd.to_scip(regressor(depth=1), problem, inputs=x)
    assert list(found.inputs) == ["x1", "x2", "x3"]
    assert all(str(found.inputs[name]) == str(x[name]) for name in x)


@pytest.mark.parametrize("scale", [1e25, 1e300])
def test_numbers_that_scip_takes_as_infinite_are_refused(scale, problem):
    X, Y = rows()
    model = hbcd.HybridRegressor((3,), max_iter=3, random_state=0).fit(X, scale * Y[:, 0])
    with pytest.raises(ValueError, match="which SCIP takes as infinite"):
        hbcd.to_scip(model, problem)
    assert not problem.getVars()


def test_a_target_that_did_not_vary_is_taken(problem):
    X, _ = rows()
    model = hbcd.HybridRegressor((3,), max_iter=3, random_state=0).fit(X, np.ones(len(X)))
    assert within(hbcd.to_scip(model, problem).record)
