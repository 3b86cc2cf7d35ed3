"""Block-diagonal layers and smooth pieces: what they compute, and its derivatives."""

import numpy as np
import pytest

import hbcd
from support import levels
from support.structured import PIECES, TANH, networks, outputs_of, problem

NETWORKS = networks()
# As in test_gradients.py: rounding of some hundred operations, and h^2 of a central difference.
EXACT, CENTRAL, STEP = 1e-12, 1e-7, 1e-5
SINGLE = 2e-5
EACH = pytest.mark.parametrize("name", NETWORKS)
ROWS = (1, 4, 5, 16, 17, 256, 300)


def worst(found, wanted):
    return np.abs(found - wanted).max() / max(np.abs(wanted).max(), 1.0)


@EACH
@pytest.mark.parametrize("rows", ROWS)
def test_outputs_are_those_of_the_definition(name, rows):
    net = NETWORKS[name]
    for dtype, tolerance in ((np.float64, EXACT), (np.float32, SINGLE)):
        theta, X, _ = problem(net, rows, dtype=dtype)
        assert worst(net.predict(theta, X), outputs_of(net, theta, X)) <= tolerance


@EACH
@pytest.mark.parametrize("alpha", [0.0, 3.0])
def test_every_element_of_the_gradient_is_a_central_difference(name, alpha):
    net = hbcd.Network(NETWORKS[name].layers, alpha=alpha)
    theta, X, y = problem(net, 40, seed=3)
    objective = net.bind(X, y)
    _, gradient = objective(theta)
    numeric = np.empty_like(gradient)
    for k in range(theta.size):
        at = [theta.copy(), theta.copy()]
        at[0][k] += STEP
        at[1][k] -= STEP
        numeric[k] = (objective.value(at[0]) - objective.value(at[1])) / (at[0][k] - at[1][k])
    assert worst(gradient, numeric) <= CENTRAL
    single = net.bind(X.astype(np.float32), y, dtype=np.float32)(theta.astype(np.float32))[1]
    assert single.dtype == np.float32
    assert worst(single, gradient) <= SINGLE


@EACH
def test_the_way_back_to_the_inputs_is_a_central_difference(name):
    net = NETWORKS[name]
    theta, X, grad_out = problem(net, 20, seed=5)
    below, gradient = np.empty_like(X), np.zeros(net.n_parameters)
    net.core_network(np.float64).pullback(theta, X, grad_out, below, gradient)
    for k in range(net.n_inputs):
        step = np.zeros(net.n_inputs)
        step[k] = STEP
        ahead, behind = net.predict(theta, X + step), net.predict(theta, X - step)
        numeric = ((ahead - behind) * grad_out).sum(axis=1) / (2 * STEP)
        assert worst(below[:, k], numeric) <= CENTRAL


@EACH
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_any_number_of_threads_gives_the_same_bits(name, dtype):
    net = NETWORKS[name]
    theta, X, y = problem(net, 3000, dtype=dtype)
    f, gradient = net.loss_and_gradient(theta, X, y)
    for threads in (2, 3):
        other_f, other = net.loss_and_gradient(theta, X, y, n_threads=threads)
        assert f == other_f
        assert np.array_equal(gradient, other)
        assert np.array_equal(net.predict(theta, X), net.predict(theta, X, n_threads=threads))


@EACH
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_rows_one_by_one_have_the_bits_of_many_rows(name, dtype):
    net = NETWORKS[name]
    theta, X, _ = problem(net, 64, dtype=dtype)
    together = net.predict(theta, X)
    for rows in (1, 2, 3, 4, 5):
        for start in range(0, 60, rows):
            part = slice(start, start + rows)
            assert np.array_equal(net.predict(theta, X[part]), together[part])


