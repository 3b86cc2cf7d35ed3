"""Bad layers, bounds and initial parameters: one line that names the argument and the rule."""

import numpy as np
import pytest

import hbcd


@pytest.mark.parametrize("layer", [hbcd.InputLayer, hbcd.HiddenLayer, hbcd.OutputLayer])
@pytest.mark.parametrize(
    ("width", "kind", "message"),
    [
        (0, ValueError, "must be at least 1"),
        (-3, ValueError, "must be at least 1"),
        (2.0, TypeError, "must be an integer"),
        ("4", TypeError, "must be an integer"),
        (None, TypeError, "must be an integer"),
        (True, TypeError, "must be an integer"),
        (2**70, ValueError, "must be at most 2**62"),
    ],
)
def test_a_bad_width_is_refused(layer, width, kind, message):
    with pytest.raises(kind) as caught:
        layer(width)
    assert str(caught.value).startswith(("n_neurons=", "n_inputs="))
    assert message in str(caught.value)


def test_widths_whose_product_no_memory_holds_are_refused():
    wide = hbcd.HiddenLayer(2**40)
    for layers in ([wide, wide], [hbcd.HiddenLayer(2**62)]):
        with pytest.raises(MemoryError, match="More memory is needed than there is"):
            hbcd.Network([hbcd.InputLayer(2), *layers, hbcd.OutputLayer()])


@pytest.mark.parametrize("activation", ["tanh", None, hbcd.Tanh, np.tanh])
def test_an_activation_that_is_none_is_refused(activation):
    for layer in (hbcd.HiddenLayer, hbcd.OutputLayer):
        with pytest.raises(TypeError, match=r"^activation=.*must be an hbcd\.Activation"):
            layer(3, activation)


@pytest.mark.parametrize(
    ("layers", "kind", "message"),
    [
        ([], ValueError, "layers: must be an InputLayer and at least one layer after it"),
        ([hbcd.InputLayer(3)], ValueError, "layers: must be an InputLayer and at least one"),
        ([hbcd.OutputLayer()], ValueError, "layers: must be an InputLayer and at least one"),
        ([hbcd.HiddenLayer(3), hbcd.OutputLayer()], ValueError, "layers: must be an InputLayer"),
        ([3, 4, 1], ValueError, "layers: must be an InputLayer"),
        (None, TypeError, "layers=None: must be a sequence of layers"),
        (5, TypeError, "layers=5: must be a sequence of layers"),
        ([hbcd.InputLayer(3), 4, 1], TypeError, "layers[1]=4: must be an hbcd.Layer"),
        (
            [hbcd.InputLayer(3), hbcd.HiddenLayer(2), hbcd.Tanh(), hbcd.OutputLayer()],
            TypeError,
            "layers[2]=Tanh(): must be an hbcd.Layer",
        ),
        (
            [hbcd.InputLayer(3), hbcd.HiddenLayer(2), hbcd.InputLayer(2), hbcd.OutputLayer()],
            TypeError,
            "layers[2]=InputLayer(n_inputs=2): must be an hbcd.Layer",
        ),
        ([hbcd.InputLayer(3), hbcd.OutputLayer], TypeError, "layers[1]=<class"),
        (
            [hbcd.InputLayer(3), hbcd.OutputLayer(2), hbcd.OutputLayer()],
            ValueError,
            "layers[1]=OutputLayer(n_neurons=2",
        ),
        (
            [hbcd.InputLayer(3), hbcd.HiddenLayer(2), hbcd.OutputLayer(), hbcd.HiddenLayer(1)],
            ValueError,
            "layers[2]=OutputLayer(n_neurons=1",
        ),
        ([hbcd.InputLayer(3), *[hbcd.OutputLayer()] * 2], ValueError, "layers[1]=OutputLayer("),
        ([hbcd.InputLayer, hbcd.OutputLayer()], ValueError, "layers: must be an InputLayer"),
    ],
    ids=lambda value: "" if isinstance(value, list) else str(value),
)
def test_layers_that_make_no_network_are_refused(layers, kind, message):
    with pytest.raises(kind) as caught:
        hbcd.Network(layers)
    assert str(caught.value).startswith(message)


class OwnLoss(hbcd.Loss):
    """A loss without `evaluate`."""


@pytest.mark.parametrize("loss", ["mse", 5, hbcd.SquaredError, hbcd.Loss(), OwnLoss()])
def test_an_unknown_loss_is_refused(loss):
    with pytest.raises(TypeError, match=r"^loss=.*must be"):
        hbcd.Network([hbcd.InputLayer(3), hbcd.OutputLayer(2)], loss)


class Odd(hbcd.Layer):
    """A layer that says impossible things of itself."""

    def __init__(self, width, size, start=()):
        self.width, self.size, self.start = width, size, start

    def n_out(self, n_in):
        return self.width

    def n_parameters(self, n_in):
        return self.size

    def init(self, n_in, rng):
        return np.array(self.start)


@pytest.mark.parametrize(
    ("layer", "kind", "message"),
    [
        (Odd(0, 0), ValueError, "n_out=0: must be at least 1"),
        (Odd(-1, 0), ValueError, "n_out=-1: must be at least 1"),
        (Odd(2, -1), ValueError, "n_parameters=-1: must be at least 0"),
        (Odd(2.5, 0), TypeError, "n_out=2.5: must be an integer"),
        (Odd(None, 0), TypeError, "n_out=None: must be an integer"),
    ],
)
def test_a_layer_of_ones_own_with_impossible_sizes_is_refused(layer, kind, message):
    with pytest.raises(kind) as caught:
        hbcd.Network([hbcd.InputLayer(3), layer, hbcd.OutputLayer()])
    assert str(caught.value).startswith(message)


def test_a_layer_that_starts_with_too_few_parameters_is_refused():
    net = hbcd.Network([hbcd.InputLayer(3), Odd(2, 4, [1.0]), hbcd.OutputLayer()])
    with pytest.raises(ValueError, match=r"^init: layers gave 4 parameters, must be 7"):
        net.init(0)
