"""Pictures: they show the numbers they claim to show, on anybody's axes, and only when asked."""

import itertools
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import hbcd
from support.commands import environment, table

matplotlib = pytest.importorskip("matplotlib", reason="the extra plot is not installed")
matplotlib.use("Agg")  # no window
from matplotlib import pyplot  # noqa: E402
from matplotlib.dates import num2date  # noqa: E402

QUIET = {"random_state": 0, "n_threads": 1}


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def data():
    frame = table(300)
    return frame.drop(columns="y"), frame["y"]


@pytest.fixture(scope="module")
def model(data):
    X, y = data
    fitted = hbcd.HybridRegressor((4, 4), strategy="bcd", **QUIET)
    return fitted.fit(X[:200], y[:200], eval_set=(X[200:], y[200:]))


def lines(ax, label):
    return next(line for line in ax.lines if line.get_label() == label)


def test_history_shows_both_losses_at_the_ends_of_epochs(model):
    ax = hbcd.plot_history(model)
    ends = model.history_[model.history_["event"] == "epoch"]
    for label, column in (("training rows", "loss"), ("held-out rows", "validation_loss")):
        drawn = lines(ax, label)
        assert np.array_equal(drawn.get_xdata(), ends["n_fev"])
        assert np.array_equal(drawn.get_ydata(), ends[column])
    assert ax.get_xlabel() == "evaluations of the objective"
    assert "standardized" in ax.get_ylabel()


def test_a_report_draws_as_its_model_does_and_on_given_axes(model):
    ax = pyplot.figure().subplots()
    assert hbcd.plot_history(model.report_, ax) is ax
    assert hbcd.plot_layer_selection(model.report_, ax=pyplot.figure().subplots()).lines


def test_prediction_shows_truth_over_prediction_and_residuals(model, data):
    X, y = data
    left, right = hbcd.plot_prediction(model, X, y)
    predicted = np.asarray(model.predict(X))
    points = lines(left, "300 rows")
    assert np.array_equal(points.get_xdata(), predicted)
    assert np.array_equal(points.get_ydata(), y)
    assert np.array_equal(lines(right, "300 rows").get_ydata(), y - predicted)
    assert left.get_xlabel() == "predicted y"


def test_display_draws_predictions_that_are_there_with_name_and_unit():
    shown = hbcd.PredictionDisplay.from_predictions([1.0, 2.0], [1.5, 2.0], name="PE", unit="MW")
    assert [ax.get_xlabel() for ax in shown.axes_] == ["predicted PE (MW)"] * 2
    assert shown.axes_[1].get_ylabel() == "actual - predicted (MW)"
    assert shown.figure_ is shown.axes_[0].figure
    assert shown.plot(pyplot.figure().subplots(1, 2)) is shown


def test_one_of_several_targets_can_be_shown(data):
    X, y = data
    both = pd.DataFrame({"y": y, "z": -y})
    model = hbcd.HybridRegressor((3,), strategy="bcd", **QUIET).fit(X, both)
    shown = hbcd.PredictionDisplay.from_estimator(model, X, both, output=1)
    assert np.array_equal(shown.y_true, -y)
    with pytest.raises(ValueError, match="output=2: must be less than 2"):
        hbcd.plot_prediction(model, X, both, output=2)


def test_layer_selection_marks_every_visit_and_shares_sum_to_one(model):
    ax = hbcd.plot_layer_selection(model)
    visits = model.history_[model.history_["event"] == "visit"]
    marks = [line.get_xdata() for line in ax.lines]
    assert len(marks) == len(model.network_.blocks)
    for block, drawn in enumerate(marks):
        assert np.array_equal(drawn, visits.loc[visits["block"] == block, "step"])
    assert sum(map(len, marks)) == len(visits)


def test_sensitivity_shows_what_was_measured(model):
    ax = hbcd.plot_sensitivity(model)
    visits = model.history_[model.history_["event"] == "visit"]
    drawn = np.sort(np.concatenate([line.get_ydata() for line in ax.lines]))
    assert np.array_equal(drawn, np.sort(visits["sensitivity"]))


