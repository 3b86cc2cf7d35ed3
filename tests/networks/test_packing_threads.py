"""Large tables are copied into the core by the threads that a caller asks for."""

import numpy as np
import pytest

import hbcd
from hbcd import core

NET = hbcd.Network([hbcd.InputLayer(3), hbcd.HiddenLayer(2), hbcd.OutputLayer()])
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(60, 3)), RNG.normal(size=60)
SHORT = {"stop": hbcd.Stop(max_iterations=1), "n_threads": 3}


@pytest.fixture
def asked(monkeypatch):
    """The number of threads of every table copied."""
    data, numbers = core.Data, []

    def recorded(dtype, x, y, weight, x_columns, y_columns, penalty, index, n_threads):
        numbers.append(n_threads)
        return data(dtype, x, y, weight, x_columns, y_columns, penalty, index, n_threads)

    monkeypatch.setattr(core, "Data", recorded)
    return numbers


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (lambda: NET.bind(X, Y, n_threads=2), [2]),
        (lambda: NET.bind(X, Y), [1]),
        (lambda: NET.loss_and_gradient(NET.init(0), X, Y, n_threads=4), [4]),
        (lambda: NET.train(NET.init(0), X, Y, **SHORT), [3]),
        (lambda: NET.train(NET.init(0), X, Y, hold_out=0.2, **SHORT), [3, 3]),
        (lambda: NET.train(NET.init(0), X, Y, eval_set=(X, Y), **SHORT), [3, 3]),
    ],
    ids=["bind", "bind alone", "loss_and_gradient", "train", "hold_out", "eval_set"],
)
def test_tables_are_copied_by_the_threads_of_the_call(asked, call, wanted):
    call()
    assert asked == wanted


def test_the_penalty_is_chosen_with_the_threads_of_the_fit(asked):
    model = hbcd.HybridRegressor((2,), alpha="cv", n_threads=2, max_iter=20, random_state=0)
    model.fit(X, Y)
    assert len(asked) > 2
    assert set(asked) == {2}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_wide_table_has_the_same_loss_by_any_number_of_threads(dtype, order):
    rng = np.random.default_rng(1)
    x = np.asarray(rng.normal(size=(2700, 150)), order=order)  # 0.4 million numbers: threads work
    y, weight = rng.normal(size=(2700, 2)), rng.uniform(0, 2, 2700)
    net = hbcd.Network([hbcd.InputLayer(150), hbcd.HiddenLayer(2), hbcd.OutputLayer(2)])
    theta = net.init(0, dtype)
    f, gradient = net.bind(x, y, weight, dtype=dtype)(theta)
    for n_threads in (2, 3, 8):
        again, same = net.bind(x, y, weight, n_threads=n_threads, dtype=dtype)(theta)
        assert again == f
        assert np.array_equal(same, gradient)
