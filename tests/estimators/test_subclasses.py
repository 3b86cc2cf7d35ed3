"""Estimators of one's own, whose constructors take other parameters than hbcd's."""

import numpy as np
import pytest

import hbcd

OPTIONS = {"strategy": "bcd", "random_state": 0, "max_iter": 20}


class Narrow(hbcd.HybridRegressor):
    """One parameter, which becomes another of the base class."""

    def __init__(self, width=3):
        self.width = width
        super().__init__((width,), **OPTIONS)


class Members(hbcd.HybridRegressor):
    """No parameter but what is handed on by name."""

    def __init__(self, effort="fast", **rest):
        super().__init__(effort=effort, random_state=0, **rest)


class Sorting(hbcd.HybridClassifier):
    """A classifier without parameters."""

    def __init__(self):
        super().__init__((3,), **OPTIONS)


class Growing(hbcd.HybridRegressor):
    """Widths that the fit finds."""

    def __init__(self):
        super().__init__("grow", random_state=0, max_iter=20)


X = np.random.default_rng(0).normal(size=(60, 2))
Y = np.tanh(X[:, 0]) + 0.3 * X[:, 1]


@pytest.mark.parametrize(
    ("model", "same", "y"),
    [
        (Narrow(4), hbcd.HybridRegressor((4,), **OPTIONS), Y),
        (Members(), hbcd.HybridRegressor(effort="fast", random_state=0), Y),
        (Growing(), hbcd.HybridRegressor("grow", random_state=0, max_iter=20), Y),
        (
            Sorting(),
            hbcd.HybridClassifier((3,), strategy="bcd", random_state=0, max_iter=20),
            Y > 0,
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_derived_estimator_fits_as_its_base_with_the_same_values(model, same, y, tmp_path):
    predicted = model.fit(X, y).predict(X)
    assert np.array_equal(predicted, same.fit(X, y).predict(X))
    model.save(tmp_path / "model.hbcd")
    assert np.array_equal(hbcd.load(tmp_path / "model.hbcd").predict(X), predicted)


def test_parameters_of_a_derived_estimator_are_those_of_its_own_constructor():
    assert Narrow(4).get_params() == {"width": 4}
    assert Members().get_params() == {"effort": "fast"}
    assert repr(Narrow(4)) == "Narrow(width=4)"
    assert repr(Narrow()) == "Narrow()"
    with pytest.raises(ValueError, match="alpha=1: must be one of width"):
        Narrow().set_params(alpha=1)


def test_a_constructor_with_nameless_parameters_is_refused_in_a_line():
    class Nameless(hbcd.HybridRegressor):
        def __init__(self, *values):
            super().__init__(*values)

    with pytest.raises(TypeError, match=r"Nameless\.__init__: must name its parameters, not take"):
        Nameless().get_params()


@pytest.mark.parametrize("model", [Narrow(3), Narrow(3).fit(X, Y)], ids=["new", "fitted"])
def test_a_set_parameter_of_a_derived_estimator_reaches_its_base(model):
    expected = Narrow(5).fit(X, Y).predict(X)
    assert np.array_equal(model.set_params(width=5).fit(X, Y).predict(X), expected)
    assert model.hidden_layer_sizes_ == (5,)


def test_a_search_over_a_parameter_of_a_derived_estimator_fits_each_value():
    selection = pytest.importorskip("sklearn.model_selection")
    search = selection.GridSearchCV(Narrow(), {"width": [2, 4]}, cv=2, error_score="raise")
    found = search.fit(X, Y).best_estimator_
    assert found.hidden_layer_sizes_ == (search.best_params_["width"],)
    assert len({*search.cv_results_["mean_test_score"]}) == 2


def test_a_derived_estimator_that_is_a_callback_too_is_loaded_as_an_estimator(tmp_path):
    class Watching(hbcd.Callback, hbcd.HybridRegressor):
        def __init__(self):
            hbcd.HybridRegressor.__init__(self, (3,), **OPTIONS)

    Watching().fit(X, Y).save(tmp_path / "model.hbcd")
    assert type(hbcd.load(tmp_path / "model.hbcd")) is hbcd.HybridRegressor
