"""`output_bounds`: no prediction leaves it, in the units and for the tables of users."""

import numpy as np
import pandas as pd
import pytest

import hbcd


def table(rng, n=300):
    X = rng.uniform(-2, 2, (n, 3))
    return X, np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2]


def boxes(rng, n=6):
    """Boxes of all sizes, the last of one row."""
    center = rng.uniform(-1.5, 1.5, (n, 3))
    half = 10 ** rng.uniform(-6, 0, (n, 1))
    half[-1] = 0.0
    return np.stack([center - half, center + half], axis=-1)


def assert_encloses(model, predict, many, rng, **options):
    found = model.output_bounds(many, **options)
    assert len(found) == len(many)
    for box, bounds in zip(many, found, strict=True):
        rows = rng.uniform(box[:, 0], box[:, 1], (200, 3))
        corners = np.where(rng.random((50, 3)) < 0.5, box[:, 0], box[:, 1])
        out = predict(np.vstack([rows, corners])).reshape(250, -1)
        bounds = bounds.reshape(-1, 2)
        assert (bounds[:, 0] <= out).all()
        assert (out <= bounds[:, 1]).all()
    return found


FITS = (
    {"effort": "fast"},
    {"hidden_layer_sizes": (6, 6), "activation": "relu", "dtype": "float64"},
    {"hidden_layer_sizes": (), "dtype": "float32"},
    {"hidden_layer_sizes": (6,), "target_transform": "yeo-johnson"},
    {"hidden_layer_sizes": (6,), "output_range": (-0.5, 0.5)},
)


@pytest.mark.parametrize("parameters", FITS)
@pytest.mark.parametrize("method", ["interval", "crown"])
def test_no_prediction_leaves_the_bounds(parameters, method):
    rng = np.random.default_rng(0)
    X, y = table(rng)
    model = hbcd.HybridRegressor(random_state=0, max_time=5, **parameters).fit(X, y)
    found = assert_encloses(model, model.predict, boxes(rng), rng, method=method)
    assert found.shape == (6, 2)
    if "output_range" in parameters:
        assert found.min() >= -0.5
        assert found.max() <= 0.5


def test_bounds_of_logarithms_counts_and_several_targets_are_in_the_targets_units():
    rng = np.random.default_rng(1)
    X, y = table(rng)
    fits = (
        ({"target_transform": "log"}, np.exp(y)),
        ({"loss": "poisson"}, rng.poisson(np.exp(y))),
        ({}, np.column_stack([y, 1000 * y])),
    )
    for parameters, target in fits:
        model = hbcd.HybridRegressor((6,), random_state=0, max_time=5, **parameters).fit(X, target)
        found = assert_encloses(model, model.predict, boxes(rng), rng, max_boxes=4)
        assert found.shape == ((6, 2) if target.ndim == 1 else (6, 2, 2))


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_no_probability_leaves_the_bounds(classes):
    rng = np.random.default_rng(2)
    X, y = table(rng)
    labels = np.digitize(y, np.quantile(y, np.arange(1, classes) / classes))
    model = hbcd.HybridClassifier((6,), random_state=0, max_time=5).fit(X, labels)
    found = assert_encloses(model, model.predict_proba, boxes(rng), rng)
    assert found.shape == (6, classes, 2)
    assert found.min() >= 0
    assert found.max() <= 1
    # Not from each score alone: a row's own probabilities are told apart.
    assert found[-1].sum(axis=0) == pytest.approx([1, 1], abs=1e-4)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("calibrate", ["temperature", "isotonic"])
def test_bounds_are_those_of_calibrated_probabilities(classes, calibrate):
    rng = np.random.default_rng(7)
    X, y = table(rng)
    labels = np.digitize(
        y + rng.normal(size=len(y)), np.quantile(y, np.arange(1, classes) / classes)
    )
    model = hbcd.HybridClassifier(effort=0.2, random_state=0, calibrate=calibrate, max_time=9)
    model.fit(X, labels)
    assert_encloses(model, model.predict_proba, boxes(rng), rng)
    plain = model.output_bounds(boxes(rng)[0])
    model.set_params(calibrate=None)
    assert not np.array_equal(model.output_bounds(boxes(rng)[0]), plain)


def test_cutting_the_box_tightens_the_bounds_and_one_row_has_its_prediction():
    rng = np.random.default_rng(3)
    X, y = table(rng)
    model = hbcd.HybridRegressor((8,), random_state=0, max_time=5).fit(X, y)
    found = [model.output_bounds([(0, 1), (0, 1), (0, 1)], max_boxes=n) for n in (1, 8, 64, 512)]
    widths = [np.ptp(one) for one in found]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.8 * widths[0]
    row = np.array([[0.1, 0.2, 0.3]])
    bounds = model.output_bounds(np.repeat(row.T, 2, axis=1))
    assert bounds == pytest.approx(np.repeat(model.predict(row), 2), abs=1e-10)


def frame(rng, n=300):
    X, y = table(rng, n)
    data = pd.DataFrame(X, columns=["t", "p", "flow"])
    data["day"] = rng.choice(["Fri", "Mon", "Tue"], n)
    data.loc[:4, "t"] = np.nan
    return data, y + (data["day"] == "Mon")


@pytest.fixture(scope="module")
def of_frame():
    data, y = frame(np.random.default_rng(4))
    model = hbcd.HybridRegressor((6,), missing="indicator", random_state=0, max_time=5)
    return model.fit(data, y), data


