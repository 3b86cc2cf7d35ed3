"""`jacobian_bounds` and `is_monotonic`: derivatives of predictions over boxes, in plant units."""

import numpy as np
import pandas as pd
import pytest

import hbcd


def table(rng, n=300):
    """Rising in the first column in [-0.5, 0.5], falling and rising in the others."""
    X = rng.uniform(-2, 2, (n, 3)) * [1, 100, 0.01]
    return X, np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]


UNITS = np.array([1, 100, 0.01])
SMALL = np.array([[0, 0.1], [50, 60], [0.005, 0.006]])


def slopes(predict, rows, step=1e-4):
    """Derivatives by differences, (rows, outputs, features)."""
    found = []
    for k in range(3):
        move = np.zeros(3)
        move[k] = step * UNITS[k]
        rise = predict(rows + move) - predict(rows - move)
        found.append(rise.reshape(len(rows), -1) / (2 * move[k]))
    return np.stack(found, axis=-1)


FITS = (
    {},
    {"activation": "relu"},
    {"target_transform": "yeo-johnson"},
    {"target_transform": "log"},
    {"loss": "poisson"},
    {"output_range": (-1, 1)},
)


@pytest.mark.parametrize("parameters", FITS)
@pytest.mark.parametrize("most", [1, 20])
def test_no_derivative_of_a_prediction_leaves_its_bounds(parameters, most):
    rng = np.random.default_rng(0)
    X, y = table(rng)
    y = np.exp(y) if {"loss", "target_transform"} & set(parameters) else y
    model = hbcd.HybridRegressor((6,), dtype="float64", random_state=0, max_time=5, **parameters)
    model.fit(X, y)
    bounds = model.jacobian_bounds(np.stack([SMALL, SMALL + UNITS[:, None]]), max_boxes=most)
    assert bounds.shape == (2, 1, 3, 2)
    for box, own in zip((SMALL, SMALL + UNITS[:, None]), bounds, strict=True):
        found = slopes(model.predict, rng.uniform(box[:, 0], box[:, 1], (300, 3)))
        # What differences of step 1e-4 have for error, in the units of the columns.
        off = 1e-6 * np.abs(found).max() / UNITS + 1e-6 * np.abs(own).max(axis=(0, 2))
        assert (own[..., 0] - off <= found).all()
        assert (found <= own[..., 1] + off).all()


@pytest.mark.parametrize("classes", [2, 3])
def test_no_derivative_of_a_probability_leaves_its_bounds(classes):
    rng = np.random.default_rng(1)
    X, y = table(rng)
    labels = np.digitize(y, np.quantile(y, np.arange(1, classes) / classes))
    model = hbcd.HybridClassifier((6,), dtype="float64", random_state=0, max_time=5).fit(X, labels)
    own = model.jacobian_bounds(SMALL, max_boxes=10)
    assert own.shape == (classes, 3, 2)
    found = slopes(model.predict_proba, rng.uniform(SMALL[:, 0], SMALL[:, 1], (300, 3)))
    off = 1e-6 * np.abs(own).max(axis=(0, 2))
    assert (own[..., 0] - off <= found).all()
    assert (found <= own[..., 1] + off).all()


@pytest.fixture(scope="module")
def fitted():
    X, y = table(np.random.default_rng(2))
    return hbcd.HybridRegressor((8,), dtype="float64", random_state=0, max_time=5).fit(X, y)


def test_cutting_the_box_tightens_bounds_of_derivatives(fitted):
    widths = [np.ptp(fitted.jacobian_bounds(SMALL, max_boxes=n)[0, 0]) for n in (1, 10, 100)]
    assert widths[2] < 0.7 * widths[1] < 0.5 * widths[0]


def test_what_rises_is_proven_to_rise(fitted):
    proof = fitted.is_monotonic(SMALL, [1, 0, 0])
    assert proof
    assert proof.holds is True
    assert proof.witness is None
    assert fitted.jacobian_bounds(SMALL, max_boxes=200)[0, 0, 0] > 0


