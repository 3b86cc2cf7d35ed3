"""Every loss: value, gradient and Gauss-Newton matrix by its definition, at any size of error."""

import numpy as np
import pytest

import hbcd
from hbcd import core
from support import levels
from support.custom_parts import Listed
from support.loss_formulas import LOSSES, NAMES, ONE, evaluate, problem, softmax, targets
from support.reference import worst

# As in test_gradients.py: steps and two orders of summation in float64; roundings in float32.
STEP, CENTRAL, EXACT, SINGLE = 1e-5, 1e-7, 1e-12, 2e-5

every_loss = pytest.mark.parametrize("name", NAMES)


def jacobian(net, theta, x):
    """d out / d theta, (rows, outputs, n), of a network with one tanh layer."""
    (w1, b1), (w2, _) = net.weights(theta)
    a = np.tanh(x @ w1 + b1)
    inner = (1 - a**2)[:, :, None] * w2  # (rows, hidden, outputs)
    below = np.einsum("ri,rho->roih", x, inner).reshape(len(x), w2.shape[1], -1)
    above = np.einsum("rh,op->rohp", a, np.eye(w2.shape[1])).reshape(len(x), w2.shape[1], -1)
    ones = np.broadcast_to(np.eye(w2.shape[1]), (len(x), w2.shape[1], w2.shape[1]))
    return np.concatenate([below, inner.transpose(0, 2, 1), above, ones], axis=2)


def test_every_row_of_the_core_is_tested():
    assert set(core.LOSSES) == set(NAMES)
    assert {vars(type(loss))["_native"] for loss in LOSSES.values()} == set(NAMES)


@every_loss
@pytest.mark.parametrize("rows", [1, 15, 17, 256, 300])
@pytest.mark.parametrize("weighted", [False, True])
def test_value_and_gradient_are_the_textbooks(name, rows, weighted):
    net, network, theta, x, y = problem(name, rows, seed=rows)
    weight = np.random.default_rng(1).uniform(0.1, 2.0, rows) if weighted else None
    f_true, slope, _ = evaluate(name, net.predict(theta, x), y, weight)
    true = np.einsum("roj,ro->j", jacobian(net, theta, x), slope)
    f, gradient = network.loss_and_gradient(theta, x, y, weight)
    assert f == pytest.approx(f_true, rel=EXACT)
    assert worst(gradient, true) <= EXACT
    f, gradient = network.loss_and_gradient(theta.astype(np.float32), x, y, weight)
    assert f == pytest.approx(f_true, rel=SINGLE)
    assert worst(gradient, true) <= SINGLE
    assert network.bind(x, y, weight).value(theta) == network.bind(x, y, weight)(theta)[0]


@every_loss
def test_the_gradient_is_a_central_difference(name):
    _, network, theta, x, y = problem(name, alpha=0.7)
    objective = network.bind(x, y)
    numeric = np.empty_like(theta)
    for k in range(theta.size):
        step = np.eye(theta.size)[k] * STEP
        numeric[k] = (objective.value(theta + step) - objective.value(theta - step)) / (2 * STEP)
    assert worst(objective(theta)[1], numeric) <= CENTRAL


@every_loss
@pytest.mark.parametrize("weighted", [False, True])
def test_normal_equations_are_the_textbooks(name, weighted):
    net, network, theta, x, y = problem(name, 300)
    weight = np.random.default_rng(1).uniform(0.0, 2.0, 300) if weighted else None
    matrix = evaluate(name, net.predict(theta, x), y, weight)[2]
    j = jacobian(net, theta, x)
    f, jtr, jtj = network.bind(x, y, weight).normal_equations(theta)
    value, gradient = network.bind(x, y, weight)(theta)
    assert (f, jtr.tobytes()) == (value, gradient.tobytes())
    assert worst(jtj, np.einsum("roi,rop,rpj->ij", j, matrix, j)) <= EXACT
    assert np.array_equal(jtj, jtj.T)
    for block, where in enumerate(network.blocks):
        own = network.bind(x, y, weight).normal_equations(theta, block)
        assert worst(own[2], jtj[where, where]) <= EXACT


@every_loss
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_number_of_threads_gives_the_same_bits(name, dtype):
    _, network, theta, x, y = problem(name, 20_000)
    found = [network.bind(x, y, n_threads=n, dtype=dtype)(theta) for n in (1, 2, 3)]
    assert len({(f, g.tobytes()) for f, g in found}) == 1


