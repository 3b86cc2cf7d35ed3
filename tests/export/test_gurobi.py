"""`to_gurobi`: the constraints are the model, and Gurobi proves its optimum."""

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.export.optimization import gurobi_model
from support.exportable import ACTIVATIONS, FAST, KINDS, model_of, regressor, rows

gp = pytest.importorskip("gurobipy", reason="the extra gurobi is not installed")
BENT = ("relu", "leaky_relu")


@pytest.fixture(scope="module")
def environment():
    try:
        made = gp.Env(params={"OutputFlag": 0})
    except gp.GurobiError as error:
        pytest.skip(f"Gurobi has no licence: {error}")
    with made:
        yield made


@pytest.fixture
def problem(environment):
    with gp.Model(env=environment) as made:
        yield made


def within(record):
    return (np.array(record.measured) <= np.array(record.bound)).all()


def counts(problem):
    problem.update()
    return problem.NumVars, problem.NumConstrs, problem.NumGenConstrs, problem.NumSOS


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("depth", range(5))
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_constraints_are_the_model_of_every_depth(problem, activation, depth, outputs):
    model = regressor(activation, depth, outputs)
    for relu in ("bigm", "sos") if activation in BENT else ("bigm",):
        assert within(hbcd.to_gurobi(model, problem, relu=relu).record)


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"yeo-johnson", "yeo-johnson of a median"}))
def test_the_constraints_are_the_model_of_every_kind(problem, kind):
    found = hbcd.to_gurobi(model_of(kind), problem, name="plant")
    assert within(found.record)
    assert list(found.outputs) == found.record.outputs
    assert problem.getVarByName(f"plant_{next(iter(found.inputs))}") is not None


@pytest.mark.parametrize("relu", ["bigm", "sos"])
@pytest.mark.parametrize("activation", BENT)
def test_the_optimum_of_relu_is_global(problem, activation, relu):
    model = regressor(activation, depth=2, max_iter=60)
    found = hbcd.to_gurobi(model, problem, relu=relu)
    (y,) = found.outputs.values()
    problem.setObjective(y, gp.GRB.MAXIMIZE)
    problem.Params.MIPGap = 1e-9
    problem.optimize()
    x = np.array([[one.X for one in found.inputs.values()]])
    assert model.predict(x)[0] == pytest.approx(y.X, abs=1e-6)
    low, high = model.feature_range_
    tried = model.predict(low + np.random.default_rng(0).random((100_000, 3)) * (high - low))
    assert tried.max() <= y.X + 1e-6


def test_the_optimum_is_that_of_optimize_inputs(problem):
    X, y = hbcd.make_plant(600, rng=0, return_X_y=True)
    model = hbcd.HybridRegressor((4,), random_state=0, max_iter=200).fit(X, y)
    best = hbcd.optimize_inputs(model, "max", constraints=[({0: 1.0, 1: 1.0}, None, 90.0)])
    low, high = model.feature_range_
    x = problem.addMVar(4, lb=low, ub=high)
    power = problem.addMVar(1, lb=-gp.GRB.INFINITY)
    hbcd.to_gurobi(model, problem, inputs=x, outputs=power)
    problem.addConstr(x[0] + x[1] <= 90.0)
    problem.setObjective(power[0], gp.GRB.MAXIMIZE)
    problem.Params.MIPGap = 1e-7
    problem.Params.FeasibilityTol = 1e-9
    problem.optimize()
    assert problem.ObjVal == pytest.approx(best.value, rel=1e-6)


def test_expressions_and_repeated_variables_may_be_inputs(problem):
    model, (X, _) = regressor("relu"), rows()
    x = problem.addVars(2, lb=[1000.0, -100.0], ub=[1020.0, 0.0])
    y = problem.addVar(lb=-gp.GRB.INFINITY)
    given = {"x1": x[0], "x2": 1e-5 * x[0] + 0.01, "x3": x[1]}
    found = hbcd.to_gurobi(model, problem, inputs=given, outputs={"y": y})
    assert found.inputs["x1"].sameAs(x[0])
    assert pytest.approx(0.02) == found.inputs["x2"].LB
    again = hbcd.to_gurobi(model, problem, inputs=[x[0], X[0, 1], x[1]])
    for one, value in ((x[0], 1012.0), (x[1], -60.0)):
        one.LB = one.UB = value
    problem.optimize()
    expected = model.predict([[1012.0, 0.02012, -60.0], [1012.0, X[0, 1], -60.0]])
    assert pytest.approx(expected[0], abs=1e-5) == y.X
    assert pytest.approx(expected[1], abs=1e-5) == again.outputs["prediction"].X