def test_a_witness_has_the_wrong_slope(fitted):
    for cst, column, sign in (([0, 1, 0], 1, 1), ([0, 0, -1], 2, -1), ({0: 1}, 0, 1)):
        refuted = fitted.is_monotonic(None, cst)
        assert not refuted
        assert refuted.holds is False
        assert (refuted.column, refuted.output) == (column, 0)
        assert refuted.witness.shape == (1, 3)
        low, high = fitted.feature_range_
        assert (low <= refuted.witness).all()
        assert (refuted.witness <= high).all()
        assert sign * slopes(fitted.predict, refuted.witness)[0, 0, column] < 0


def test_within_the_limit_a_question_may_stay_open(fitted):
    # It rises, but over the whole box at once that does not show.
    wide = np.array([[-0.4, 0.4], [-20, 20], [-0.002, 0.002]])
    left_open = fitted.is_monotonic(wide, [1, 0, 0], max_boxes=1)
    assert left_open.holds is None
    assert not left_open
    assert left_open.boxes == 1
    assert fitted.is_monotonic(wide, [1, 0, 0], max_boxes=10_000)


def test_the_table_of_a_box_is_that_of_its_witness():
    rng = np.random.default_rng(3)
    X, y = table(rng)
    data = pd.DataFrame(X, columns=["t", "p", "flow"])
    data["day"] = rng.choice(["Mon", "Tue"], len(data))
    y = np.where(data["day"] == "Mon", data["t"], -data["t"])
    model = hbcd.HybridRegressor((6,), dtype="float64", random_state=0, max_time=5).fit(data, y)
    assert model.jacobian_bounds({"day": "Mon"}).shape == (1, 4, 2)
    assert np.array_equal(model.jacobian_bounds()[0, 3], [0, 0])
    small = {"t": (0, 0.5), "p": (0, 1), "flow": (0, 0.001)}
    assert model.is_monotonic({"day": "Mon", **small}, {"t": 1})
    assert model.is_monotonic({"day": "Tue", **small}, {"t": -1})
    refuted = model.is_monotonic(small, {"t": 1})
    assert refuted.holds is False
    assert refuted.column == "t"
    assert refuted.witness["day"].tolist() == ["Tue"]
    moved = refuted.witness.assign(t=refuted.witness["t"] + 1e-4)
    assert model.predict(moved) < model.predict(refuted.witness)


def test_a_prediction_that_is_limited_does_not_fall():
    X = np.linspace(-1, 1, 200)[:, np.newaxis]
    y = -(X[:, 0] ** 2)
    model = hbcd.HybridRegressor((6,), output_range=(-9, -0.25), random_state=0, max_time=5)
    model.fit(X, y)
    assert model.is_monotonic([(-1, 1)], [1]).holds is False
    assert model.is_monotonic([(-0.3, 0.3)], [1])  # all of it is at the limit


@pytest.mark.parametrize(
    ("cst", "rule"),
    [
        (None, "must have 1 or -1"),
        ([0, 0, 0], "must have 1 or -1"),
        ([1, 0], "has 2 numbers, must have 3"),
        ([2, 0, 0], "0 has 2, must be 1, -1 or 0"),
        ([True, 0, 0], "has True"),
        ({"t": 1}, "has 't', must have columns of X"),
        ("rising", "must be an array"),
    ],
)
def test_signs_that_are_none_are_refused(fitted, cst, rule):
    with pytest.raises(ValueError, match=f"monotonic_cst.*{rule}"):
        fitted.is_monotonic(None, cst)


def test_what_has_no_derivative_is_refused():
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"t": rng.normal(size=60), "day": rng.choice(["Mon", "Tue"], 60)})
    labels = rng.integers(0, 3, 60)
    model = hbcd.HybridClassifier((3,), random_state=0, max_time=5).fit(data, labels)
    with pytest.raises(ValueError, match="is for two classes, not 3"):
        model.is_monotonic(None, {"t": 1})
    model = hbcd.HybridClassifier((3,), random_state=0, max_time=5).fit(data, labels == 1)
    with pytest.raises(ValueError, match="'day' is a column of levels, must be one of numbers"):
        model.is_monotonic(None, {"day": 1})
    assert model.is_monotonic(None, {"t": 1}).holds in (True, False, None)
