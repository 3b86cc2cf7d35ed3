"""Answers of parts, and data, that have no meaning are refused; those that have one are right."""

import numpy as np
import pytest

import hbcd

X = np.random.default_rng(0).normal(size=(600, 4))
Y = X[:, 0] * X[:, 1]


@pytest.mark.parametrize("answer", [np.nan, None, "a", [1.0, 2.0], "3"])
def test_a_sensitivity_that_is_no_number_is_an_error(answer):
    class Odd(hbcd.Sensitivity):
        def measure(self, theta, gradient, block, box):
            return answer

    net = hbcd.Network([hbcd.InputLayer(4), hbcd.HiddenLayer(3), hbcd.OutputLayer(1)])
    with pytest.raises(ValueError, match=r"measure=.*must be one number"):
        net.sensitivities(net.init(0), X, Y, Odd())


@pytest.mark.parametrize("answer", [0.9, "1", True, None, -1, 2])
def test_a_block_that_is_none_is_an_error(answer):
    class Odd(hbcd.BlockSelector):
        def next_block(self, about):
            return answer

    net = hbcd.Network([hbcd.InputLayer(4), hbcd.HiddenLayer(3), hbcd.OutputLayer(1)])
    strategy = hbcd.BlockCoordinateDescent(selector=Odd())
    with pytest.raises(ValueError, match=r"next_block=.*must be a block from 0 to 1"):
        net.train(net.init(0), X, Y, strategy=strategy)


def test_a_random_search_that_finds_no_value_is_no_success():
    result = hbcd.minimize(
        lambda x: np.nan, np.zeros(2), method=hbcd.ICRS(), jac=False, bounds=[(-1, 1)] * 2
    )
    assert not result.success
    assert result.status is hbcd.StopReason.NOT_FINITE


def test_masked_values_are_missing_values():
    net = hbcd.Network([hbcd.InputLayer(4), hbcd.OutputLayer(1)])
    y = np.ma.masked_array(np.where(Y > 0.5, -9999.0, Y), mask=Y > 0.5)
    with pytest.raises(ValueError, match="y: has masked"):
        net.loss_and_gradient(net.init(0), X, y)


def test_a_constant_target_is_predicted_exactly():
    model = hbcd.HybridRegressor((3,), random_state=0).fit(X, np.full(600, 7e-9))
    assert (model.predict(X) == 7e-9).all()
    assert model.score(X, np.full(600, 7e-9)) == 1.0
