"""What block-diagonal layers and smooth pieces say of themselves, and what they refuse."""

import copy
import pickle
import re

import numpy as np
import pytest

import hbcd
from support.structured import MIXED, PIECES, TANH

LAYERS = [hbcd.BlockDiagonalLayer(MIXED, shared_input=True), PIECES]
CLASSES = (hbcd.BlockDiagonalLayer, hbcd.SmoothPieces)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_copy_is_equal_and_a_change_is_not(layer):
    for other in (pickle.loads(pickle.dumps(layer)), copy.deepcopy(layer)):
        assert other == layer
        assert hash(other) == hash(layer)
    assert hbcd.BlockDiagonalLayer(MIXED) != LAYERS[0]
    assert hbcd.SmoothPieces([0], [0.0], [1.0]) != PIECES


def test_arguments_may_be_any_sequences_and_are_not_kept():
    columns, centers, widths = np.array([0, 1]), np.zeros(2), np.ones(2, np.float32)
    pieces = hbcd.SmoothPieces(columns, centers, widths)
    centers[:] = 7.0
    assert pieces == hbcd.SmoothPieces((0, 1), [0, 0], (1, 1))
    blocks = [[np.int64(3), 4, TANH]]
    layer = hbcd.BlockDiagonalLayer(iter(blocks))
    blocks[0][0] = 9
    assert layer == hbcd.BlockDiagonalLayer([(3, 4, TANH)])


def test_a_repr_is_short_whatever_the_number_of_parts():
    layer = hbcd.BlockDiagonalLayer(
        [(3, 4, TANH)] * 50 + [(3, 1, hbcd.Identity())], shared_input=True
    )
    assert repr(layer) == (
        "BlockDiagonalLayer([(3, 4, Tanh()) x 50, (3, 1, Identity())], shared_input=True)"
    )
    pieces = hbcd.SmoothPieces(range(7), [0.5] * 7, [1.0] * 7)
    assert repr(pieces).startswith(
        "SmoothPieces(columns=[0, 1, 2, 3, 4, 5, ... 7 in all], centers="
    )
    assert repr(hbcd.SmoothPieces([0], [0.5], [1])) == (
        "SmoothPieces(columns=[0], centers=[0.5], widths=[1.0])"
    )


def test_a_network_counts_what_they_hold():
    net = hbcd.Network(
        [
            hbcd.InputLayer(3),
            PIECES,
            hbcd.BlockDiagonalLayer([(8, 2, TANH), (8, 3, TANH)], shared_input=True),
            hbcd.BlockDiagonalLayer([(2, 4, TANH), (3, 1, TANH)]),
            hbcd.OutputLayer(),
        ]
    )
    assert net.widths == (8, 5, 5, 1)
    assert net.n_parameters == 9 * 5 + 3 * 4 + 4 * 1 + 6
    assert [(b.start, b.stop) for b in net.blocks] == [(0, 45), (45, 61), (61, 67)]
    assert [layout.layer for layout in net.block_layouts] == [2, 3, 4]
    theta = np.arange(67.0)
    parts = net.dense_parts(3, theta)
    assert [(p.inputs, p.outputs) for p in parts] == [
        (slice(0, 2), slice(0, 4)),
        (slice(2, 5), slice(4, 5)),
    ]
    assert np.array_equal(parts[1].weights, [[57.0], [58.0], [59.0]])
    assert parts[1].bias == [60.0]
    assert net.dense_parts(1, theta) == []
    weights, bias = net.parameters(theta)[1]
    assert bias is None
    assert np.array_equal(weights, theta[45:61])
    parts[0].weights[:] = -1.0  # a view
    assert (theta[45:53] == -1.0).all()


def test_initial_weights_have_the_variance_of_their_own_inputs():
    layer = hbcd.BlockDiagonalLayer([(4, 5000, TANH), (100, 200, TANH)])
    theta = layer.init(104, np.random.default_rng(0))
    # 20000 numbers each: five standard deviations of a deviation.
    assert abs(theta[:20000].std() * 2 - 1) < 5 / np.sqrt(40000)
    assert not theta[20000:25000].any()
    assert abs(theta[25000:45000].std() * 10 - 1) < 5 / np.sqrt(40000)
    assert not theta[45000:].any()
    assert hbcd.SmoothPieces([0], [0.0], [1.0]).init(3, np.random.default_rng(0)).size == 0


