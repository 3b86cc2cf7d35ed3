"""`to_gekko`: the texts of the equations are the model, and the solvers find its optimum."""

import numpy as np
import pytest

import hbcd
from hbcd.export.optimization import gekko_model, solver_model
from support.exportable import ACTIVATIONS, FAST, KINDS, model_of, regressor, rows

gekko = pytest.importorskip("gekko", reason="the extra gekko is not installed")


@pytest.fixture
def problem():
    made = gekko.GEKKO(remote=False)
    yield made
    made.cleanup()


def solved(problem):
    """Solves with the programs that come with the package."""
    if problem.options.SOLVER == 1:
        problem.solver_options = ["minlp_integer_tol 1e-8"]
    problem.options.RTOL = problem.options.OTOL = 1e-9
    try:
        problem.solve(disp=False)
    except FileNotFoundError as error:
        pytest.skip(f"gekko has no solver for this machine: {error}")


def within(record):
    return (np.array(record.measured) <= np.array(record.bound)).all()


def counts(problem):
    return len(problem._variables), len(problem._equations), len(problem._inter_equations)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("depth", range(5))
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_equations_are_the_model_of_every_depth(problem, activation, depth, outputs):
    found = hbcd.to_gekko(regressor(activation, depth, outputs), problem)
    assert within(found.record)
    if activation in ("tanh", "sigmoid", "identity"):
        assert counts(problem)[:2] == (3 + outputs, outputs)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_equations_are_the_model_of_every_kind(problem, kind):
    found = hbcd.to_gekko(model_of(kind), problem)
    assert within(found.record)
    assert list(found.outputs) == found.record.outputs


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "relu", "leaky_relu"])
def test_the_solver_computes_what_the_model_predicts(problem, activation):
    model, (X, _) = regressor(activation, depth=2), rows()
    low, high = X.min(axis=0).tolist(), X.max(axis=0).tolist()
    x = [problem.Var(value=v, lb=a, ub=b) for v, a, b in zip(X[0], low, high, strict=True)]
    y = problem.Var()
    hbcd.to_gekko(model, problem, inputs=x, outputs=[y])
    for one, value in zip(x, X[0].tolist(), strict=True):
        problem.Equation(one == value)
    solved(problem)
    assert (1 if "relu" in activation else 3) == problem.options.SOLVER
    assert y.value[0] == pytest.approx(model.predict(X[:1])[0], abs=1e-6)


def test_the_optimum_is_that_of_optimize_inputs(problem):
    X, y = hbcd.make_plant(1500, rng=0, return_X_y=True)
    model = hbcd.HybridRegressor((8, 8), random_state=0, max_iter=300).fit(X, y)
    best = hbcd.optimize_inputs(model, "max", constraints=[({0: 1.0, 1: 1.0}, None, 90.0)])
    found = hbcd.to_gekko(model, problem)
    low, high = model.feature_range_
    near = np.clip(np.ravel(best.x) + 0.1 * (high - low), low, high).tolist()
    for one, value in zip(found.inputs.values(), near, strict=True):
        one.value = value
    problem.Equation(found.inputs["x1"] + found.inputs["x2"] <= 90.0)
    (power,) = found.outputs.values()
    problem.Maximize(power)
    solved(problem)
    assert power.value[0] == pytest.approx(best.value, rel=1e-6)


def test_anything_of_gekko_may_be_an_input(problem):
    model, (X, _) = regressor("tanh"), rows()
    x = problem.Var(value=1013.0)
    problem.Equation(x == 1013.0)
    given = {"x1": x, "x2": 2e-5 * x, "x3": float(X[0, 2])}
    y = problem.Var()
    hbcd.to_gekko(model, problem, inputs=given, outputs={"y": y})
    solved(problem)
    expected = model.predict([[1013.0, 0.02026, X[0, 2]]])
    assert y.value[0] == pytest.approx(expected[0], abs=1e-7)


def test_long_sums_are_parted(problem):
    X = np.random.default_rng(0).normal(size=(400, 320))
    model = hbcd.HybridRegressor((2,), **FAST).fit(X, X[:, 0])
    found = hbcd.to_gekko(model, problem)
    assert within(found.record)
    assert max(len(text) for text in problem._inter_equations) < 15_000


def weight(problem):
    text = problem._inter_equations[3]
    problem._inter_equations[3] = text.replace(")*(", "+1e-6)*(", 1)