def test_a_box_has_one_meaning_however_it_is_given(of_frame):
    model, data = of_frame
    whole = model.output_bounds()
    assert np.array_equal(model.output_bounds({}), whole)
    assert np.array_equal(model.output_bounds(data.agg(["min", "max"])), whole)
    assert np.array_equal(model.output_bounds(data.describe()), whole)  # "day" is not in it
    assert np.array_equal(model.output_bounds({"day": ["Mon", "Fri", "Tue"]}), whole)
    one = model.output_bounds({"t": 0.5, "p": (0, 1), "flow": (0, 1), "day": "Mon"})
    two = pd.DataFrame({"t": [0.5, 0.5], "p": [0, 1], "flow": [0, 1], "day": ["Mon", "Mon"]})
    assert np.array_equal(model.output_bounds(two), one)


def test_levels_are_told_apart_and_their_union_is_what_several_give(of_frame):
    model, _ = of_frame
    rest = {"t": (0, 0.1), "p": (0, 0.1), "flow": (0, 0.1)}
    each = np.array([model.output_bounds({**rest, "day": d}) for d in ("Fri", "Mon", "Tue")])
    every = model.output_bounds({**rest, "day": ["Fri", "Mon", "Tue"]})
    assert np.array_equal(every, [each[:, 0].min(), each[:, 1].max()])
    between = pd.DataFrame({**{k: list(v) for k, v in rest.items()}, "day": ["Fri", "Mon"]})
    assert np.array_equal(model.output_bounds(between), [each[:2, 0].min(), each[:2, 1].max()])


def test_no_prediction_for_rows_of_a_table_leaves_its_bounds(of_frame):
    model, data = of_frame
    low, high = model.output_bounds()
    out = model.predict(data.dropna())
    assert low <= out.min()
    assert out.max() <= high


def test_neurons_are_bounded_layer_by_layer(of_frame):
    model, data = of_frame
    bounds, neurons = model.output_bounds({"day": "Fri"}, per_neuron=True, max_boxes=5)
    assert [one.leaving.shape for one in neurons] == [(6, 2), (1, 2)]
    assert np.array_equal(bounds, model.output_bounds({"day": "Fri"}, max_boxes=5))
    rows = model.encode(data[(data["day"] == "Fri") & data["t"].notna()])
    scaled = model.x_scaler_.forward(rows, np.float64)
    part = model.network_.dense_parts(1, model.theta_)[0]
    entering = scaled @ part.weights + part.bias
    assert (neurons[0].entering[:, 0] <= entering).all()
    assert (entering <= neurons[0].entering[:, 1]).all()


def test_dates_go_round_and_their_days_lie_between():
    rng = np.random.default_rng(5)
    times = pd.to_datetime("2024-01-01") + pd.to_timedelta(rng.uniform(0, 300, 200), "D")
    data = pd.DataFrame({"time": times, "t": rng.normal(size=200)})
    y = np.asarray(times.day_of_year / 365 + data["t"])
    model = hbcd.HybridRegressor((5,), dates="features", random_state=0, max_time=5).fit(data, y)
    box = {"time": ("2024-03-01", "2024-04-01"), "t": (-1, 1)}
    low, high = model.output_bounds(box)
    inside = data[(times >= "2024-03-01") & (times <= "2024-04-01") & (data["t"].abs() <= 1)]
    assert low <= model.predict(inside).min()
    assert model.predict(inside).max() <= high
    with pytest.raises(ValueError, match="the training range of 'time' is not known"):
        model.output_bounds({"t": (-1, 1)})


@pytest.mark.parametrize(
    ("box", "rule"),
    [
        ({"x": 1}, "has 'x', must have the model's columns: t, p, flow, day"),
        ({"t": (1, 0)}, r"box\['t'\]=\(1, 0\): must be a pair"),
        ({"t": (0, np.inf)}, "of finite numbers"),
        ({"t": "x"}, "of finite numbers"),
        ({"t": np.array([1.0, 0.0])}, r"box\['t'\]=\(1.0, 0.0\): must be a pair"),
        ({"day": "Sun"}, "is none of the levels in training"),
        ({"day": []}, "must have a level"),
        (np.zeros((7, 2)), r"has shape \(7, 2\), must be \(4, 2\)"),
        (np.zeros((4, 3)), r"has shape \(4, 3\)"),
        (np.zeros((0, 4, 2)), "has no boxes, must have at least 1"),
        (pd.DataFrame({"t": [1.0, 2.0, 3.0]}), "has 3 rows, must have two"),
        (pd.DataFrame({"x": [1.0, 2.0]}), "none of the model's columns"),
        (pd.DataFrame({"day": ["Mon", "Fri"]}), "must be in the order of the levels"),
    ],
)
def test_a_box_that_is_none_is_refused(of_frame, box, rule):
    with pytest.raises(ValueError, match=rule):
        of_frame[0].output_bounds(box)


def test_what_cannot_be_bounded_is_refused_in_one_line(of_frame):
    with pytest.raises(ValueError, match="is not fitted yet"):
        hbcd.HybridRegressor().output_bounds()
    with pytest.raises(ValueError, match="max_boxes=0: must be at least 1"):
        of_frame[0].output_bounds(max_boxes=0)
    with pytest.raises(ValueError, match="method='best'"):
        of_frame[0].output_bounds(method="best")
    X, y = table(np.random.default_rng(6), 40)
    model = hbcd.HybridRegressor((3,), dtype="float32", random_state=0, max_time=5).fit(X, y)
    with pytest.raises(ValueError, match="box: has values too large for float32"):
        model.output_bounds([(0, 1e60), (0, 1), (0, 1)])