def test_error_by_feature_has_a_picture_per_column_whose_mean_is_the_mean_error(model, data):
    X, y = data
    axes = hbcd.plot_error_by_feature(model, X, y, bins=5)
    assert [ax.get_xlabel() for ax in axes] == ["a", "b", "day", "on"]
    error = np.abs(np.asarray(model.predict(X)) - y)
    # Groups of equally many rows: the mean of their means is the mean, up to the rounding of sums.
    heights = [bar.get_height() for bar in axes[0].patches]
    assert len(heights) == 5
    assert np.mean(heights) == pytest.approx(error.mean(), rel=1e-12)
    days = [bar.get_height() for bar in axes[2].patches]
    assert days == pytest.approx(list(error.groupby(X["day"]).mean()), rel=1e-12)


@pytest.mark.parametrize("text", [False, True])
def test_errors_of_a_column_of_dates_are_drawn_over_time(text):
    rng = np.random.default_rng(0)
    times = pd.Series(pd.date_range("2026-03-01", periods=60, freq="12h"))
    X = pd.DataFrame({"when": times.astype(str) if text else times, "x": rng.normal(size=60)})
    y = X["x"] + np.arange(60)
    model = hbcd.HybridRegressor((2,), dates="features", missing="indicator", **QUIET).fit(X, y)
    mixed = rng.permutation(60)
    X, y = X.iloc[mixed], y.iloc[mixed]
    ax = hbcd.plot_error_by_feature(model, X, y, bins=6, features=["when"])[0]
    error = np.abs(np.asarray(model.predict(X)) - y)
    assert [bar.get_height() for bar in ax.patches] == pytest.approx(
        [error.sort_index()[k : k + 10].mean() for k in range(0, 60, 10)], rel=1e-12
    )
    first = num2date(ax.patches[0].get_x())
    assert first.strftime("%Y-%m-%d") == "2026-03-01"
    assert ax.get_xlabel() == "when"
    one = hbcd.plot_error_by_feature(model, X[:1], y[:1], features=["when"])[0]
    assert len(one.patches) == 1


def test_what_cannot_be_drawn_is_refused_in_one_line(model, data, tmp_path):
    X, y = data
    model.save(tmp_path / "model.hbcd")
    with pytest.raises(ValueError, match="history: is empty; a model read from a file has none"):
        hbcd.plot_history(hbcd.load(tmp_path / "model.hbcd"))
    whole = hbcd.HybridRegressor((3,), strategy="full_batch", **QUIET).fit(X, y)
    with pytest.raises(ValueError, match="no block visits"):
        hbcd.plot_layer_selection(whole)
    forward = hbcd.BlockCoordinateDescent(selector=hbcd.ForwardSequential())
    blind = hbcd.HybridRegressor((3,), strategy=forward, **QUIET).fit(X, y)
    if not (blind.history_["sensitivity"] > 0).any():
        with pytest.raises(ValueError, match="no sensitivities"):
            hbcd.plot_sensitivity(blind)
    with pytest.raises(TypeError, match="must be a fitted estimator or a FitReport"):
        hbcd.plot_history(3)
    with pytest.raises(ValueError, match="must be a pair"):
        hbcd.plot_prediction(model, X, y, ax=pyplot.figure().subplots())


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="plot_nothing"):
        _ = hbcd.plot_nothing


def test_without_matplotlib_the_error_names_the_extra_and_hbcd_still_imports():
    script = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import hbcd\n"
        "hbcd.PredictionDisplay.from_predictions([1.0], [1.0])"
    )
    done = subprocess.run([sys.executable, "-c", script], env=environment(), capture_output=True,
                          text=True, timeout=120, check=False)  # fmt: skip
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: pictures need matplotlib: pip install hbcd[plot]")
    assert "During handling" not in done.stderr


# ---- classes ----------------------------------------------------------------------------------


def classifier(labels):
    frame = table(300).drop(columns="y")
    model = hbcd.HybridClassifier((3,), strategy="bcd", max_time=5, **QUIET)
    return model.fit(frame, labels(frame)), frame, labels(frame)


def test_confusion_counts_rows_by_actual_and_told_class():
    model, X, y = classifier(lambda f: np.where(f.a > 1, "up", np.where(f.b > 0, "in", "out")))
    y[:40] = "up"  # rows that the model takes for others
    ax = hbcd.plot_confusion(model, X, y)
    told = model.predict(X)
    names = model.classes_.tolist()
    assert [text.get_text() for text in ax.get_yticklabels()] == names
    for text in ax.texts:
        column, row = (int(place) for place in text.get_position())
        count = np.sum((y == names[row]) & (told == names[column]))
        assert text.get_text() == str(count)
    assert len(ax.texts) == 9
    assert ax.get_title() == f"Accuracy {np.mean(told == y):.3g}"
    with pytest.raises(ValueError, match="row 2 is odd: must be a class"):
        hbcd.plot_confusion(model, X[:3], ["up", "in", "odd"])


