"""Pictures of explanations show the numbers of the result that they are given."""

import numpy as np
import pandas as pd
import pytest

import hbcd
from support.commands import table

matplotlib = pytest.importorskip("matplotlib", reason="the extra plot is not installed")
matplotlib.use("Agg")  # no window
from matplotlib import pyplot  # noqa: E402


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def fitted():
    frame = table(150)
    frame["when"] = pd.date_range("2024-01-30", periods=150, freq="7h")
    X, y = frame.drop(columns="y"), frame["y"]
    model = hbcd.HybridRegressor((4,), members=1, dates="features", random_state=0, max_iter=40)
    return model.fit(X, y), X, y


def test_a_curve_is_drawn_with_its_band_and_some_rows(fitted):
    model, X, _ = fitted
    found = hbcd.explain.partial_dependence(model, X, "a", individual=True)
    ax = hbcd.plot_partial_dependence(found)
    curve = ax.lines[-1]
    assert np.array_equal(curve.get_xdata(), found.grid[0])
    assert np.array_equal(curve.get_ydata(), found.average[:, 0])
    assert 1 < len(ax.lines) <= 51
    assert len(ax.collections) == 1
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("a", "y")
    own = pyplot.figure().subplots()
    assert hbcd.plot_partial_dependence(found, own, output="y") is own


def test_levels_and_dates_are_drawn_as_what_they_are(fitted):
    model, X, _ = fitted
    found = hbcd.explain.partial_dependence(model, X, "day")
    ax = hbcd.plot_partial_dependence(found)
    assert [text.get_text() for text in ax.get_xticklabels()] == ["Mon", "Tue", "Wed"]
    assert np.array_equal(ax.lines[0].get_ydata(), found.average[:, 0])
    found = hbcd.explain.partial_dependence(model, X, "when")
    assert hbcd.plot_partial_dependence(found).lines[0].get_xdata().dtype.kind == "M"


@pytest.mark.parametrize("pair", [("a", "b"), ("a", "day"), ("on", "when")])
def test_of_two_columns_a_surface_is_drawn(fitted, pair):
    model, X, _ = fitted
    found = hbcd.explain.partial_dependence(model, X, pair, grid_resolution=5)
    ax = hbcd.plot_partial_dependence(found)
    assert (ax.get_xlabel(), ax.get_ylabel()) == pair
    ax.figure.canvas.draw()


def test_effects_are_drawn_around_zero_with_the_ends_of_their_intervals(fitted):
    model, X, _ = fitted
    found = hbcd.explain.accumulated_effects(model, X, "a")
    ax = hbcd.plot_accumulated_effects(found)
    assert np.array_equal(ax.lines[0].get_ydata(), found.effect[:, 0])
    assert np.array_equal(ax.lines[-1].get_xdata(), found.grid[0])
    assert ax.get_ylabel() == "effect on y"
    found = hbcd.explain.accumulated_effects(model, X, "day")
    ax = hbcd.plot_accumulated_effects(found)
    assert [text.get_text() for text in ax.get_xticklabels()] == found.grid[0].tolist()
    found = hbcd.explain.accumulated_effects(model, X, ("a", "when"))
    hbcd.plot_accumulated_effects(found).figure.canvas.draw()


def test_classes_are_told_apart_by_a_legend(fitted):
    _, X, _ = fitted
    labels = np.array(["low", "mid", "top"])[np.arange(150) % 3]
    model = hbcd.HybridClassifier((3,), members=1, random_state=0, max_iter=20, dates="features")
    model.fit(X, labels)
    for name in ("a", "day"):
        ax = hbcd.plot_partial_dependence(hbcd.explain.partial_dependence(model, X, name))
        shown = [text.get_text() for text in ax.get_legend().get_texts()]
        assert shown == ["low", "mid", "top"]
    found = hbcd.explain.partial_dependence(model, X, "a")
    with pytest.raises(ValueError, match="output='best': must be a number below 3 or one of"):
        hbcd.plot_partial_dependence(found, output="best")


def test_importance_is_drawn_with_the_greatest_on_top(fitted):
    model, X, y = fitted
    found = hbcd.explain.permutation_importance(model, X, y)
    ax = hbcd.plot_importance(found, most=3)
    names = [text.get_text() for text in ax.get_yticklabels()]
    assert names[::-1] == found.to_frame()["feature"].tolist()[:3]
    widths = [bar.get_width() for bar in ax.patches]
    assert widths == sorted(found.mean)[-3:]
    assert "r2" in ax.get_xlabel()


def test_indices_are_drawn_with_the_greatest_total_on_top(fitted):
    model, X, _ = fitted
    found = hbcd.explain.sobol_indices(model, X, n_points=64)
    ax = hbcd.plot_sobol(found, most=4)
    names = [text.get_text() for text in ax.get_yticklabels()]
    order = np.argsort(-found.total[:, 0])
    assert names[::-1] == [found.features[k] for k in order[:4]]
    widths = [bar.get_width() for bar in ax.patches]
    assert widths[:4] == found.first[order[:4], 0].tolist()[::-1]
    assert widths[4:] == found.total[order[:4], 0].tolist()[::-1]
    assert "variance of y" in ax.get_xlabel()