@pytest.mark.parametrize("width", [*range(1, 36), 63, 64, 65, 70])
def test_one_row_through_any_width_has_the_bits_of_many_rows(width):
    for dtype in (np.float64, np.float32):
        for n_in in (1, 2, 9):
            net = hbcd.Network([hbcd.InputLayer(n_in), hbcd.HiddenLayer(width), hbcd.OutputLayer()])
            theta, X, _ = problem(net, 20, seed=width, dtype=dtype)
            hidden = hbcd.Network(net.layers[:2])
            own = theta[: hidden.n_parameters]
            assert np.array_equal(hidden.predict(own, X[3:4]), hidden.predict(own, X)[3:4])
            assert np.array_equal(net.predict(theta, X[3:4]), net.predict(theta, X)[3:4])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("layer", [hbcd.HiddenLayer(5), hbcd.HiddenLayer(9, hbcd.ReLU())])
def test_no_bad_number_is_lost_on_the_way_of_one_row(bad, layer):
    """tanh of infinity is 1 and relu of minus infinity 0: the outputs alone would not tell."""
    net = hbcd.Network([hbcd.InputLayer(3), layer, hbcd.OutputLayer()])
    theta, X, _ = problem(net, 1)
    X[0, 1] = 0.0
    assert np.isfinite(net.predict(theta, X)).all()  # from now on the short way is tried first
    for k in range(net.n_parameters):
        wrong = theta.copy()
        wrong[k] = bad
        with pytest.raises(ValueError, match="theta: must be finite"):
            net.predict(wrong, X)
    for k in range(3):
        wrong = X.copy()
        wrong[0, k] = bad
        with pytest.raises(ValueError, match=f"row 0, column {k}"):
            net.predict(theta, wrong)


def test_finite_numbers_beyond_the_precision_on_the_way_are_what_they_were():
    net = hbcd.Network([hbcd.InputLayer(1), hbcd.HiddenLayer(3), hbcd.OutputLayer()])
    theta, X = net.init(0) * 1e200, np.full((20, 1), 1e200)
    theta[6:] = 1.0
    assert np.array_equal(net.predict(theta, X[:1]), net.predict(theta, X)[:1])


# ---- beside other networks ---------------------------------------------------------------------


def side_by_side(dtype, K=4, n_in=5, widths=(7, 6)):
    """K members without an output layer, and the one network of their parts."""
    rng = np.random.default_rng(1)
    hidden = [hbcd.HiddenLayer(width) for width in widths]
    member = hbcd.Network([hbcd.InputLayer(n_in), *hidden])
    thetas = [member.init(rng).astype(dtype) for _ in range(K)]
    blocks = [
        [(inputs, width, TANH)] * K for inputs, width in zip((n_in, *widths), widths, strict=False)
    ]
    together = hbcd.Network(
        [
            hbcd.InputLayer(n_in),
            *(hbcd.BlockDiagonalLayer(b, shared_input=k == 0) for k, b in enumerate(blocks)),
        ]
    )
    layers = [np.concatenate([theta[block] for theta in thetas]) for block in member.blocks]
    return member, thetas, together, np.concatenate(layers)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rows", [1, 100, 700])
def test_parts_have_the_bits_of_separate_networks(dtype, rows):
    member, thetas, together, theta = side_by_side(dtype)
    X = np.random.default_rng(rows).normal(size=(rows, 5)).astype(dtype)
    y = np.random.default_rng(1).normal(size=(rows, together.n_outputs)).astype(dtype)
    separate = np.hstack([member.predict(one, X) for one in thetas])
    assert np.array_equal(together.predict(theta, X), separate)
    _, gradient = together.loss_and_gradient(theta, X, y)
    at = [block.start for block in together.blocks]
    for k, one in enumerate(thetas):
        # The mean is over 4 times as many outputs: a power of two, which rounds nothing.
        _, own = member.loss_and_gradient(one, X, y[:, 6 * k : 6 * (k + 1)])
        for block, start in zip(member.blocks, at, strict=True):
            size = block.stop - block.start
            part = gradient[start + k * size : start + (k + 1) * size]
            assert np.array_equal(4 * part, own[block])


