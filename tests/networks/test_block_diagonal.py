"""A weighted sum of networks is one network."""

import re

import numpy as np
import pytest

import hbcd
from hbcd.networks.block_diagonal import block_diagonal
from support.structured import LEAKY, PIECES, RELU, TANH

X = np.random.default_rng(0).normal(size=(300, 3))
# Sums of a few dozen products in another order.
EXACT = 1e-13


def members(depth, n_outputs=1, front=(), K=3):
    rng = np.random.default_rng(depth)
    networks = [
        hbcd.Network(
            [
                hbcd.InputLayer(3),
                *front,
                *(
                    hbcd.HiddenLayer(3 + k + level, (TANH, RELU, LEAKY)[k % 3])
                    for level in range(depth)
                ),
                hbcd.OutputLayer(n_outputs),
            ]
        )
        for k in range(K)
    ]
    return networks, [net.init(rng) + 0.1 * rng.normal(size=net.n_parameters) for net in networks]


@pytest.mark.parametrize("front", [(), (PIECES,)], ids=["inputs", "pieces"])
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("depth", [0, 1, 2, 3])
@pytest.mark.parametrize("linear", [False, True])
def test_the_network_is_the_weighted_sum(depth, n_outputs, front, linear):
    networks, thetas = members(depth, n_outputs, front)
    rng = np.random.default_rng(1)
    weights, intercept = rng.normal(size=(3, n_outputs)), rng.normal(size=n_outputs)
    skip = rng.normal(size=(3, n_outputs)) if linear else None
    layers, theta = block_diagonal(networks, thetas, weights, linear=skip, intercept=intercept)
    net = hbcd.Network(layers)
    wanted = intercept + (X @ skip if linear else 0.0)
    for weight, one, own in zip(weights, networks, thetas, strict=True):
        wanted = wanted + weight * one.predict(own, X)
    assert np.abs(net.predict(theta, X) - wanted).max() <= EXACT
    assert len(layers) == len(networks[0].layers)
    # Nothing but the members and the linear part is kept.
    carried = (
        n_outputs * (4 + len(front) * 5) + (depth - 1) * n_outputs * (n_outputs + 1) + n_outputs**2
    ) * linear
    if depth > 0:
        hidden = sum(one.n_parameters for one in networks) - 2 * n_outputs
        assert net.n_parameters == hidden + carried


def test_one_number_per_member_is_its_weight_in_every_output():
    networks, thetas = members(2, 2)
    layers, theta = block_diagonal(networks, thetas, [0.5, 0.25, 0.25])
    same, other = block_diagonal(networks, thetas, [[0.5] * 2, [0.25] * 2, [0.25] * 2])
    assert layers == same
    assert np.array_equal(theta, other)


def test_coefficients_of_one_output_may_be_a_vector():
    networks, thetas = members(1)
    for linear in (np.array([1.0, 2.0, 3.0]), [[1.0], [2.0], [3.0]]):
        layers, theta = block_diagonal(networks, thetas, [0.0] * 3, linear=linear, intercept=4.0)
        found = hbcd.Network(layers).predict(theta, X)
        assert np.abs(found - (X @ [[1.0], [2.0], [3.0]] + 4.0)).max() <= EXACT


def test_one_member_of_weight_one_is_itself_to_the_last_bit():
    networks, thetas = members(2, K=1)
    layers, theta = block_diagonal(networks, thetas, [1.0])
    assert np.array_equal(hbcd.Network(layers).predict(theta, X), networks[0].predict(thetas[0], X))


def test_parameters_of_float32_are_taken_as_they_are():
    networks, thetas = members(2)
    single = [theta.astype(np.float32) for theta in thetas]
    _, theta = block_diagonal(networks, single, [1.0] * 3)
    assert theta.dtype == np.float64
    assert np.array_equal(
        theta, block_diagonal(networks, [t.astype(float) for t in single], [1.0] * 3)[1]
    )


def bad():
    networks, thetas = members(2)
    inputs = hbcd.Network([hbcd.InputLayer(4), *networks[0].layers[1:]])
    deeper, bounded = members(3)[0][0], [*networks[0].layers]
    bounded[-1] = hbcd.OutputLayer(1, TANH)
    ended = hbcd.Network(bounded)
    nested = hbcd.Network(block_diagonal(networks, thetas, [1.0] * 3)[0])
    encoded = members(2, front=(PIECES,))[0][0]
    weights = [1.0] * 3

    def with_one(net):
        return [networks[0], net, networks[2]], [thetas[0], net.init(0), thetas[2]], weights

    yield ([], [], []), {}, "networks: must have at least one network"
    yield (networks, thetas[:2], weights), {}, "thetas: has 2 vectors, must be 3"
    yield (networks, thetas, [1.0]), {}, "weights: has shape (1,), must be (3, 1)"
    yield (networks, thetas, [np.nan] * 3), {}, "weights: must be finite"
    yield (
        (networks, thetas, weights),
        {"linear": np.ones((2, 1))},
        "linear: has shape (2, 1), must be (3, 1)",
    )
    yield (
        (networks, thetas, weights),
        {"intercept": [1.0, 2.0]},
        "intercept: has shape (2,), must be (1,)",
    )
    yield with_one(inputs), {}, "networks[1]: must have the n_inputs of networks[0]"
    yield with_one(members(2, 2)[0][0]), {}, "networks[1]: must have the n_outputs of networks[0]"
    yield with_one(deeper), {}, "networks[1]: must have as many layers as networks[0]"
    yield with_one(ended), {}, "networks[1]: must end without an activation, not with OutputLayer("
    yield with_one(nested), {}, "networks[1]: must have dense layers, not BlockDiagonalLayer("
    yield (
        ([encoded, members(3)[0][0]], [encoded.init(0), thetas[0]], [1.0] * 2),
        {},
        ("networks[1]: must begin with the SmoothPieces("),
    )


@pytest.mark.parametrize(("arguments", "options", "message"), list(bad()))
def test_what_is_no_weighted_sum_of_equal_depth_is_refused(arguments, options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        block_diagonal(*arguments, **options)
