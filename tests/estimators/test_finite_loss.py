"""A loss that is not finite is an error in one line; a limit that leaves no network is said."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

import hbcd

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = X[:, 0] + X[:, 1] ** 2


class Broken(hbcd.Loss):
    """Half the squared error, spoiled in a way."""

    def __init__(self, way):
        self.way = way

    def evaluate(self, out, target, grad):
        e = out - target
        values = 0.5 * (e**2).mean(axis=1)
        if grad is not None:
            grad[...] = np.log(-np.abs(e)) if self.way == "derivative" else e
        if self.way == "row":
            values[3] = np.nan
        if self.way == "domain":
            values = np.log(out[:, 0] - 5)
        return values + {"nan": np.nan, "inf": np.inf}.get(self.way, 0.0)


SETTINGS = [
    {"effort": "fast"},
    {"effort": "fast", "members": 3},
    {"hidden_layer_sizes": (3,), "max_fun": 60},
    {"hidden_layer_sizes": (3,), "strategy": "mini_batch", "max_fun": 60},
    {"hidden_layer_sizes": (3,), "alpha": "cv", "max_fun": 60},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("way", ["nan", "inf", "row", "domain", "derivative"])
def test_a_loss_that_is_not_finite_is_refused_in_one_line(way, settings):
    model = hbcd.HybridRegressor(loss=Broken(way), random_state=0, **settings)
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=r"^loss=Broken: its .*finite"):
        model.fit(X, Y)
    assert not hasattr(model, "network_")


def test_the_model_that_was_there_stays_as_it_was():
    model = hbcd.HybridRegressor((3,), random_state=0, max_fun=60).fit(X, Y)
    before = model.predict(X)
    with pytest.raises(ValueError, match="loss=Broken: its mean over the training rows is nan"):
        model.set_params(loss=Broken("nan")).fit(X, Y)
    with pytest.raises(ValueError, match="loss=Broken"):
        model.partial_fit(X, Y)
    assert np.array_equal(model.predict(X), before)


def test_the_message_counts_the_rows():
    with pytest.raises(ValueError, match="value is nan where training begins, in 1 of 60 rows"):
        hbcd.HybridRegressor(loss=Broken("row"), effort="fast").fit(X, Y)


def test_a_custom_loss_that_is_finite_is_trained():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = hbcd.HybridRegressor(loss=Broken(""), effort="fast", random_state=0).fit(X, Y)
    assert model.score(X, Y) > 0.5


@pytest.mark.parametrize(
    ("limit", "name"),
    [
        ({"max_iter": 1}, "max_iter=1"),
        ({"max_fun": 1}, "max_fun=1"),
        ({"max_time": 1e-6}, "max_time=1e-06"),
        ({"stop": hbcd.Stop(max_iterations=2)}, "max_iter=2"),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [hbcd.HybridRegressor, hbcd.HybridClassifier])
def test_a_limit_that_leaves_no_network_is_said_with_the_remedy(kind, limit, name):
    y = Y if kind is hbcd.HybridRegressor else (Y > 1).astype(int)
    with pytest.warns(ConvergenceWarning, match=f"{name}: the limit .* members=1"):
        kind(members=5, random_state=0, **limit).fit(X, y)


def test_a_limit_after_the_first_networks_is_not():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        hbcd.HybridRegressor(members=3, random_state=0, max_fun=3000).fit(X, Y)
        noise = np.random.default_rng(1).normal(size=60)
        model = hbcd.HybridRegressor(effort="fast", random_state=0).fit(X, noise)
    assert model.members_["weight"][:2].sum() > 0.5