def heights(ax):
    return [[bar.get_height() for bar in group] for group in ax.containers]


def test_probabilities_show_two_classes_apart_and_of_more_the_right_and_the_wrong():
    model, X, y = classifier(lambda f: f.a.to_numpy() > 0.3)
    ax = hbcd.plot_probabilities(model, X, y)
    shares = model.predict_proba(X)[:, 1]
    for k, found in enumerate(heights(ax)):
        assert found == np.histogram(shares[y == k], 20, (0, 1))[0].tolist()
    model, X, y = classifier(lambda f: f.day)
    shown = np.roll(y, 30)
    ax = hbcd.plot_probabilities(model, X, shown)
    right = model.predict(X) == shown
    for group, found in zip((right, ~right), heights(ax), strict=True):
        assert found == np.histogram(model.predict_proba(X).max(1)[group], 20, (0, 1))[0].tolist()


def test_errors_of_a_classifier_are_shares_told_wrong():
    model, X, y = classifier(lambda f: np.where(f.a > 0, "up", "down"))
    y = np.where(X.day == "Mon", "up", y)
    ax = hbcd.plot_error_by_feature(model, X, y, features=["day"])[0]
    wrong = pd.Series(model.predict(X) != y).groupby(X.day.to_numpy()).mean()
    assert [bar.get_height() for bar in ax.patches] == wrong.tolist()
    assert ax.get_ylabel() == "share misclassified"


def test_the_first_phase_is_marked_where_training_begins_after_a_penalty_was_chosen():
    x, y = hbcd.make_plant(300, rng=0, return_X_y=True)
    for hidden, first in (((4,), 0), ("auto", None)):
        model = hbcd.HybridRegressor(hidden, members=1, random_state=0, n_threads=1).fit(x, y)
        marks = [
            line.get_xdata()[0]
            for line in hbcd.plot_history(model).lines
            if line.get_linestyle() == ":"
        ]
        counts = model.history_["n_fev"]
        assert marks[0] == (first if first is not None else model.report_._chosen)
        assert marks[0] < counts.iloc[0]
        assert (marks[0] > 0) == (first is None)


def test_growth_shows_the_widths_of_every_layer_on_the_way():
    x = np.random.default_rng(0).normal(size=(300, 2))
    layers = [hbcd.InputLayer(2), hbcd.HiddenLayer(1), hbcd.HiddenLayer(2), hbcd.OutputLayer()]
    net = hbcd.Network(layers)
    y = np.tanh(x[:, 0]) * x[:, 1]
    report = net.train(net.init(0), x, y, strategy=hbcd.Grow(patience=0), n_threads=1)
    ax = hbcd.plot_growth(report)
    widths = report.history["widths"].str.split("-", expand=True).astype(float)
    for layer, end in enumerate(report.network.widths[:-1]):
        drawn = lines(ax, f"layer {layer + 1}, ends with {end}")
        assert np.array_equal(drawn.get_xdata(), report.history["n_fev"])
        assert np.array_equal(drawn.get_ydata(), widths[layer])


def test_names_of_phases_are_said_once_and_leave_room_for_the_picture():
    x = np.random.default_rng(0).normal(size=(300, 2))
    net = hbcd.Network([hbcd.InputLayer(2), hbcd.HiddenLayer(1), hbcd.OutputLayer()])
    grow = hbcd.Grow(hbcd.MultiStart(hbcd.Hybrid.fast(), starts=2), patience=0, most_parameters=40)
    report = net.train(net.init(0), x, np.tanh(x[:, :1]) * x[:, 1:], strategy=grow, n_threads=1)
    assert len(report.phases) > 12
    ax = hbcd.plot_history(report)
    names = [text.get_text() for text in ax.texts]
    assert all(a != b for a, b in itertools.pairwise(names))
    assert min(text.xyann[1] for text in ax.texts) > -150  # points below the top


def test_growth_of_a_network_that_did_not_change_is_told(model):
    with pytest.raises(ValueError, match="history: has no widths"):
        hbcd.plot_growth(model)
