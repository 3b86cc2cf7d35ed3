"""Networks that get and lose neurons and layers."""

import numpy as np
import pytest

import hbcd
from hbcd.networks.changes import (
    activations_of,
    with_layer,
    with_neuron,
    without_linear_layers,
    without_neuron,
)


def network(*hidden, outputs=2):
    layers = [hbcd.HiddenLayer(width, part) for width, part in hidden]
    return hbcd.Network([hbcd.InputLayer(3), *layers, hbcd.OutputLayer(outputs)], alpha=0.1)


def rows(n=300):
    return np.random.default_rng(1).normal(size=(n, 3))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("layer", [1, 2])
def test_a_new_neuron_without_outgoing_weights_leaves_every_bit_of_the_outputs(layer, dtype):
    net = network((4, hbcd.Tanh()), (3, hbcd.Sigmoid()))
    theta = net.init(0, dtype)
    incoming = np.linspace(-1, 1, [3, 4][layer - 1] + 1)
    grown, more, _ = with_neuron(net, theta, layer, incoming)
    assert grown.widths == ((5, 3, 2) if layer == 1 else (4, 4, 2))
    assert more.dtype == dtype
    assert grown.alpha == net.alpha
    x = rows().astype(dtype)
    assert (grown.predict(more, x) == net.predict(theta, x)).all()
    found = grown.parameters(more)[layer - 1]
    assert (found.weights[:, -1] == incoming[:-1].astype(dtype)).all()
    assert found.bias[-1] == incoming[-1].astype(dtype)


def test_a_neuron_that_is_taken_out_again_leaves_the_network_it_was():
    net = network((4, hbcd.Tanh()), (3, hbcd.Tanh()))
    theta = net.init(0)
    grown, more, _ = with_neuron(net, theta, 2, np.ones(5), outgoing=[1.0, -1.0])
    assert not np.allclose(grown.predict(more, rows()), net.predict(theta, rows()))
    back, same = without_neuron(grown, more, 2, 3)
    assert back.widths == net.widths
    assert (same == theta).all()


def test_taking_a_neuron_out_is_giving_its_outgoing_weights_zero():
    net = network((4, hbcd.Tanh()))
    theta = net.init(0)
    smaller, less = without_neuron(net, theta, 1, 2)
    net.parameters(theta)[1].weights[2] = 0.0
    x = rows()
    assert np.allclose(smaller.predict(less, x), net.predict(theta, x), rtol=0, atol=1e-15)


@pytest.mark.parametrize("below", [hbcd.Tanh(), hbcd.ReLU(), hbcd.Sigmoid()], ids=repr)
@pytest.mark.parametrize("outputs", [1, 2, 5])
def test_an_identity_layer_leaves_what_the_network_computes(below, outputs):
    net = network((4, below), (3, hbcd.Tanh()), outputs=outputs)
    theta = net.init(0)
    x, before = rows(), net.predict(theta, rows())
    for layer in (1, 2):
        deeper, more = with_layer(net, theta, layer)
        # The lesser of what the layer below puts out and of what the layer above takes.
        least = min(net.widths[layer - 1], net.widths[layer])
        widths = [*net.widths]
        widths.insert(layer, least)
        assert deeper.widths == tuple(widths)
        assert deeper.layers[layer + 1].activation == hbcd.Identity()
        assert deeper.alpha == net.alpha
        assert np.allclose(deeper.predict(more, x), before, rtol=0, atol=1e-15)
        bent, again, number = with_neuron(
            deeper, more, layer + 1, np.ones(net.widths[layer - 1] + 1), activation=below
        )
        assert number == least
        assert (bent.predict(again, x) == deeper.predict(more, x)).all()
        back, merged = without_linear_layers(deeper, more)
        assert back.widths == net.widths
        assert np.allclose(merged, theta, rtol=0, atol=1e-15)


def test_neurons_of_other_activations_join_a_layer_and_leave_it_again():
    net = network((4, hbcd.Tanh()), (3, hbcd.Tanh()))
    theta, x = net.init(0), rows()
    mixed, more, number = with_neuron(net, theta, 1, np.ones(4), activation=hbcd.ReLU())
    assert number == 4
    assert activations_of(mixed, 1) == [hbcd.Tanh(), hbcd.ReLU()]
    assert (mixed.predict(more, x) == net.predict(theta, x)).all()
    # One more of the first kind stands before it.
    wider, most, number = with_neuron(mixed, more, 1, -np.ones(4), outgoing=[1.0, 2.0, 3.0])
    assert number == 4
    assert [block[1:] for block in wider.layers[1].blocks] == [(5, hbcd.Tanh()), (1, hbcd.ReLU())]
    inside = np.tanh(-x.sum(axis=1, keepdims=True) - 1.0) * np.array([[1.0, 2.0, 3.0]])
    hidden, above, out = (net.dense_parts(k, theta)[0] for k in (1, 2, 3))
    bent = np.tanh(np.tanh(x @ hidden.weights + hidden.bias) @ above.weights + above.bias + inside)
    assert np.allclose(wider.predict(most, x), bent @ out.weights + out.bias, atol=1e-14)
    # A layer above it takes all of them, and layers are put between.
    deeper, deep = with_layer(wider, most, 1)
    assert np.allclose(deeper.predict(deep, x), wider.predict(most, x), rtol=0, atol=1e-14)
    back, same = without_neuron(*without_neuron(wider, most, 1, 5), 1, 4)
    assert back.layers == net.layers
    assert (same == theta).all()


def test_linear_layers_stay_where_they_take_less_parameters_or_are_all_there_is():
    narrow = network((1, hbcd.Identity()), (9, hbcd.Tanh()))  # 3-1-9: fewer than 3-9
    theta = narrow.init(0)
    assert without_linear_layers(narrow, theta)[0].widths == (1, 9, 2)
    wide = network((9, hbcd.Identity()), (2, hbcd.Tanh()), (4, hbcd.Identity()))
    theta = wide.init(0)
    merged, less = without_linear_layers(wide, theta)
    assert merged.widths == (2, 2)
    assert np.allclose(merged.predict(less, rows()), wide.predict(theta, rows()), atol=1e-14)
    alone = network((4, hbcd.Identity()))
    assert without_linear_layers(alone, alone.init(0))[0].widths == (4, 2)


def test_a_change_that_the_network_has_no_room_for_is_refused():
    net = network((1, hbcd.Tanh()))
    theta = net.init(0)
    with pytest.raises(ValueError, match="layer=2: must be at most 1"):
        with_neuron(net, theta, 2, np.ones(2))
    with pytest.raises(ValueError, match=r"incoming: has shape \(3,\), must be \(4,\)"):
        with_neuron(net, theta, 1, np.ones(3))
    with pytest.raises(ValueError, match="neuron=0: must be one of several, not of 1"):
        without_neuron(net, theta, 1, 0)
