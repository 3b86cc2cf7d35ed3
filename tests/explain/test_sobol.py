"""Sobol indices: those that theory gives, of functions whose indices are known in closed form."""

import inspect
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import hbcd
from hbcd.explain import explained as batches
from hbcd.explain import sobol_indices
from support.commands import table

QUIET = {"random_state": 0, "n_threads": 1, "max_iter": 60}


class Model:
    """A function of an array in the place of a model."""

    def __init__(self, function):
        self.function = function

    def predict(self, X):
        return self.function(np.asarray(X))


CUBE = np.array([[0.0] * 6, [1.0] * 6])
PI = np.array([[-np.pi] * 3, [np.pi] * 3])


def ishigami(x):
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def ishigami_indices():
    """First order, total, and of columns 0 and 2 together: Ishigami and Homma (1990)."""
    a, b = 7.0, 0.1
    one = 0.5 * (1.0 + b * np.pi**4 / 5.0) ** 2
    both = b * b * np.pi**8 * 8.0 / 225.0
    two = a * a / 8.0
    variance = one + two + both
    first = np.array([one, two, 0.0]) / variance
    return first, first + np.array([both, 0.0, both]) / variance, both / variance, variance


A = np.array([0.0, 1.0, 4.5, 9.0, 99.0, 99.0])


def g_function(x):
    return np.prod((np.abs(4.0 * x - 2.0) + A) / (1.0 + A), axis=1)


def g_indices():
    """First order, total: Sobol (1993)."""
    own = 1.0 / (3.0 * (1.0 + A) ** 2)
    variance = np.prod(1.0 + own) - 1.0
    total = own * np.prod(1.0 + own) / (1.0 + own)
    return own / variance, total / variance, variance


@pytest.mark.parametrize("seed", range(4))
def test_indices_of_the_ishigami_function_are_found(seed):
    found = sobol_indices(Model(ishigami), PI, second_order=True, random_state=seed)
    first, total, both, variance = ishigami_indices()
    # The interval is that of independent points, whose error is greater than that of these.
    assert ((found.first_low[:, 0] < first) & (first < found.first_high[:, 0])).all()
    assert ((found.total_low[:, 0] < total) & (total < found.total_high[:, 0])).all()
    assert found.second_low[0, 2, 0] < both < found.second_high[0, 2, 0]
    for i, j in ((0, 1), (1, 2)):
        assert found.second_low[i, j, 0] < 0.0 < found.second_high[i, j, 0]
    assert np.array_equal(found.second, found.second.swapaxes(0, 1))
    # Of 2**12 independent points a standard error is about 0.01; ten times less is measured.
    np.testing.assert_allclose(found.first[:, 0], first, atol=0.01)
    np.testing.assert_allclose(found.total[:, 0], total, atol=0.01)
    assert found.variance[0] == pytest.approx(variance, rel=0.01)
    assert found.mean[0] == pytest.approx(3.5, abs=0.01)
    assert found.evaluations == 4096 * 8


@pytest.mark.parametrize("seed", range(4))
def test_indices_of_the_g_function_are_found(seed):
    found = sobol_indices(Model(g_function), CUBE, random_state=seed)
    first, total, variance = g_indices()
    assert ((found.first_low[:, 0] < first) & (first < found.first_high[:, 0])).all()
    np.testing.assert_allclose(found.first[:, 0], first, atol=0.01)
    np.testing.assert_allclose(found.total[:, 0], total, atol=0.01)
    assert found.variance[0] == pytest.approx(variance, rel=0.01)


def test_the_error_falls_faster_than_that_of_independent_points():
    first, *_ = ishigami_indices()
    errors = {}
    for n in (256, 4096):
        each = [
            sobol_indices(Model(ishigami), PI, n_points=n, random_state=seed, n_bootstrap=0).first
            for seed in range(8)
        ]
        errors[n] = np.sqrt(np.mean(np.square(np.array(each)[..., 0] - first)))
    # Independent points gain a factor of 4.
    assert errors[4096] < errors[256] / 6.0


