"""Predictions that are not finite are refused, and the row is named."""

import warnings

import numpy as np
import pytest

import hbcd
from support.custom_parts import Softplus

ACTIVATIONS = {
    "relu": hbcd.ReLU(),
    "leaky_relu": hbcd.LeakyReLU(),
    "identity": hbcd.Identity(),
    "python": Softplus(),
}


def network(activation):
    net = hbcd.Network([hbcd.InputLayer(2), hbcd.HiddenLayer(3, activation), hbcd.OutputLayer(1)])
    theta = np.full(net.n_parameters, 10.0)
    theta[-2] = -10.0  # one weight of the output: infinity minus infinity
    return net, theta


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
@pytest.mark.parametrize("rows", [1, 5, 3000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_inputs_too_large_for_the_network_are_refused_by_row(activation, rows, dtype, share):
    net, theta = network(activation)
    theta = theta.astype(dtype)
    x = np.random.default_rng(0).normal(size=(rows, 2)).astype(dtype)
    assert np.isfinite(net.predict(theta, x)).all()
    at = rows // 2
    x[at:, 1] = share * np.finfo(dtype).max
    message = rf"^X: row {at}: the output is -?(inf|nan), the row is too large for {x.dtype}$"
    for _ in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of NumPy, in the activation written in Python
            with pytest.raises(ValueError, match=message):
                net.predict(theta, x)


@pytest.mark.parametrize("activation", [hbcd.Tanh(), hbcd.Sigmoid()], ids=["tanh", "sigmoid"])
def test_a_bounded_activation_takes_any_finite_input(activation):
    net, theta = network(activation)
    out = net.predict(theta, np.full((4, 2), 1.7e308))
    assert np.isfinite(out).all()


def test_an_estimator_refuses_a_row_that_overflows():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 2))
    model = hbcd.HybridRegressor((4,), activation="relu", random_state=0).fit(x, x[:, 0])
    model.theta_ = np.full_like(model.theta_, 10.0)
    x[7, 0] = 1.7e308
    for rows in (x, x[7:8]):
        with pytest.raises(ValueError, match=r"^X: row (7|0)"):
            model.predict(rows)


def test_a_mean_beyond_the_largest_number_is_refused():
    x = np.linspace(0.0, 5.0, 200)[:, None]
    model = hbcd.HybridRegressor((), loss="poisson", random_state=0).fit(x, np.exp(x[:, 0]))
    assert np.isfinite(model.predict([[100.0]])).all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match=r"^X: row 1: the output is inf, too large"):
            model.predict([[1.0], [5000.0]])