@pytest.mark.parametrize(
    ("blocks", "kind", "message"),
    [
        ([], ValueError, "blocks=(): must have at least one part"),
        (3, TypeError, "blocks=3: must be a sequence of parts"),
        ("tanh", TypeError, "blocks='tanh': must be a sequence of parts"),
        ([(1, 2)], TypeError, "blocks[0]=(1, 2): must be (n_in, n_out, activation)"),
        ([5], TypeError, "blocks[0]=5: must be (n_in, n_out, activation)"),
        ([(1, 2, TANH), (0, 2, TANH)], ValueError, "blocks[1]: n_in=0: must be at least 1"),
        ([(1, 0, TANH)], ValueError, "blocks[0]: n_out=0: must be at least 1"),
        ([(1.0, 2, TANH)], TypeError, "blocks[0]: n_in=1.0: must be an integer"),
        ([(1, 2, "tanh")], TypeError, "blocks[0]: activation='tanh': must be an hbcd.Activation"),
    ],
)
def test_bad_parts_are_refused(blocks, kind, message):
    with pytest.raises(kind) as caught:
        hbcd.BlockDiagonalLayer(blocks)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (([], [], []), ValueError, "columns=(): must have at least one piece"),
        ((0, [0.0], [1.0]), TypeError, "columns=0: must be a sequence of numbers"),
        (([0], "a", [1.0]), TypeError, "centers='a': must be a sequence of numbers"),
        (([-1], [0.0], [1.0]), ValueError, "columns=-1: must be at least 0"),
        (([0.5], [0.0], [1.0]), TypeError, "columns=0.5: must be an integer"),
        (([0], [np.nan], [1.0]), ValueError, "centers=nan: must be finite"),
        (([0], [0.0], [0.0]), ValueError, "widths=0.0: must be greater than 0"),
        (([0], [0.0], [-1.0]), ValueError, "widths=-1.0: must be greater than 0"),
        (([0], [0.0], [np.inf]), ValueError, "widths=inf: must be finite"),
        (
            ([0, 1], [0.0], [1.0]),
            ValueError,
            "columns, centers, widths: have 2, 1 and 1 numbers, must have one of each for every "
            "piece",
        ),
    ],
)
def test_bad_pieces_are_refused(arguments, kind, message):
    with pytest.raises(kind) as caught:
        hbcd.SmoothPieces(*arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (hbcd.BlockDiagonalLayer([(2, 1, TANH)]), "layers[1]: blocks: take 2 inputs, must take 3"),
        (
            hbcd.BlockDiagonalLayer([(2, 1, TANH)] * 2, shared_input=True),
            "layers[1]: blocks: take 2 inputs, must take 3",
        ),
        (hbcd.SmoothPieces([3], [0.0], [1.0]), "layers[1]: columns: has 3, must be less than 3"),
    ],
)
def test_a_layer_that_does_not_fit_is_named(layer, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        hbcd.Network([hbcd.InputLayer(3), layer, hbcd.OutputLayer()])


def test_shared_inputs_are_the_same_for_all_parts():
    with pytest.raises(ValueError, match="must have one n_in"):
        hbcd.BlockDiagonalLayer([(2, 1, TANH), (3, 1, TANH)], shared_input=True)
    with pytest.raises(TypeError, match="shared_input=1: must be True or False"):
        hbcd.BlockDiagonalLayer([(2, 1, TANH)], shared_input=1)


def test_parts_that_no_memory_holds_are_refused():
    wide = hbcd.BlockDiagonalLayer([(2**29, 2**29, TANH)] * 2, shared_input=True)
    with pytest.raises(MemoryError, match="More memory is needed than there is"):
        hbcd.Network([hbcd.InputLayer(2**29), wide, hbcd.OutputLayer()])


def test_an_exact_output_needs_a_dense_layer_at_the_end():
    net = hbcd.Network([hbcd.InputLayer(2), hbcd.BlockDiagonalLayer([(2, 1, hbcd.Identity())])])
    with pytest.raises(ValueError, match="must end with a dense layer"):
        net.train(
            net.init(0),
            np.eye(2),
            np.ones(2),
            strategy=hbcd.FullBatch(hbcd.ExactOutput(hbcd.LBFGS())),
        )
