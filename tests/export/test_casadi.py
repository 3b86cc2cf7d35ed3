"""`to_casadi`: values, slopes and optima of the function are those of the model."""

import numpy as np
import pytest

import hbcd
from support.exportable import ACTIVATIONS, KINDS, model_of, of_layers, regressor, rows

casadi = pytest.importorskip("casadi", reason="the extra casadi is not installed")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_function_is_the_model_of_every_kind(kind):
    _, record = hbcd.to_casadi(model_of(kind), return_record=True)
    assert (np.array(record.measured) <= np.array(record.bound)).all()


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("depth", range(5))
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_function_is_the_model_of_every_depth(activation, depth, outputs):
    model = regressor(activation, depth, outputs)
    function, record = hbcd.to_casadi(model, name="plant", return_record=True)
    assert (np.array(record.measured) <= np.array(record.bound)).all()
    X, _ = rows()
    found = np.array(function(X[:4].T)).T
    assert np.abs(found - np.reshape(model.predict(X[:4]), (4, -1))).max() < 1e-12


def test_hessians_are_those_of_the_model():
    model = regressor(depth=3)
    function = hbcd.to_casadi(model)
    hessian = function.factory("h", ["x"], ["hess:y:x:x"])
    X, _ = rows()
    step = np.array([1e-3, 1e-7, 1e-1])
    slope = function.factory("j", ["x"], ["jac:y:x"])
    for x in X[:3]:
        found = np.array(casadi.DM(hessian(x)))
        found = np.triu(found) + np.triu(found, 1).T  # CasADi gives one half or both
        near = np.array([
            np.array(slope(x + e) - slope(x - e))[0] / 2 for e in np.diag(step)
        ])  # fmt: skip
        near = near / step[:, np.newaxis]
        size = np.abs(near * step * step[:, np.newaxis]).max()
        assert np.abs((found - near) * step * step[:, np.newaxis]).max() < 1e-3 * size


def test_a_network_of_many_weights_stays_one_of_matrices():
    wide = of_layers([hbcd.HiddenLayer(180, hbcd.Tanh()), hbcd.HiddenLayer(120, hbcd.Tanh())])
    assert hbcd.to_casadi(wide).is_a("MXFunction")
    assert hbcd.to_casadi(regressor()).is_a("SXFunction")


def test_ipopt_finds_the_optimum_that_optimize_inputs_finds():
    X, y = hbcd.make_plant(1500, rng=0, return_X_y=True)
    model = hbcd.HybridRegressor((8, 8), random_state=0, max_iter=300).fit(X, y)
    low, high = model.feature_range_
    best = hbcd.optimize_inputs(model, "max")
    x = casadi.MX.sym("x", X.shape[1])
    scale = casadi.DM(high - low)
    problem = {"x": x, "f": -hbcd.to_casadi(model)(casadi.DM(low) + scale * x)}
    quiet = {"print_time": False, "ipopt": {"print_level": 0, "sb": "yes", "tol": 1e-10}}
    solve = casadi.nlpsol("solve", "ipopt", problem, quiet)
    starts = np.random.default_rng(0).random((8, X.shape[1]))
    found = [float(-solve(x0=x0, lbx=0, ubx=1)["f"]) for x0 in starts]
    assert max(found) == pytest.approx(best.value, rel=1e-6)
