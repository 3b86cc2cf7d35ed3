"""Decided: mixed labels, fractions, one width, callbacks that stop, numbers as names of columns."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

import hbcd

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
Y = X[:, 0] - 0.5 * X[:, 1]
QUICK = {"random_state": 0, "max_fun": 60}


@pytest.mark.parametrize(
    "pair", [[1, "1"], ["a", 2], [0.0, "0.0"], [True, "True"]], ids=lambda pair: str(pair)
)
@pytest.mark.parametrize("make", [list, tuple, lambda y: np.array(y, dtype=object), pd.Series])
def test_numbers_and_text_are_no_labels_of_one_kind(pair, make):
    with pytest.raises((TypeError, ValueError), match=r"^y"):
        hbcd.HybridClassifier(**QUICK).fit(X, make(pair * 30))


def test_fractions_are_numbers():
    thirds = [Fraction(k, 3) for k in range(60)]
    one = hbcd.HybridRegressor(alpha=Fraction(1, 4), **QUICK).fit(X, thirds, thirds)
    other = hbcd.HybridRegressor(alpha=0.25, **QUICK).fit(X, np.arange(60) / 3, np.arange(60) / 3)
    assert np.array_equal(one.predict(X), other.predict(X))
    table = [[Fraction(1, 2), Fraction(1, 3)]]
    assert np.array_equal(one.predict(table), one.predict([[1 / 2, 1 / 3]]))
    labels = [Fraction(k % 2) for k in range(60)]
    assert hbcd.HybridClassifier(**QUICK).fit(X, labels).classes_.tolist() == [0, 1]
    with pytest.raises(ValueError, match="continuous numbers, must be whole ones"):
        hbcd.HybridClassifier(**QUICK).fit(X, thirds)


@pytest.mark.parametrize("width", [1, 7, np.int64(3)])
def test_one_width_is_one_hidden_layer(width):
    one = hbcd.HybridRegressor(width, **QUICK).fit(X, Y)
    assert one.hidden_layer_sizes_ == (width,)
    assert np.array_equal(one.theta_, hbcd.HybridRegressor((width,), **QUICK).fit(X, Y).theta_)


def test_a_callback_that_raises_stop_iteration_ends_the_fit_as_one_that_returns_true():
    def stops(event):
        raise StopIteration

    found = [
        hbcd.HybridRegressor((5,), callbacks=one, random_state=0).fit(X, Y)
        for one in (stops, lambda event: True)
    ]
    assert {model.report_.stop_reason for model in found} == {hbcd.StopReason.CALLBACK}
    assert np.array_equal(*(model.predict(X) for model in found))


@pytest.mark.parametrize("names", [[0, 1], [20, 10], [7, -3]])
def test_columns_with_numbers_for_names_are_found_by_them(names, tmp_path):
    frame = pd.DataFrame(X, columns=names)
    model = hbcd.HybridRegressor((4,), **QUICK).fit(frame, Y)
    model.save(tmp_path / "m.hbcd")
    for one in (model, hbcd.load(tmp_path / "m.hbcd")):
        assert np.array_equal(one.predict(frame[names[::-1]]), one.predict(frame))
        assert np.array_equal(one.predict(X), one.predict(frame))
    # Other names say nothing: columns count by position, as those of an array.
    assert np.array_equal(model.predict(frame.set_axis([100, 101], axis=1)), model.predict(X))
    assert not hasattr(model, "feature_names_in_")
    # Held-out rows are put in the order of this fit and not of the last one.
    turned = frame[names[::-1]]
    held = [model.fit(turned, Y, eval_set=(one, Y)).theta_.copy() for one in (frame, turned)]
    assert np.array_equal(*held)


@pytest.mark.parametrize("labels", [[True, 1, 0, 2], [False, 2.0]], ids=str)
def test_truth_values_among_other_numbers_are_not_taken_for_0_and_1(labels):
    y = np.array(labels * (60 // len(labels)), dtype=object)
    with pytest.raises(TypeError, match=r"^y: has labels of types bool, (int|float): must be"):
        hbcd.HybridClassifier(**QUICK).fit(X, y)
