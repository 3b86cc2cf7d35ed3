"""Unusual input that is fine: one row, constant columns, extreme scales."""

import numpy as np
import pytest

import hbcd

ROWS, INPUTS, OUTPUTS = 30, 3, 2
rng = np.random.default_rng(0)
X = rng.normal(size=(ROWS, INPUTS))
Y = rng.normal(size=(ROWS, OUTPUTS))
NET = hbcd.Network([hbcd.InputLayer(INPUTS), hbcd.HiddenLayer(4), hbcd.OutputLayer(OUTPUTS)])
THETA = NET.init(0)
SHORT = hbcd.FullBatch(max_iterations=3)


def train(theta=THETA, x=X, y=Y, weight=None, **options):
    return NET.train(theta, x, y, weight, **{"strategy": SHORT, **options})


@pytest.mark.parametrize(
    "strategy",
    [
        hbcd.FullBatch(),
        hbcd.Hybrid.paper(),
        hbcd.Hybrid.fast(),
        hbcd.MiniBatch(hbcd.Adam(), epochs=5),
        hbcd.BlockCoordinateDescent(epochs=5),
    ],
    ids=["full", "paper", "fast", "adam", "bcd"],
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_one_row_trains(strategy, dtype):
    theta = THETA.astype(dtype)
    report = NET.train(theta, X[:1], Y[:1], strategy=strategy)
    assert report.loss < report.initial_loss
    assert np.isfinite(report.theta).all()


@pytest.mark.parametrize("strategy", [None, SHORT], ids=["default", "short"])
@pytest.mark.parametrize("value", [0.0, 1.0, -1e3])
def test_constant_columns_and_a_constant_target_train(value, strategy):
    constant = X.copy()
    constant[:, 1] = value
    report = train(x=constant, strategy=strategy)
    assert report.loss < report.initial_loss
    report = train(x=np.full_like(X, value), y=np.full_like(Y, 0.5), strategy=strategy)
    assert report.loss <= report.initial_loss
    assert np.isfinite(report.theta).all()


@pytest.mark.parametrize("scale", [5e-324, 1e-310, 1e-150, 1e-30, 1e30, 1e100, 1e150, 1e307])
def test_extreme_scales_give_numbers_or_a_reason(scale):
    x, y = (np.clip(table, -1, 1) * scale for table in (X, Y))
    assert np.isfinite(NET.predict(THETA, x)).all()
    for tables in ((x, Y), (X, y), (x, y)):
        f, gradient = NET.loss_and_gradient(THETA, *tables)
        assert not np.isnan(f)
        report = train(x=tables[0], y=tables[1])
        if np.isfinite(f):
            assert np.isfinite(gradient).all()
            assert report.loss <= report.initial_loss == f
        else:  # the square of the target is beyond the numbers
            assert scale > 1e150
            assert report.stop_reason is hbcd.StopReason.NOT_FINITE
            assert np.array_equal(report.theta, THETA)
        assert np.isfinite(report.theta).all()


@pytest.mark.parametrize("scale", [1e39, 1e150])
def test_what_float32_cannot_hold_is_refused(scale):
    single = THETA.astype(np.float32)
    huge = np.full_like(X, scale)
    for call in (
        lambda: NET.predict(single, huge),
        lambda: NET.loss_and_gradient(single, huge, Y),
        lambda: train(single, huge),
    ):
        with pytest.raises(ValueError, match=r"^X: largest magnitude .* must fit into float32"):
            call()
    with pytest.raises(ValueError, match=r"^y: largest magnitude .* must fit into float32"):
        NET.loss_and_gradient(single, X, -np.full_like(Y, scale))
    assert np.isfinite(NET.predict(single, huge * (1e38 / scale))).all()


@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1e200, 1e307])
def test_weights_of_any_scale_work(scale):
    assert train(weight=np.full(ROWS, scale)).loss == pytest.approx(train().loss, rel=1e-9)


def test_huge_parameters_give_a_value_or_a_reason():
    for scale in (1e30, 1e300):
        f, gradient = NET.loss_and_gradient(THETA * scale, X, Y)
        assert not np.isnan(f)
        assert f > 1e50
        assert gradient.shape == THETA.shape
