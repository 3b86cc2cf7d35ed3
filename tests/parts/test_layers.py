"""Dense layers: what their parameters are before training."""

import numpy as np
import pytest

import hbcd


@pytest.mark.parametrize("kind", [hbcd.HiddenLayer, hbcd.OutputLayer])
def test_initial_weights_are_normal_with_the_variance_of_the_inputs_and_biases_are_0(kind):
    n_in, n_out = 16, 2500
    theta = kind(n_out).init(n_in, np.random.default_rng(0))
    weights, biases = theta[:-n_out], theta[-n_out:]
    # 40000 numbers of deviation 1/4: five standard deviations of their mean and of their deviation.
    assert weights.size == n_in * n_out
    assert abs(weights.mean()) < 5 * 0.25 / 200
    assert abs(weights.std() - 0.25) < 5 * 0.25 / np.sqrt(2 * weights.size)
    assert not biases.any()
