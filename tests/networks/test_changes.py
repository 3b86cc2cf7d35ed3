"""Networks that get and lose neurons and layers."""

import numpy as np
import pytest

import hbcd
from hbcd.networks.changes import with_layer, with_neuron, without_neuron


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
    grown, more = with_neuron(net, theta, layer, incoming)
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
    grown, more = with_neuron(net, theta, 2, np.ones(5), outgoing=[1.0, -1.0])
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


@pytest.mark.parametrize(
    ("below", "part"), [(hbcd.ReLU(), hbcd.ReLU()), (hbcd.Tanh(), hbcd.Identity())]
)
def test_a_layer_that_hands_on_what_is_below_leaves_every_bit_of_the_outputs(below, part):
    net = network((4, below), (3, hbcd.Tanh()))
    theta = net.init(0)
    deeper, more = with_layer(net, theta, 1, part)
    assert deeper.widths == (4, 4, 3, 2)
    assert (deeper.predict(more, rows()) == net.predict(theta, rows())).all()


def test_a_layer_that_cannot_hand_on_what_is_below_is_refused():
    net = network((4, hbcd.Tanh()))
    with pytest.raises(ValueError, match=r"activation=Tanh\(\): must be Identity"):
        with_layer(net, net.init(0), 1, hbcd.Tanh())
    with pytest.raises(ValueError, match="must be Identity"):  # negative outputs would be lost
        with_layer(net, net.init(0), 1, hbcd.ReLU())


def test_a_change_that_the_network_has_no_room_for_is_refused():
    net = network((1, hbcd.Tanh()))
    theta = net.init(0)
    with pytest.raises(ValueError, match="layer=2: must be at most 1"):
        with_neuron(net, theta, 2, np.ones(2))
    with pytest.raises(ValueError, match=r"incoming: has shape \(3,\), must be \(4,\)"):
        with_neuron(net, theta, 1, np.ones(3))
    with pytest.raises(ValueError, match="neuron=0: must be one of several, not of 1"):
        without_neuron(net, theta, 1, 0)
