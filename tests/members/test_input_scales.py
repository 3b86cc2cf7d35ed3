"""Networks on inputs times what they count for become networks on inputs as they are."""

import numpy as np
import pytest

import hbcd
from hbcd.members.input_scales import LEAST, input_scales, with_scales
from hbcd.members.settings import Architecture, settings_of
from hbcd.networks.structure import NetworkStructure


def structure(inputs, *widths, outputs=1):
    hidden = [hbcd.HiddenLayer(width) for width in widths]
    return NetworkStructure([hbcd.InputLayer(inputs), *hidden, hbcd.OutputLayer(outputs)])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_scales_become_part_of_the_first_weights(dtype):
    net = hbcd.Network(structure(3, 5, 4, outputs=2).layers)
    theta, scales = net.init(0, dtype), np.array([0.2, 1.0, 3.0], dtype)
    x = np.random.default_rng(1).normal(size=(100, 3)).astype(dtype)
    folded = with_scales(theta, scales, 5)
    assert folded.dtype == dtype
    scaled = net.predict(theta, x * scales)
    assert np.allclose(net.predict(folded, x), scaled, atol=1e-14 if dtype is np.float64 else 1e-5)


def test_of_linear_networks_the_scales_are_the_roots_of_the_mean_slopes():
    x = np.random.default_rng(0).normal(size=(50, 3))
    flat = [np.array([4.0, 1.0, 0.0, 9.0]), np.array([4.0, -1.0, 0.0, 2.0])]
    scales = input_scales(structure(3), flat, x)
    assert np.allclose(scales / scales[0], [1.0, 0.5, LEAST])
    assert np.isclose(np.square(scales).sum(), 3.0)  # the variance of the inputs stays
    # Of several outputs all slopes count.
    both = input_scales(
        structure(2, outputs=2), [np.array([3.0, 4.0, 5.0, 0.0, 1.0, 1.0])], x[:, :2]
    )
    assert np.isclose(both[0], both[1])
    assert (input_scales(structure(3), [np.zeros(4)], x) == 1.0).all()


def test_scaled_inputs_are_tried_where_rows_and_inputs_are_many():
    def tried(rows, inputs):
        return (
            Architecture((20, 20), scaled=True)
            in settings_of("balanced", rows, inputs, None, None).architectures
        )

    assert tried(4000, 12)
    assert not tried(2000, 12)
    assert not tried(4000, 4)
    assert not tried(20_000, 12)


def test_a_fit_finds_the_few_inputs_that_count_and_is_one_dense_network():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3100, 20))
    y = np.sin(2.0 * x[:, 0]) * x[:, 1] + 0.05 * rng.normal(size=3100)
    apart = rng.normal(size=(1000, 20))
    truth = np.sin(2.0 * apart[:, 0]) * apart[:, 1]
    model = hbcd.HybridRegressor(random_state=0, n_threads=1).fit(x, y)
    weights = model.members_.groupby("name")["weight"].sum()
    assert weights["20-20 on scaled inputs"] > 0.5
    assert model.network_.n_inputs == 20
    assert np.sqrt(np.mean((model.predict(apart) - truth) ** 2)) < 0.2
    plain = hbcd.HybridRegressor(random_state=0, n_threads=1, encoding=None).fit(x, y)
    assert "20-20 on scaled inputs" in set(plain.members_["name"])
