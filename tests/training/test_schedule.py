"""The cosine schedule of ADAM: how long the run is that its rate falls over."""

import numpy as np
import pytest

import hbcd
from support.training_runs import NET, THETA, X, Y, run_phases, train

ROWS = 32
SAME_X, SAME_Y = np.tile(X[:1], (ROWS, 1)), np.full(ROWS, Y[0])  # every batch has the full gradient
TINY, RATE = 1e6, 1e4  # an epsilon beside which the root of the second moment is nothing:
PLAIN = hbcd.Adam(RATE, 0.0, 0.0, TINY, schedule="cosine")  # gradient steps of RATE / TINY


def descended(blocks, total):
    """Steps of RATE / TINY times the cosine over `total` of them, on one block after another."""
    theta = THETA.copy()
    for t, block in enumerate(blocks):
        _, gradient = NET.loss_and_gradient(theta, SAME_X, SAME_Y)
        share = 0.5 + 0.5 * np.cos(np.pi * t / total)
        theta[block] -= RATE * share * gradient[block] / (np.abs(gradient[block]) + TINY)
    return theta


ALL = slice(None)
PHASES = {
    "passes x batches": (hbcd.Phase(PLAIN, batch_rows=8, epochs=3), 3 * 4),
    "x iterations": (hbcd.Phase(PLAIN, batch_rows=8, epochs=3, inner_iterations=2), 3 * 4 * 2),
    "growing": (hbcd.Phase(PLAIN, batch_rows=8, batch_growth=2.0, epochs=5), 4 + 2 + 1 + 1 + 1),
    "slowly": (hbcd.Phase(PLAIN, batch_rows=3, batch_growth=1.3, epochs=4), 10 + 8 + 5 + 4),
    "one subset": (hbcd.Phase(PLAIN, batch_rows=9, inner_iterations=7), 7),
    "all rows": (hbcd.Phase(PLAIN, epochs=5), 5),
    "limit of the phase": (hbcd.Phase(PLAIN, batch_rows=8, epochs=3, max_iterations=5), 5),
}


@pytest.mark.parametrize("name", PHASES)
def test_the_rate_falls_over_all_iterations_of_the_phase(name):
    phase, total = PHASES[name]
    report = run_phases(phase, x=SAME_X, y=SAME_Y, stop=hbcd.Stop(0.0, None))
    assert report.n_iter == total
    np.testing.assert_allclose(report.theta, descended([ALL] * total, total), rtol=1e-9)


def test_visits_of_blocks_are_counted_together():
    order = hbcd.ForwardSequential()
    phase = hbcd.Phase(
        PLAIN, order, batch_rows=16, epochs=3, visits_per_batch=2, inner_iterations=1
    )
    report = run_phases(phase, x=SAME_X, y=SAME_Y, stop=hbcd.Stop(0.0, None))
    assert report.n_iter == 12
    expected = descended([NET.blocks[t % 3] for t in range(12)], 12)
    np.testing.assert_allclose(report.theta, expected, rtol=1e-9)


def test_what_is_left_of_the_limit_of_the_run_is_the_length_of_the_last_phase():
    first = hbcd.Phase(PLAIN, inner_iterations=4)
    then = hbcd.Phase(PLAIN, batch_rows=8, epochs=100)
    stop = hbcd.Stop(0.0, None, max_iterations=10)
    report = run_phases(first, then, x=SAME_X, y=SAME_Y, stop=stop)
    assert report.n_iter == 10
    after = descended([ALL] * 4, 4)
    for t in range(6):
        _, gradient = NET.loss_and_gradient(after, SAME_X, SAME_Y)
        after -= RATE * (0.5 + 0.5 * np.cos(np.pi * t / 6)) * gradient / (np.abs(gradient) + TINY)
    np.testing.assert_allclose(report.theta, after, rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_bits_are_the_same_at_any_number_of_threads(dtype):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(9000, 3))
    strategy = hbcd.MiniBatch(hbcd.Adam(0.01, schedule="cosine"), 4000, epochs=5)
    one, four = (
        train(strategy, theta=THETA.astype(dtype), x=x, y=np.sin(x[:, 0]), n_threads=k).theta
        for k in (1, 4)
    )
    assert np.array_equal(one, four)


def test_passes_without_a_better_point_do_not_end_a_schedule():
    wild = {"learning_rate": 0.5}  # the loss falls only once the steps are short
    constant = train(hbcd.MiniBatch(hbcd.Adam(**wild), 32, epochs=60))
    cosine = train(hbcd.MiniBatch(hbcd.Adam(**wild, schedule="cosine"), 32, epochs=60))
    assert constant.stop_reason == hbcd.StopReason.NO_PROGRESS
    assert cosine.stop_reason == hbcd.StopReason.EPOCHS
    assert cosine.loss < 0.2 * constant.loss


def test_minimize_takes_its_max_iterations_as_the_length():
    def plane(x):  # all steps have the length of the rate
        return float(x.sum()), np.ones(2)

    for n in (4, 400):
        found = hbcd.minimize(
            plane,
            np.zeros(2),
            jac=True,
            method=hbcd.Adam(0.01, schedule="cosine"),
            stop=hbcd.Stop(0.0, None, max_iterations=n),
        )
        np.testing.assert_allclose(found.x, -0.01 * (n + 1) / 2, rtol=1e-6)


def test_an_unknown_schedule_is_refused():
    with pytest.raises(ValueError, match="schedule='linear': must be 'constant' or 'cosine'"):
        hbcd.Adam(schedule="linear")