def test_scipy_finds_the_same_of_the_same_points():
    # SciPy 1.15 has renamed the argument.
    known = inspect.signature(stats.sobol_indices).parameters
    name = "rng" if "rng" in known else "random_state"
    theirs = stats.sobol_indices(
        func=lambda x: ishigami(x.T),
        n=1024,
        dists=[stats.uniform(loc=-np.pi, scale=2 * np.pi)] * 3,
        **{name: np.random.default_rng(5)},
    )
    ours = sobol_indices(Model(ishigami), PI, n_points=1024, random_state=5)
    np.testing.assert_allclose(ours.first[:, 0], theirs.first_order, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(ours.total[:, 0], theirs.total_order, rtol=1e-9, atol=1e-12)


def test_of_an_additive_function_nothing_is_done_together():
    model = Model(lambda x: x[:, 0] + 2.0 * x[:, 1])
    found = sobol_indices(model, CUBE[:, :3], second_order=True)
    # The variance of a uniform column times its factor squared: 1 to 4.
    np.testing.assert_allclose(found.first[:, 0], [0.2, 0.8, 0.0], atol=2e-3)
    np.testing.assert_allclose(found.total[:, 0], [0.2, 0.8, 0.0], atol=2e-3)
    assert found.first[2] == found.total[2] == 0.0  # exactly: it is not read
    assert np.abs(found.second).max() < 2e-3


def test_scale_and_shift_of_the_output_and_the_inputs_change_nothing():
    plain = sobol_indices(Model(g_function), CUBE)
    wide = sobol_indices(Model(lambda x: g_function(x / 4.0)), 4.0 * CUBE)
    assert np.array_equal(plain.first, wide.first)
    moved = sobol_indices(Model(lambda x: 1000.0 - 3.0 * g_function(x)), CUBE)
    np.testing.assert_allclose(moved.total, plain.total, rtol=1e-9)
    assert moved.variance[0] == pytest.approx(9.0 * plain.variance[0], rel=1e-9)
    box = {k: (0.0, 1.0) for k in range(6)}
    boxed = sobol_indices(Model(g_function), 5.0 + CUBE, box=box)
    assert np.array_equal(boxed.first, plain.first)


def test_columns_that_do_not_vary_explain_nothing_and_a_constant_has_no_indices():
    fixed = CUBE.copy()
    fixed[:, 0] = 0.3
    found = sobol_indices(Model(g_function), fixed)
    assert found.first[0] == found.total[0] == 0.0
    constant = sobol_indices(Model(lambda x: np.full(len(x), 0.1)), CUBE)
    assert np.isnan(constant.first).all()
    assert constant.variance[0] == pytest.approx(0.0, abs=1e-30)


def test_the_empirical_distribution_is_that_of_the_rows():
    """``x0 + x1`` of a skewed column of variance 1 and one of variance 4."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.exponential(size=4000), 2.0 * rng.normal(size=4000)])
    found = sobol_indices(Model(lambda x: x.sum(axis=1)), X, distribution="empirical")
    share = X.var(axis=0) / X.var(axis=0).sum()
    np.testing.assert_allclose(found.total[:, 0], share, atol=0.01)
    assert found.mean[0] == pytest.approx(X.mean(axis=0).sum(), abs=0.01)
    weight = np.where(X[:, 0] > 1.0, 0.0, 1.0)
    kept = X[X[:, 0] <= 1.0].var(axis=0)
    found = sobol_indices(
        Model(lambda x: x.sum(axis=1)), X, distribution="empirical", sample_weight=weight
    )
    np.testing.assert_allclose(found.total[:, 0], kept / kept.sum(), atol=0.01)


def test_weights_count_rows_of_the_empirical_distribution():
    X = np.array([[0.0, 0.0], [1.0, 1.0]])
    found = sobol_indices(
        Model(lambda x: x[:, 0]), X, distribution="empirical", sample_weight=[3.0, 1.0]
    )
    # A share of 1/4 of points that are 2**12 and even.
    assert found.mean[0] == pytest.approx(0.25, abs=1e-3)
    assert found.variance[0] == pytest.approx(0.1875, abs=1e-3)


@pytest.fixture(scope="module")
def fitted():
    frame = table(240)
    frame["when"] = pd.date_range("2024-01-30", periods=240, freq="7h")
    frame.loc[::10, "b"] = np.nan
    frame.loc[5::20, "day"] = None
    frame.loc[3::20, "when"] = pd.NaT
    X, y = frame.drop(columns="y"), frame["y"]
    model = hbcd.HybridRegressor((4,), members=1, missing="indicator", dates="features", **QUIET)
    return model.fit(X, y), X


@pytest.mark.parametrize("distribution", ["uniform", "empirical"])
def test_points_are_rows_that_a_table_could_have(fitted, distribution):
    from hbcd.explain.sobol_inputs import Inputs

    model, X = fitted
    inputs = Inputs(batches.Explained(model, X), distribution, None)
    points = np.linspace(0.0, 1.0, 41, endpoint=False)[:, np.newaxis] * np.ones(5)
    made = inputs.features(points)
    known = X.copy()
    if distribution == "uniform":
        low, high = X["a"].min(), X["a"].max()
        share = points[:, 0]
        first, last = X["when"].min(), X["when"].max()
        expected = pd.DataFrame(
            {
                "a": low + share * (high - low),
                "b": X["b"].min() + share * (X["b"].max() - X["b"].min()),
                "day": np.array(["Mon", "Tue", "Wed"])[(share * 3).astype(int)],
                "on": np.array([False, True])[(share * 2).astype(int)],
                "when": first + share * (last - first),
            }
        )
    else:
        # Levels are in the order of their codes, a gap of theirs last, as it is of numbers.
        place = (points[:, 0] * 240).astype(int)
        expected = pd.DataFrame(
            {name: known[name].sort_values(kind="stable").to_numpy()[place] for name in known}
        )
    np.testing.assert_allclose(made, model.encode(expected), rtol=1e-9, atol=1e-9)
    found = sobol_indices(model, X, distribution=distribution, n_points=256)
    assert found.features == ("a", "b", "day", "on", "when")
    assert (found.total > -1e-12).all()


def test_of_classes_each_probability_has_its_indices(fitted):
    _, X = fitted
    labels = np.array(["low", "mid", "top"])[np.digitize(X["a"], [-0.5, 0.5])]
    model = hbcd.HybridClassifier((3,), members=1, missing="indicator", dates="features", **QUIET)
    found = sobol_indices(model.fit(X, labels), X, n_points=256, second_order=True)
    assert found.outputs == ("low", "mid", "top")
    assert found.second.shape == (5, 5, 3)
    lines = found.to_frame()
    assert len(lines) == 15
    assert lines["total"].tolist() == found.total.reshape(-1).tolist()
    pairs = found.to_frame(pairs=True)
    assert len(pairs) == 30
    assert pairs["second"][3:6].tolist() == found.second[0, 2].tolist()
    with pytest.raises(ValueError, match="pairs=True: second_order=True computes them"):
        sobol_indices(model, X, n_points=8).to_frame(pairs=True)


def test_networks_have_indices_of_their_own_and_threads_change_no_bit(monkeypatch):
    X, y = hbcd.make_plant(300, rng=0, return_X_y=True)
    model = hbcd.HybridRegressor(random_state=0, effort="fast").fit(X, y)
    found = sobol_indices(model, X, n_points=256)
    assert (found.total_spread > 0).all()
    assert "first_spread" in found.to_frame()
    monkeypatch.setattr(batches, "BATCH_BYTES", 5000)
    model.set_params(n_threads=3)
    again = sobol_indices(model, X, n_points=256)
    for name in ("first", "total", "first_low", "total_high", "total_spread"):
        assert np.array_equal(getattr(found, name), getattr(again, name)), name
    assert not np.array_equal(
        found.first, sobol_indices(model, X, n_points=256, random_state=1).first
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n_points": 1000}, "n_points=1000: must be a power of 2"),
        ({"n_points": 1}, "n_points=1: must be at least 2"),
        ({"distribution": "normal"}, "distribution='normal': must be one of uniform, empirical"),
        ({"box": {"day": (0, 1)}}, "box: day is not of numbers"),
        ({"box": {"a": (1, 0)}}, "box: a=(1, 0): must have its low end first"),
        ({"box": {"a": 1}}, "box: a=1: must be a pair (low, high)"),
        ({"box": {"a": (0, 1)}, "distribution": "empirical"}, "box: must be None where"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(fitted, arguments, words):
    model, X = fitted
    with pytest.raises(ValueError, match=re.escape(words)) as refusal:
        sobol_indices(model, X, **arguments)
    assert "\n" not in str(refusal.value)