def test_one_variable_may_be_two_inputs(problem):
    model = regressor("relu")
    x = problem.addVars(2, lb=0.0, ub=1100.0)
    found = hbcd.to_gurobi(model, problem, inputs=[x[0], x[1], x[0]])
    assert within(found.record)
    x[0].LB = x[0].UB = 900.0
    x[1].LB = x[1].UB = 0.02
    problem.optimize()
    expected = model.predict([[900.0, 0.02, 900.0]])[0]
    assert pytest.approx(expected, abs=1e-4) == found.outputs["prediction"].X


def test_neurons_whose_sign_is_certain_have_no_binary_variable(problem):
    model = regressor("relu", depth=2)
    low, high = model.feature_range_
    middle = (low + high) / 2
    x = problem.addMVar(3, lb=middle, ub=middle + 1e-6 * (high - low))
    hbcd.to_gurobi(model, problem, inputs=x)
    problem.update()
    assert problem.NumBinVars == 0


def changed(change, monkeypatch):
    """Lets the check find a problem that was changed after the model was added to it."""

    def after(embedding, *others):
        change(embedding.tool)
        embedding.tool.problem.update()
        return checked(embedding, *others)

    checked = gurobi_model.checked
    monkeypatch.setattr(gurobi_model, "checked", after)


def broken(problem, model, change, monkeypatch):
    """What is not the model is refused, and removed again."""
    changed(change, monkeypatch)
    before = counts(problem)
    with pytest.raises(ValueError, match=r"gurobi: (differs|an equation|a constraint|a bound)"):
        hbcd.to_gurobi(model, problem)
    assert counts(problem) == before


def weight(tool):
    problem = tool.problem
    row = problem.getConstrs()[3]
    one = problem.getRow(row).getVar(0)
    problem.chgCoeff(row, one, problem.getCoeff(row, one) * 1.001)


def limit(tool):
    problem = tool.problem
    row = next(c for c in problem.getConstrs() if c.Sense == "<")
    binary = next(v for v in problem.getVars() if v.VType == "B")
    problem.chgCoeff(row, binary, 0.5 * problem.getCoeff(row, binary))


def bound(tool):
    tool.problem.getVars()[-1].UB = -1e3


@pytest.mark.parametrize("change", [weight, limit, bound])
def test_what_is_not_the_model_is_removed_again(problem, change, monkeypatch):
    problem.addVar(name="mine")
    broken(problem, regressor("relu"), change, monkeypatch)


def test_a_changed_function_is_refused(problem, monkeypatch):
    def function(tool):
        step = next(k for k, (_, one) in enumerate(steps) if isinstance(one, gp.GenConstr))
        variable, _, data, _ = tool.problem.getGenConstrNLAdv(steps[step][1])
        scaled = gp.nlfunc.tanh(1.001 * data[-1])
        steps[step] = variable, tool.problem.addGenConstrNL(variable, scaled)

    steps = []
    plain = gurobi_model.added

    def added(*arguments):
        embedding = plain(*arguments)
        steps[:] = embedding.steps
        embedding.steps = steps
        return embedding

    monkeypatch.setattr(gurobi_model, "added", added)
    broken(problem, regressor("tanh"), function, monkeypatch)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("late", [True, False])
def test_what_fails_is_removed_whatever_is_known_of_it(problem, activation, late, monkeypatch):
    """Also what was added when its handle found no memory, and where the end fails."""

    def fails(*_):
        problem.addVar(name="of the model")
        raise MemoryError

    problem.addVar(name="mine")
    before = counts(problem)
    monkeypatch.setattr(gurobi_model, "embedded" if late else "checked", fails)
    with pytest.raises(MemoryError):
        hbcd.to_gurobi(regressor(activation), problem)
    assert counts(problem) == before
    assert [one.VarName for one in problem.getVars()] == ["mine"]


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
        hbcd.to_gurobi(regressor(), problem, **options)
    assert counts(problem) == (0, 0, 0, 0)