class Identity1(hbcd.Layer):
    """Hands on what it gets: the outputs of the network are the inputs."""

    def n_parameters(self, n_in):
        return 0

    def n_out(self, n_in):
        return n_in

    def init(self, n_in, rng):
        return np.empty(0)

    def forward(self, theta, x, out):
        out[...] = x

    def backward(self, theta, x, out, grad_out, grad_x, grad_theta):
        grad_x[...] = grad_out


def at(loss, out, y, dtype=np.float64):
    """Loss and slope of single outputs."""
    out, y = (np.atleast_2d(np.asarray(v, dtype=dtype)) for v in (out, y))
    grad = np.empty_like(out)
    return loss.evaluate(out, y, grad), grad


SIZES = [0.0, 1e-300, 1e-12, 1e-8, 1e-3, 0.5, 0.99, 1.01, 3.0, 40.0, 800.0, 1e5, 1e155, 1e300]


@pytest.mark.parametrize("name", ["absolute", "huber", "log_cosh", "quantile"])
def test_errors_of_any_size_have_an_exact_value_and_slope(name):
    loss = LOSSES[name]
    for size in SIZES:
        for e in (size, -size):
            (value,), ((slope,),) = at(loss, e, 0.0)
            true = float(_exact(name, np.longdouble(e)))
            # The tip of the pinball is a difference of numbers of size 0.2.
            room = 1e-16 if name == "quantile" else 0.0
            assert value == pytest.approx(true, rel=2e-15, abs=room)
            assert np.isfinite(slope)
            assert abs(slope) <= 1


def _exact(name, e):
    """In long double, in forms that neither overflow nor cancel."""
    a, s = abs(e), np.longdouble("0.3")
    if name == "absolute":
        s = np.longdouble(0.3)
        return e / (np.hypot(e, s) + s) * e
    if name == "huber":
        d = np.longdouble(0.7)
        return a * a / 2 if a < d else d * (a - d / 2)
    if name == "log_cosh":
        near = np.log1p(np.expm1(a) ** 2 / (2 * np.exp(a))) if a < 1 else np.longdouble(0)
        return near if a < 1 else a + np.log1p(np.exp(-2 * a)) - np.log(np.longdouble(2))
    q, s = np.longdouble(0.9), np.longdouble(0.2)
    return (np.hypot(e, s) - (2 * q - 1) * e) / 2 - s * np.sqrt(q * (1 - q))


@pytest.mark.parametrize("out", [-1e300, -800.0, -40.0, -1.0, 0.0, 1e-9, 1.0, 40.0, 800.0, 1e300])
def test_logistic_keeps_its_relative_accuracy_and_never_overflows(out):
    loss, exact = hbcd.Logistic(), np.longdouble(out)
    for y in (0.0, 1.0):
        (value,), ((slope,),) = at(loss, out, y)
        side = exact if y == 0.0 else -exact  # log(1 + e^side)
        small = np.exp(-abs(side))
        assert value == pytest.approx(float(max(side, 0) + np.log1p(small)), rel=2e-15)
        share = float((small if side < 0 else 1) / (1 + small))
        assert slope == pytest.approx(share if y == 0.0 else -share, rel=2e-15)


@pytest.mark.parametrize("shift", [0.0, 1e4, -1e300, 3e38])
def test_cross_entropy_depends_on_differences_of_outputs_alone(shift):
    out = np.array([[0.0, 1.0, -700.0]])
    moved = shift + (out if abs(shift) < 1e5 else 0 * out)
    y = np.array([[0.25, 0.5, 0.25]])
    (value,), slope = at(hbcd.CrossEntropy(), moved, y)
    p = softmax(moved - shift)
    assert value == pytest.approx(float((-y * np.log(np.maximum(p, 1e-310))).sum()), rel=1e-2)
    assert np.allclose(slope, p - y, atol=1e-14)


def test_a_class_that_is_out_of_reach_costs_its_distance():
    (value,), slope = at(hbcd.CrossEntropy(), [[0.0, -1e300]], [[0.0, 1.0]])
    assert value == 1e300
    assert np.array_equal(slope, [[1.0, -1.0]])


def test_poisson_is_half_the_deviance_of_scikit_learn():
    from sklearn.metrics import mean_poisson_deviance

    rng = np.random.default_rng(0)
    y, out = rng.poisson(3.0, 500).astype(float), rng.normal(size=500)
    values, slope = at(hbcd.Poisson(), out[:, None], y[:, None])
    assert values.mean() == pytest.approx(mean_poisson_deviance(y, np.exp(out)) / 2, rel=1e-13)
    assert (values >= -1e-15).all()
    assert np.allclose(slope[:, 0], np.exp(out) - y, atol=1e-13)
    for tiny in (0.0, 5e-324, 1e-310):
        assert at(hbcd.Poisson(), 0.0, tiny)[0][0] == 1.0