def test_a_dense_network_with_zeros_between_the_parts_says_the_same():
    _, _, together, theta = side_by_side(np.float64)
    dense = hbcd.Network(
        [hbcd.InputLayer(5), *(hbcd.HiddenLayer(width) for width in together.widths)], alpha=2.0
    )
    together = hbcd.Network(together.layers, alpha=2.0)
    full, kept = np.zeros(dense.n_parameters), np.zeros(dense.n_parameters, dtype=bool)
    order = np.full(dense.n_parameters, -1)
    numbers = np.arange(theta.size, dtype=np.float64)
    for k in (1, 2):
        ((_, _, weights, bias),) = dense.dense_parts(k, full)
        where = order[dense.blocks[k - 1]]
        for part, number in zip(
            together.dense_parts(k, theta), together.dense_parts(k, numbers), strict=True
        ):
            weights[part.inputs, part.outputs], bias[part.outputs] = part.weights, part.bias
            shape = where[: weights.size].reshape(weights.shape)
            shape[part.inputs, part.outputs] = number.weights
            where[weights.size :][part.outputs] = number.bias
    kept = order >= 0
    X = np.random.default_rng(0).normal(size=(300, 5))
    y = np.random.default_rng(1).normal(size=(300, together.n_outputs))
    f, gradient = together.loss_and_gradient(theta, X, y)
    f_dense, gradient_dense = dense.loss_and_gradient(full, X, y)
    assert f == pytest.approx(f_dense, rel=EXACT)
    assert worst(gradient[order[kept]], gradient_dense[kept]) <= EXACT
    assert worst(together.predict(theta, X), dense.predict(full, X)) <= EXACT
    _, jtr, jtj = together.bind(X, y).normal_equations(theta)
    _, jtr_dense, jtj_dense = dense.bind(X, y).normal_equations(full)
    assert worst(jtr[order[kept]], jtr_dense[kept]) <= EXACT
    assert worst(jtj[np.ix_(order[kept], order[kept])], jtj_dense[np.ix_(kept, kept)]) <= EXACT
    measured = [
        net.sensitivities(t, X, y, hbcd.ScalingFactor())
        for net, t in ((together, theta), (dense, full))
    ]
    assert worst(*measured) <= EXACT


@EACH
def test_normal_equations_are_those_of_the_gradients_of_single_rows(name):
    net = NETWORKS[name]
    theta, X, _ = problem(net, 30, seed=2)
    y = net.predict(theta, X)
    rows = []
    for r in range(30):
        for k in range(net.n_outputs):
            target = y[r : r + 1].copy()
            target[0, k] -= 1.0  # e = 1 in one output: the gradient is its derivative / outputs
            rows.append(net.loss_and_gradient(theta, X[r : r + 1], target)[1] * net.n_outputs)
    jacobian = np.array(rows)
    wanted = jacobian.T @ jacobian / (30 * net.n_outputs)
    objective = net.bind(X, y + 1.0)
    f, jtr, jtj = objective.normal_equations(theta)
    assert f == pytest.approx(0.5, rel=EXACT)
    assert worst(jtj, wanted) <= 1e-11
    assert np.array_equal(jtr, objective(theta)[1])
    for block, layout in enumerate(net.block_layouts):
        own = slice(layout.start, layout.stop)
        assert worst(objective.normal_equations(theta, block)[2], wanted[own, own]) <= 1e-11


# ---- hooks and training ------------------------------------------------------------------------


