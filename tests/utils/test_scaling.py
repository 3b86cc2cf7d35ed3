"""Standardization: the same numbers in one piece or in parts, copied by NumPy or by the core."""

import numpy as np
import pytest

import hbcd
from hbcd.utils import column_sums as _sums
from hbcd.utils.scaling import Scaled, Scaler

RNG = np.random.default_rng(7)


def table(rows=1000, columns=3, dtype=np.float64):
    scale = 10.0 ** RNG.integers(-3, 4, columns)
    return (RNG.normal(5.0, 2.0, (rows, columns)) * scale).astype(dtype)


def network(columns=3, outputs=2):
    return hbcd.Network([hbcd.InputLayer(columns), hbcd.HiddenLayer(4), hbcd.OutputLayer(outputs)])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("weighted", [False, True])
def test_parts_of_a_table_give_the_mean_and_scale_of_the_whole(dtype, weighted, monkeypatch):
    X = table(dtype=dtype)
    weight = RNG.uniform(0.5, 2.0, len(X)) if weighted else None
    whole = Scaler.fit(X, weight)
    monkeypatch.setattr(_sums, "BLOCK", 1)
    monkeypatch.setattr(_sums, "LEAST_ROWS", 33)
    parts = Scaler.fit(X, weight)
    assert np.allclose(parts.mean, whole.mean, rtol=1e-14, atol=0)
    assert np.allclose(parts.scale, whole.scale, rtol=1e-13, atol=0)


def test_standardized_columns_have_mean_0_and_deviation_1():
    X = table()
    z = Scaler.fit(X).forward(X, np.float64)
    assert np.abs(z.mean(axis=0)).max() < 1e-13
    assert np.abs(z.std(axis=0) - 1).max() < 1e-13


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("given", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_core_standardizes_with_the_bits_of_numpy(dtype, given, order):
    X, Y = np.asarray(table(dtype=given), order=order), table(columns=2, dtype=given)
    x, y = Scaler.fit(X), Scaler.fit(Y)
    net = network()
    theta = net.init(0, dtype)
    assert np.array_equal(net.predict(theta, Scaled(X, x)), net.predict(theta, x.forward(X, dtype)))
    runs = [
        net.train(theta, *pair, strategy=hbcd.FullBatch(max_iterations=5))
        for pair in [
            (Scaled(X, x), Scaled(Y, y)),
            (x.forward(X, dtype), y.forward(Y, dtype)),
        ]
    ]
    assert np.array_equal(runs[0].theta, runs[1].theta)
    assert runs[0].loss == runs[1].loss


def test_a_constant_column_is_only_shifted():
    X = np.column_stack([np.full(50, 3.0), np.arange(50.0)])
    scaler = Scaler.fit(X)
    assert np.array_equal(scaler.forward(X, np.float64)[:, 0], np.zeros(50))
    net = network(2)
    theta = net.init(0)
    assert np.isfinite(net.predict(theta, Scaled(X, scaler))).all()


def test_what_does_not_fit_once_standardized_is_refused():
    X = np.array([[0.0], [1e-30], [2e-30]])
    far = Scaled(np.array([[1e30]]), Scaler.fit(X))
    net = network(1)
    with pytest.raises(ValueError, match=r"^X: standardized magnitude .*: must fit into float32$"):
        net.predict(net.init(0, np.float32), far)


def test_few_and_many_rows_are_predicted_alike(monkeypatch):
    X, y = table(500), RNG.normal(size=500)
    model = hbcd.HybridRegressor((4,), strategy="full_batch", random_state=0, max_time=0.2)
    model.fit(X, y)
    few = model.predict(X)
    monkeypatch.setattr("hbcd.estimators.base._FEW", 0)
    assert np.array_equal(model.predict(X), few)
