"""`to_idaes`: the object does what IDAES asks of a surrogate, with the model's own numbers."""

import io
import json

import numpy as np
import pandas as pd
import pytest

import hbcd
from support.exportable import ACTIVATIONS, model_of, regressor, rows
from support.ipopt import ipopt

pytest.importorskip("idaes", reason="the extra idaes is not installed")
pyo = pytest.importorskip("pyomo.environ", reason="the extra pyomo is not installed")
identify_variables = pytest.importorskip("pyomo.core.expr.visitor").identify_variables
SurrogateBlock = pytest.importorskip("idaes.core.surrogate.surrogate_block").SurrogateBlock
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
KINDS = ("three classes", "text", "yeo-johnson", "ensemble of two targets")


def block_of(surrogate, **options):
    problem = pyo.ConcreteModel()
    problem.plant = SurrogateBlock()
    problem.plant.build_model(surrogate, **options)
    return problem


def agrees(surrogate):
    assert (np.array(surrogate.record.measured) <= np.array(surrogate.record.bound)).all()


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("depth", [0, 2, 4])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_block_is_the_model_of_every_depth(activation, depth, outputs):
    model, (X, _) = regressor(activation, depth, outputs), rows()
    surrogate = hbcd.to_idaes(model)
    agrees(surrogate)
    frame = pd.DataFrame(
        X, columns=surrogate.input_labels(), index=[f"row {k}" for k in range(120)]
    )
    found = surrogate.evaluate_surrogate(frame.assign(other=1.0))
    assert found.index.equals(frame.index)
    assert (found.to_numpy() == np.reshape(model.predict(X), (120, -1))).all()


@pytest.mark.parametrize("kind", KINDS)
def test_the_block_is_the_model_of_every_kind(kind):
    surrogate = hbcd.to_idaes(model_of(kind), formulation="reduced_space")
    agrees(surrogate)
    assert surrogate.n_outputs() == len(surrogate.record.outputs)


def test_a_surrogate_comes_back_from_its_file(tmp_path):
    surrogate = hbcd.to_idaes(
        regressor(), formulation="reduced_space", input_labels=["p", "q", "r"], output_labels=["y"],
        input_bounds={"p": (1000.0, 1020.0), "q": (0.01, 0.03), "r": (-100.0, 0.0)},
    )  # fmt: skip
    path = tmp_path / "plant.json"
    surrogate.save_to_file(path)
    with pytest.raises(FileExistsError):
        surrogate.save_to_file(path)
    again = type(surrogate).load_from_file(path)
    assert again.formulation == "reduced_space"
    assert again.input_labels() == ["p", "q", "r"]
    assert again.input_bounds() == surrogate.input_bounds()
    frame = pd.DataFrame(rows()[0], columns=["p", "q", "r"])
    assert again.evaluate_surrogate(frame).equals(surrogate.evaluate_surrogate(frame))


def test_the_optimum_of_a_block_is_that_of_optimize_inputs(tmp_path):
    X, y = hbcd.make_plant(1500, rng=0, return_X_y=True)
    model = hbcd.HybridRegressor((8, 8), random_state=0, max_iter=300).fit(X, y)
    best = hbcd.optimize_inputs(model, "max", constraints=[({0: 1.0, 1: 1.0}, None, 90.0)])
    surrogate = hbcd.to_idaes(model)
    low, high = model.feature_range_
    for formulation in ("full_space", "reduced_space"):
        found = []
        for start in np.random.default_rng(0).random((3, X.shape[1])):
            problem = block_of(surrogate, formulation=formulation)
            x = problem.plant.inputs
            for k, one in enumerate(x.values()):
                assert one.lb <= one.value <= one.ub
                one.set_value(float(low[k] + start[k] * (high[k] - low[k])))
            problem.limit = pyo.Constraint(expr=x["x1"] + x["x2"] <= 90.0)
            problem.most = pyo.Objective(expr=-problem.plant.outputs["prediction"])
            found.append(-ipopt(problem, tmp_path))
        assert max(found) == pytest.approx(best.value, rel=1e-6)


def test_variables_of_a_flowsheet_are_its_inputs():
    problem = pyo.ConcreteModel()
    problem.x = pyo.Var(range(3), bounds=(-1e6, 1e6), initialize=[1013.0, 0.02, -50.0])
    problem.y = pyo.Var()
    problem.plant = SurrogateBlock()
    problem.plant.build_model(
        hbcd.to_idaes(regressor("relu")), input_vars=[problem.x], output_vars=[problem.y],
        formulation="relu_bigm",
    )  # fmt: skip
    assert problem.x[0].value == 1013.0
    assert list(problem.plant.network.positive)
    (equation,) = problem.plant.network.prediction.values()
    assert any(one is problem.y for one in identify_variables(equation.body))


def test_what_cannot_be_is_refused():
    model = regressor()
    with pytest.raises(ValueError, match="formulation='big': must be one of full_space"):
        hbcd.to_idaes(model, formulation="big")
    with pytest.raises(ValueError, match="input_labels: has 1, must have 3: x1, x2, x3"):
        hbcd.to_idaes(model, input_labels=["p"])
    with pytest.raises(ValueError, match="'relu_bigm': must be piecewise linear, the model has"):
        hbcd.to_idaes(model, formulation="relu_bigm")
    surrogate = hbcd.to_idaes(model)
    with pytest.raises(ValueError, match="dataframe: has no column 'x2'"):
        surrogate.evaluate_surrogate(pd.DataFrame({"x1": [1.0], "x3": [1.0]}))
    with pytest.raises(ValueError, match="must be what the save of such a surrogate wrote"):
        type(surrogate).load(io.StringIO(json.dumps({"other": 1})))