def limit(problem):
    one = next(e for e in problem._equations if "<=" in e.value)
    one.value = one.value.replace("<=0", "<=-0.1")


def sign(problem):
    one = next(e for e in problem._equations if "<=" not in e.value)
    one.value = one.value.replace("=0", "=0.001")


@pytest.mark.parametrize("change", [weight, limit, sign])
def test_what_is_not_the_model_adds_nothing(problem, change, monkeypatch):
    def ready(tool):
        if tool.problem._equations:
            change(tool.problem)

    problem.Var()
    monkeypatch.setattr(gekko_model.GekkoTool, "ready", ready)
    with pytest.raises(ValueError, match=r"^gekko: (differs|an? )"):
        hbcd.to_gekko(regressor("relu"), problem)
    assert counts(problem) == (1, 0, 0)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_what_fails_at_the_end_takes_all_out_again(problem, activation, monkeypatch):
    def fails(*_):
        assert counts(problem) > (1, 1, 1)
        raise MemoryError

    mine = problem.Var(lb=0.0, ub=2.0)
    problem.Equation(problem.Intermediate(mine * 2.0) <= 3.0)
    solver = problem.options.SOLVER
    monkeypatch.setattr(solver_model, "embedded", fails)
    with pytest.raises(MemoryError):
        hbcd.to_gekko(regressor(activation), problem, inputs=[1.0, mine, mine])
    assert counts(problem) == (1, 1, 1)
    assert (problem._parameters, problem.options.SOLVER) == ([], solver)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"inputs": [1.0]}, "inputs: has 1, must have 3: x1, x2, x3"),
        ({"inputs": ["a", "b", "c"]}, "inputs: x1 is 'a', must be a variable of GEKKO"),
        ({"outputs": [1.0]}, "outputs: prediction is 1.0, must be a variable"),
    ],
)
def test_what_cannot_be_is_refused(problem, options, text):
    with pytest.raises(ValueError, match=text):
        hbcd.to_gekko(regressor(), problem, **options)
    assert counts(problem) == (0, 0, 0)


def test_relu_needs_bounds(problem):
    x = [problem.Var() for _ in range(3)]
    with pytest.raises(ValueError, match=r"inputs: x1 has no bounds, must have both .* ReLU$"):
        hbcd.to_gekko(regressor("relu"), problem, inputs=x)
    assert counts(problem) == (3, 0, 0)


def test_a_number_has_bounds(problem):
    """What is fixed leaves the signs of neurons less open, or not open at all."""
    model = regressor("relu")
    free = hbcd.to_gekko(model, problem, inputs=[problem.Var(lb=0.0, ub=1.0) for _ in range(3)])
    before = counts(problem)
    fixed = hbcd.to_gekko(model, problem, inputs=[0.25, 0.5, 0.75])
    assert within(free.record)
    assert within(fixed.record)
    assert counts(problem)[0] == before[0] + 1, "an output, and no ReLU is open"


def test_what_is_no_problem_or_belongs_to_another_one_is_refused(problem):
    model = regressor(depth=1)
    other = gekko.GEKKO(remote=False)
    x = [other.Var(lb=0.0, ub=1.0) for _ in range(3)]
    with pytest.raises(ValueError, match="inputs: x1 is a variable of another problem"):
        hbcd.to_gekko(model, problem, inputs=x)
    with pytest.raises(ValueError, match="inputs: x2 is None"):
        hbcd.to_gekko(model, problem, inputs=[1.0, None, 1.0])
    with pytest.raises(ValueError, match=r"inputs: has 'a', must have x1, x2, x3; or give a list"):
        hbcd.to_gekko(model, problem, inputs={"a": 1.0, "b": 1.0, "c": 1.0})
    with pytest.raises(ValueError, match="=None: must be a"):
        hbcd.to_gekko(model, None)
    assert within(hbcd.to_gekko(model, problem, inputs=[1013, np.int64(0), -50.0]).record)


def test_inputs_in_a_mapping_are_taken_by_name(problem):
    x = dict(zip(["x3", "x1", "x2"], [problem.Var(lb=0.0, ub=1.0) for _ in range(3)], strict=True))
    found = hbcd.to_gekko(regressor(depth=1), problem, inputs=x)
    assert list(found.inputs) == ["x1", "x2", "x3"]
    assert all(str(found.inputs[name]) == str(x[name]) for name in x)