@every_loss
def test_what_is_not_a_number_is_not_hidden(name):
    class Broken(hbcd.Activation):
        def forward(self, z, out):
            out[...] = np.nan

        def backward(self, z, a, grad):
            pass

    layers = [hbcd.InputLayer(2), hbcd.HiddenLayer(2, Broken()), Identity1()]
    network = hbcd.Network(layers, LOSSES[name])
    assert np.isnan(network.loss_and_gradient(np.zeros(6), np.ones((3, 2)), np.ones((3, 2)))[0])


@every_loss
def test_a_mean_prediction_is_what_the_outputs_stand_for(name):
    out = np.random.default_rng(0).normal(size=(20, 3))
    mean = LOSSES[name].mean(out)
    if name == "poisson":
        assert np.allclose(mean, np.exp(out))
    elif name == "logistic":
        assert np.allclose(mean, 1 / (1 + np.exp(-out)))
    elif name == "cross_entropy":
        assert np.allclose(mean.sum(axis=1), 1)
    else:
        assert mean is out
    if name not in ("squared_error", *ONE) or name in ("poisson", "logistic"):
        # The slope of a log-likelihood vanishes where the target is its mean.
        assert np.abs(at(LOSSES[name], out, mean)[1]).max() <= 1e-14


def until_solved(optimizer):
    return Listed(hbcd.Phase(optimizer, stop=hbcd.Stop(1e-9, None, max_iterations=500)))


# ---- training ---------------------------------------------------------------------------------


@every_loss
@pytest.mark.parametrize("kind", [hbcd.LBFGS, hbcd.LevenbergMarquardt])
def test_second_order_methods_reach_one_minimum(name, kind):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3))
    y = targets(name, rng, 400, 3)
    network = hbcd.Network([hbcd.InputLayer(3), hbcd.OutputLayer(3)], LOSSES[name], alpha=1.0)
    report = network.train(network.init(0), x, y, strategy=until_solved(kind()))
    f, gradient = network.loss_and_gradient(report.theta, x, y)
    assert f < report.initial_loss
    # A convex function of the parameters: a small gradient is the minimum.
    assert np.abs(gradient).max() <= 1e-7
    if name != "squared_error" and kind is hbcd.LevenbergMarquardt:
        assert report.n_iter < 100


@pytest.mark.parametrize("q", [0.05, 0.5, 0.9])
def test_a_quantile_has_that_share_of_the_rows_below_it(q):
    rng = np.random.default_rng(0)
    x, y = np.zeros((2000, 1)), rng.exponential(size=2000)
    network = hbcd.Network([hbcd.InputLayer(1), hbcd.OutputLayer(1)], hbcd.Quantile(q))
    theta = network.train(network.init(0), x, y, strategy=until_solved(hbcd.LBFGS())).theta
    assert np.mean(y < network.predict(theta, x)[0, 0]) == pytest.approx(q, abs=0.01)


# ---- own losses -------------------------------------------------------------------------------


class Cauchy(hbcd.Loss):
    def evaluate(self, out, target, grad):
        e = out - target
        if grad is not None:
            grad[...] = e / (1 + e**2)
        return np.log1p(e**2).sum(axis=1) / 2


class Renamed(hbcd.Huber):
    """Overrides nothing, and still may not take the compiled path."""


class Counted(hbcd.CrossEntropy):
    calls = 0

    def evaluate(self, out, target, grad):
        Counted.calls += 1
        return super().evaluate(out, target, grad)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [17, 300])
def test_a_loss_of_ones_own_is_a_mean_over_rows(rows, dtype):
    net, _, theta, x, y = problem("huber", rows)
    weight = np.random.default_rng(1).uniform(0.0, 2.0, rows)
    network = hbcd.Network(net.network.layers, Cauchy(), alpha=0.3)
    f, gradient = network.loss_and_gradient(theta.astype(dtype), x, y, weight)
    e, share = net.predict(theta, x) - y, weight / weight.sum()
    squares = sum((w**2).sum() for w, _ in net.weights(theta))
    room = EXACT if dtype == np.float64 else SINGLE
    penalty = 0.15 * squares / rows  # only ratios of weights count
    assert f == pytest.approx(share @ np.log1p(e**2).sum(axis=1) / 2 + penalty, rel=room)
    true = np.einsum("roj,ro->j", jacobian(net, theta, x), share[:, None] * e / (1 + e**2))
    mask = np.concatenate([np.r_[w.ravel(), 0 * b] for w, b in net.weights(theta)])
    assert worst(gradient, true + 0.3 * mask / rows) <= room


