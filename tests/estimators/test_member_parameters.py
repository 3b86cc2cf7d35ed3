"""What is said of members is done, or refused in one line; nothing said is never refused."""

from __future__ import annotations

import numpy as np
import pytest

import hbcd

RNG = np.random.default_rng(0)
X = RNG.uniform(-2, 2, (60, 2))
Y = np.sin(2 * X[:, 0]) + X[:, 1]
KINDS = {
    "regressor": (hbcd.HybridRegressor, Y),
    "classifier": (hbcd.HybridClassifier, np.where(Y > 0, "up", "down")),
}
ASKED = [{"members": 3}, {"effort": "best"}, {"effort": 0.3}, {"encoding": None},
         {"encoding": "pieces"}]  # fmt: skip
ONE = {
    "a strategy is given": {"strategy": "full_batch"},
    "the network grows": {"hidden_layer_sizes": "grow"},
    "a penalty is given": {"alpha": 0.1},
    "layers are given": {"layers": [hbcd.HiddenLayer(3)]},
    "rows are held out": {"early_stopping": True},
    "rows are held out ": {"validation_fraction": 0.2},
    "each hidden layer has its activation": {"activation": ["tanh"]},
    "stop has a target": {"stop": hbcd.Stop(target=0.1)},
    "warm_start is True": {"warm_start": True},
}


def said(parameters):
    ((name, value),) = parameters.items()
    return f"{name}={value!r}: is for members, one network is trained where "


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("asked", ASKED, ids=str)
@pytest.mark.parametrize("why", ONE)
def test_what_one_network_leaves_undone_is_refused(why, asked, kind):
    build, y = KINDS[kind]
    with pytest.raises(ValueError, match="one network") as caught:
        build(**asked, **ONE[why]).fit(X, y)
    assert str(caught.value) == said(asked) + f"{why.strip()}; leave one of them out"


@pytest.mark.parametrize("asked", ASKED[1:], ids=str)
@pytest.mark.parametrize(
    ("why", "options"),
    [
        ("hidden_layer_sizes is given", {"hidden_layer_sizes": (3,)}),
        ("max_iter or max_fun is given", {"max_iter": 5}),
        ("max_iter or max_fun is given", {"stop": hbcd.Stop(max_evaluations=5)}),
    ],
)
def test_the_remedy_is_to_ask_for_members(why, options, asked):
    wanted = said(asked) + f"{why}; give members=5 as well, or leave one of them out"
    with pytest.raises(ValueError, match="one network") as caught:
        hbcd.HybridRegressor(**asked, **options).fit(X, Y)
    assert str(caught.value) == wanted
    model = hbcd.HybridRegressor(**{"effort": 0.1, **asked}, **options, members=3, random_state=0)
    assert len(model.set_params(effort=0.1).fit(X, Y).members_) > 2


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_the_same_of_what_fit_is_called_with(asked):
    model = hbcd.HybridRegressor(**asked)
    for fit, why in (
        (lambda: model.fit(X, Y, eval_set=(X, Y)), "rows are held out"),
        (lambda: model.fit(X[:9], Y[:9]), "there are less than 20 rows"),
    ):
        with pytest.raises(ValueError, match="one network") as caught:
            fit()
        assert str(caught.value) == said(asked) + f"{why}; leave one of them out"


@pytest.mark.parametrize("asked", ASKED[1:], ids=str)
def test_one_network_that_is_asked_for_has_neither_effort_nor_encoding(asked):
    with pytest.raises(ValueError, match="one network is trained where members is 1"):
        hbcd.HybridRegressor(**asked, members=1).fit(X, Y)


@pytest.mark.parametrize("options", ONE.values(), ids=str)
@pytest.mark.parametrize("same", [{}, {"effort": 1.0}, {"members": 1}], ids=str)
def test_defaults_are_silent(options, same):
    hbcd.HybridRegressor(**same, **options, max_time=0.05, random_state=0).fit(X, Y)


def test_a_model_that_is_there_goes_on():
    model = hbcd.HybridRegressor(effort=0.1, encoding="pieces", random_state=0).fit(X, Y)
    model.partial_fit(X, Y)
    model.set_params(warm_start=True, max_iter=3).fit(X, Y)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("asked", ASKED)
def test_a_first_partial_fit_trains_one_network_whatever_fit_is_to_do(asked, kind):
    made, y = KINDS[kind]
    plain, model = made(random_state=0), made(random_state=0, **asked)
    options = {} if kind == "regressor" else {"classes": ["down", "up"]}
    for rows in (40, 60):
        plain.partial_fit(X[:rows], y[:rows], **options)
        model.partial_fit(X[:rows], y[:rows], **options)
    assert np.array_equal(model.theta_, plain.theta_)
    assert model.members_.empty


def test_partial_fit_refuses_what_fit_would_not_understand():
    with pytest.raises(ValueError, match="effort='much'"):
        hbcd.HybridRegressor(effort="much").partial_fit(X, Y)