class Bent(hbcd.Activation):
    """z / (1 + |z|), from z alone."""

    def forward(self, z, out):
        out[:] = z / (1 + np.abs(z))

    def backward(self, z, a, grad):
        grad /= (1 + np.abs(z)) ** 2


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_parts_may_have_activations_written_in_python(dtype):
    blocks = [(3, 4, TANH), (3, 2, Bent()), (3, 3, hbcd.Identity())]
    net = hbcd.Network(
        [hbcd.InputLayer(3), hbcd.BlockDiagonalLayer(blocks, shared_input=True), hbcd.OutputLayer()]
    )
    theta, X, y = problem(net, 21, dtype=dtype)
    tolerance = EXACT if dtype == np.float64 else SINGLE
    assert worst(net.predict(theta, X), outputs_of(net, theta, X)) <= tolerance
    assert np.array_equal(net.predict(theta, X[:1]), net.predict(theta, X)[:1])
    if dtype == np.float64:
        direction = np.random.default_rng(0).normal(size=theta.size)
        objective = net.bind(X, y)
        ahead = objective.value(theta + STEP * direction)
        behind = objective.value(theta - STEP * direction)
        slope = objective(theta)[1] @ direction
        assert slope == pytest.approx((ahead - behind) / (2 * STEP), rel=CENTRAL)


class Loud(hbcd.BlockDiagonalLayer):
    """A class of the user's: called from the core."""

    calls = 0

    def forward(self, theta, x, out):
        type(self).calls += 1
        super().forward(theta, x, out)


class Pieces(hbcd.SmoothPieces):
    def forward(self, theta, x, out):
        super().forward(theta, x, out)
        out[:, -1] = 0.0


def test_a_subclass_runs_its_own_methods():
    blocks = NETWORKS["shared"].layers[1].blocks
    plain, own = NETWORKS["shared"], list(NETWORKS["shared"].layers)
    own[1] = Loud(blocks, shared_input=True)
    net = hbcd.Network(own)
    theta, X, y = problem(plain, 30)
    assert net.custom_layer(1) is own[1]
    assert worst(net.predict(theta, X), plain.predict(theta, X)) <= EXACT
    assert (
        worst(net.loss_and_gradient(theta, X, y)[1], plain.loss_and_gradient(theta, X, y)[1])
        <= EXACT
    )
    assert Loud.calls > 0
    encoded = hbcd.Network(
        [hbcd.InputLayer(3), Pieces(PIECES.columns, PIECES.centers, PIECES.widths)]
    )
    assert not encoded.predict(np.empty(0), X)[:, -1].any()


@EACH
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_training_sees_the_loss_that_the_network_says(name, dtype):
    """Pieces in front are kept for the rows of a batch: that changes no bit."""
    net = NETWORKS[name]
    theta, X, y = problem(net, 400, dtype=dtype)
    for strategy in (
        hbcd.FullBatch(hbcd.LBFGS(), max_iterations=5),
        hbcd.MiniBatch(hbcd.Adam(), 64, epochs=2),
        hbcd.BlockCoordinateDescent(epochs=2),
        hbcd.FullBatch(hbcd.LevenbergMarquardt(), max_iterations=2),
    ):
        report = net.train(theta, X, y, strategy=strategy, rng=0)
        assert report.loss == net.loss_and_gradient(report.theta, X, y)[0]
        assert report.loss < net.loss_and_gradient(theta, X, y)[0]


def test_pieces_in_front_train_as_the_encoded_table_does():
    net = NETWORKS["members"]
    theta, X, y = problem(net, 700)
    encoded = hbcd.Network([hbcd.InputLayer(8), *net.layers[2:]])
    table = hbcd.Network(net.layers[:2]).predict(np.empty(0), X)
    for strategy in (hbcd.FullBatch(hbcd.BFGS(), max_iterations=20), hbcd.Hybrid.fast()):
        options = {"strategy": strategy, "rng": 0, "stop": hbcd.Stop(max_iterations=30)}
        report = net.train(theta, X, y, **options)
        other = encoded.train(theta, table, y, **options)
        assert np.array_equal(report.theta, other.theta)


@pytest.mark.skipif(levels.INSIDE, reason="this is such a run")
@pytest.mark.parametrize("level", levels.OTHERS)
def test_they_are_right_on_every_instruction_set(level):
    which = (
        "definition or one_by_one or any_width or separate_networks or numbers_beyond or bad_number"
    )
    levels.run_on(level, __file__, "-k", which)