def test_a_subclass_of_a_built_in_one_can_ask_it():
    net, network, theta, x, y = problem("huber")
    f, gradient = network.loss_and_gradient(theta, x, y)
    own = hbcd.Network(net.network.layers, Renamed(0.7))
    # A loss of one's own is the mean over rows, the built-in one over rows and outputs.
    assert own.loss_and_gradient(theta, x, y)[0] == pytest.approx(3 * f, rel=EXACT)
    assert worst(own.loss_and_gradient(theta, x, y)[1], 3 * gradient) <= EXACT
    net, network, theta, x, y = problem("cross_entropy")
    own = hbcd.Network(net.network.layers, Counted())
    assert own.loss_and_gradient(theta, x, y)[0] == pytest.approx(
        network.loss_and_gradient(theta, x, y)[0], rel=EXACT
    )
    assert Counted.calls > 0


def test_a_loss_of_ones_own_trains_block_by_block():
    net, _, theta, x, y = problem("huber", 300)
    network = hbcd.Network(net.network.layers, Cauchy())
    report = network.train(theta, x, y, stop=hbcd.Stop(max_evaluations=300))
    assert report.loss < 0.9 * report.initial_loss
    assert report.loss == network.loss_and_gradient(report.theta, x, y)[0]


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (lambda rows: np.zeros(rows + 1), "must return one number for each of 40 rows"),
        (
            lambda rows: np.zeros((rows, 1)),
            r"^evaluate=array of shape \(40, 1\): must return one number",
        ),
        (lambda rows: "no", "must return one number for each of 40 rows"),
        (lambda rows: None, "must return one number for each of 40 rows"),
        (lambda rows: 1 / 0, "division by zero"),
    ],
)
def test_what_a_loss_of_ones_own_does_wrong_reaches_the_caller(found, message):
    class Wrong(hbcd.Loss):
        def evaluate(self, out, target, grad):
            return found(len(out))

    net, _, theta, x, y = problem("huber")
    network = hbcd.Network(net.network.layers, Wrong())
    with pytest.raises((ValueError, ZeroDivisionError), match=message):
        network.loss_and_gradient(theta, x, y)


# ---- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: hbcd.Huber(0), "delta=0: must be greater than 0"),
        (lambda: hbcd.AbsoluteError(-1), "smoothing=-1: must be greater than 0"),
        (lambda: hbcd.Quantile(1.0), "q=1.0: must be less than 1"),
        (lambda: hbcd.Quantile(0.5, 0), "smoothing=0: must be greater than 0"),
    ],
)
def test_bad_parameters_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("name", "value"), [("poisson", -1), ("logistic", 1.5), ("cross_entropy", -0.1)]
)
def test_a_target_without_meaning_is_refused_naming_its_row(name, value):
    _, network, theta, x, y = problem(name)
    y[7, 1] = value
    with pytest.raises(ValueError, match=rf"^y: row 7 is {value}: must be "):
        network.loss_and_gradient(theta, x, y)


def test_cross_entropy_needs_two_outputs():
    with pytest.raises(ValueError, match=r"loss=CrossEntropy\(\): must have at least 2 outputs"):
        hbcd.Network([hbcd.InputLayer(2), hbcd.OutputLayer(1)], hbcd.CrossEntropy())


def test_methods_that_need_more_than_a_loss_has_say_so():
    net, _, theta, x, y = problem("huber")
    own = hbcd.Network(net.network.layers, Cauchy())
    with pytest.raises(ValueError, match="must be a built-in one for LevenbergMarquardt"):
        own.train(theta, x, y, strategy=hbcd.FullBatch(hbcd.LevenbergMarquardt()))
    with pytest.raises(ValueError, match="a custom loss has no Gauss-Newton matrix"):
        own.bind(x, y).normal_equations(theta)
    huber = hbcd.Network(net.network.layers, hbcd.Huber())
    for optimizer in (
        hbcd.LevenbergMarquardt(variable_projection=True),
        hbcd.ExactOutput(hbcd.LBFGS()),
    ):
        with pytest.raises(ValueError, match=r"must be SquaredError\(\)"):
            huber.train(theta, x, y, strategy=hbcd.FullBatch(optimizer))


@pytest.mark.skipif(levels.INSIDE, reason="this is such a run")
@pytest.mark.parametrize("level", levels.OTHERS)
def test_losses_are_right_on_every_instruction_set(level):
    levels.run_on(level, __file__, "-k", "textbooks or any_size or relative_accuracy or hidden")