def test_big_m_needs_bounds_and_sets_do_not(problem):
    x = problem.addMVar(3, lb=-gp.GRB.INFINITY)
    before = counts(problem)
    with pytest.raises(
        ValueError, match=r"inputs: x1 has no bounds, must have both .*; relu='sos'"
    ):
        hbcd.to_gurobi(regressor("relu"), problem, inputs=x)
    assert counts(problem) == before
    assert within(hbcd.to_gurobi(regressor("relu"), problem, inputs=x, relu="sos").record)
    assert within(hbcd.to_gurobi(regressor("tanh"), problem, inputs=x).record)


def test_a_transform_without_a_function_is_refused(problem):
    with pytest.raises(ValueError, match="target_transform='yeo-johnson': gurobi has no function"):
        hbcd.to_gurobi(model_of("yeo-johnson"), problem)


def test_gurobi_machinelearning_takes_a_model_that_is_registered(problem):
    gurobi_ml = pytest.importorskip("gurobi_ml", reason="gurobi-machinelearning is not installed")
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from hbcd.export.optimization.gurobi_ml import register_gurobi_predictors

    register_gurobi_predictors()
    X, Y = rows()
    low, high = X.min(axis=0), X.max(axis=0)
    scaled = make_pipeline(StandardScaler(), hbcd.HybridRegressor((3,), "relu", **FAST))
    for model in (regressor("tanh", 1, outputs=3), scaled.fit(X, Y[:, 0])):
        x = problem.addMVar((2, 3), lb=low, ub=high)
        before = counts(problem)
        added = gurobi_ml.add_predictor_constr(problem, model, x, relu="sos")
        problem.setObjective(added.output.sum(), gp.GRB.MAXIMIZE)
        problem.optimize()
        assert added.get_error().shape == added.output.shape
        assert added.get_error().max() < 1e-5
        added.remove()
        assert counts(problem) == before


def test_what_is_no_problem_or_belongs_to_another_one_is_refused(problem, environment):
    model = regressor(depth=1)
    other = gp.Model(env=environment)
    x = list(other.addVars(3, lb=0.0, ub=1.0).values())
    other.update()
    with pytest.raises(ValueError, match="inputs: x1 is a variable of another problem"):
        hbcd.to_gurobi(model, problem, inputs=x)
    with pytest.raises(ValueError, match="inputs: x2 is None"):
        hbcd.to_gurobi(model, problem, inputs=[1.0, None, 1.0])
    with pytest.raises(ValueError, match=r"inputs: has 'a', must have x1, x2, x3; or give a list"):
        hbcd.to_gurobi(model, problem, inputs={"a": 1.0, "b": 1.0, "c": 1.0})
    with pytest.raises(ValueError, match="=None: must be a"):
        hbcd.to_gurobi(model, None)
    assert within(hbcd.to_gurobi(model, problem, inputs=[1013, np.int64(0), -50.0]).record)


def test_inputs_in_a_mapping_are_taken_by_name(problem):
    x = dict(zip(["x3", "x1", "x2"], problem.addVars(3, lb=0.0, ub=1.0).values(), strict=True))
    found = hbcd.to_gurobi(regressor(depth=1), problem, inputs=x)
    assert list(found.inputs) == ["x1", "x2", "x3"]
    assert all(str(found.inputs[name]) == str(x[name]) for name in x)


@pytest.mark.parametrize("name", ["a" * 300, "é漢" * 150, "a\nb"])
def test_names_of_any_length_are_taken(name, problem):
    X, Y = rows()
    frame = pd.DataFrame(X, columns=[name, name + "2", "z"])
    model = hbcd.HybridRegressor((3,), max_iter=3, random_state=0).fit(frame, Y[:, 0])
    assert within(hbcd.to_gurobi(model, problem).record)
