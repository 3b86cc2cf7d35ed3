"""`monotonic_cst`: predictions that rise or fall by construction, however they are fitted."""

import numpy as np
import pandas as pd
import pytest

import hbcd
from hbcd.networks.monotone import monotone_layers
from hbcd.training import registry

FAR = np.array([(-1e3, 1e3)] * 4)  # far beyond the rows


def table(rng, n=400, noise=0.3):
    """Rises in the first column, falls in the second, and neither in the others."""
    X = rng.uniform(0, 1, (n, 4))
    y = np.log(1 + 5 * X[:, 0] * (1.2 - X[:, 1])) + np.sin(6 * X[:, 2]) * (1 + X[:, 0]) + X[:, 3]
    return X, y + noise * rng.normal(size=n)


SIGNS = [1, -1, 0, 0]


def assert_monotone(model, box=FAR, signs=SIGNS):
    """Proven for every row of a box, and seen at rows of it."""
    proof = model.is_monotonic(box, signs, max_boxes=1)
    assert proof.holds is True


STRATEGIES = [name for name in registry.STRATEGIES if name != "exact_output"]


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_keeps_a_network_monotone(strategy):
    X, y = table(np.random.default_rng(0), 200)
    model = hbcd.HybridRegressor(
        (8, 6), strategy=strategy, monotonic_cst=SIGNS, random_state=0, max_iter=300, max_time=5
    )
    assert_monotone(model.fit(X, y))


@pytest.mark.parametrize("activation", ["identity", "sigmoid", "tanh", "relu", "leaky_relu"])
@pytest.mark.parametrize("widths", [(), (7,), (5, 4, 3)])
def test_every_activation_and_depth_is_monotone(activation, widths):
    X, y = table(np.random.default_rng(1), 200)
    model = hbcd.HybridRegressor(
        widths, activation, monotonic_cst=SIGNS, random_state=0, max_time=5
    )
    assert_monotone(model.fit(X, y))


FITS = (
    {},
    {"activation": "relu"},
    {"encoding": "pieces"},
    {"target_transform": "yeo-johnson"},
    {"loss": "huber"},
    {"members": 3, "hidden_layer_sizes": (6,)},
    {"dtype": "float32"},
)


@pytest.mark.parametrize("parameters", FITS)
def test_members_are_monotone_together(parameters):
    X, y = table(np.random.default_rng(2), 200)
    model = hbcd.HybridRegressor(
        effort=0.2, monotonic_cst=SIGNS, random_state=0, max_time=10, **parameters
    ).fit(X, y)
    assert len(model.members_) > 2
    assert_monotone(model)


def test_the_linear_member_has_the_signs_too():
    rng = np.random.default_rng(14)
    X = rng.normal(size=(200, 4))
    y = -X[:, 0] + X[:, 1] + X[:, 2]  # the other way in both that are constrained
    model = hbcd.HybridRegressor(effort=0.2, monotonic_cst=SIGNS, random_state=0, max_time=10)
    model.fit(X, y)
    assert model.members_.set_index("name").loc["linear", "weight"] > 0
    assert_monotone(model)


def test_links_and_several_targets_are_monotone():
    rng = np.random.default_rng(3)
    X, y = table(rng, 200)
    for parameters, target in (
        ({"loss": "poisson"}, rng.poisson(np.exp(y))),
        ({"target_transform": "log"}, np.exp(y)),
        ({}, np.column_stack([y, y**3])),
    ):
        model = hbcd.HybridRegressor(
            (6, 6), monotonic_cst=SIGNS, random_state=0, max_time=5, **parameters
        )
        assert_monotone(model.fit(X, target))


@pytest.mark.parametrize("parameters", [{"effort": 0.2}, {"hidden_layer_sizes": (6, 6)}])
def test_the_probability_of_the_second_of_two_classes_is_monotone(parameters):
    X, y = table(np.random.default_rng(4), 200)
    model = hbcd.HybridClassifier(
        monotonic_cst=SIGNS, random_state=0, max_time=10, **parameters
    ).fit(X, y > np.median(y))
    assert_monotone(model)
    rows = np.repeat(X[:20], 30, axis=0)
    rows[:, 0] = np.tile(np.linspace(-3, 3, 30), 20)
    rises = np.diff(model.predict_proba(rows)[:, 1].reshape(20, 30), axis=1)
    assert (rises >= -1e-6).all()  # float32 computes them


def test_a_column_of_a_table_is_named_and_the_others_are_free():
    rng = np.random.default_rng(5)
    X, y = table(rng, 600, noise=0.0)
    data = pd.DataFrame(X, columns=["t", "p", "flow", "level"])
    data["day"] = rng.choice(["Mon", "Tue"], len(data))
    data.loc[:9, "flow"] = np.nan
    y = np.where(data["day"] == "Mon", y, 2 * y)
    model = hbcd.HybridRegressor(
        effort=0.3,
        missing="indicator",
        monotonic_cst={"t": 1, "p": -1},
        random_state=0,
        max_time=10,
    ).fit(data[:400], y[:400])
    assert model.is_monotonic(None, max_boxes=8)  # a box for each level; its own signs
    assert model.is_monotonic({"day": "Mon", "t": (-9, 9)}, {"t": 1}, max_boxes=1)
    assert model.score(data[400:], y[400:]) > 0.97  # it bends in "flow", and with the day


def test_a_constraint_that_the_truth_has_costs_no_accuracy():
    rng = np.random.default_rng(6)
    X, y = table(rng, 400)
    new, best = table(rng, 2000, noise=0.0)
    scores = [
        hbcd.HybridRegressor((20, 20), alpha=0.1, monotonic_cst=cst, random_state=0, max_time=5)
        .fit(X, y)
        .score(new, best)
        for cst in (None, SIGNS)
    ]
    assert scores[1] > scores[0] - 0.002


def test_training_on_keeps_one_network_monotone_and_refuses_members():
    rng = np.random.default_rng(7)
    X, y = table(rng, 200)
    more = X * 2 + 1, -y  # of other means and scales, and the other way
    model = hbcd.HybridRegressor((6, 6), monotonic_cst=SIGNS, random_state=0, max_time=5)
    assert_monotone(model.fit(X, y).partial_fit(*more))
    assert_monotone(model.set_params(warm_start=True).fit(X, y).fit(*more))
    other = model.set_params(monotonic_cst=[-1, -1, 0, 0])
    with pytest.raises(ValueError, match="monotonic_cst: must be that of the fit that is to go on"):
        other.fit(X, y)
    members = hbcd.HybridRegressor(effort=0.2, monotonic_cst=SIGNS, random_state=0, max_time=5)
    members.fit(X, y)
    before = members.predict(X)
    with pytest.raises(ValueError, match="monotonic_cst: a model of members does not train on"):
        members.partial_fit(*more)
    assert np.array_equal(members.predict(X), before)


@pytest.mark.parametrize(
    ("cst", "parameters"),
    [
        (np.array(SIGNS), {"effort": 0.2}),
        ({0: 1, 1: -1}, {"hidden_layer_sizes": (4, 4), "max_iter": 200}),
    ],
)
def test_a_model_file_keeps_the_constraint(tmp_path, cst, parameters):
    X, y = table(np.random.default_rng(8), 100)
    model = hbcd.HybridRegressor(monotonic_cst=cst, random_state=0, **parameters).fit(X, y)
    model.save(tmp_path / "m.hbcd")
    same = hbcd.load(tmp_path / "m.hbcd")
    assert same.layers is None
    assert_monotone(same)
    assert np.array_equal(same.fit(X, y).predict(X), model.predict(X))


def test_a_model_file_keeps_the_signs_of_many_columns(tmp_path):
    signs = [(-1) ** k for k in range(1005)]
    X = np.random.default_rng(13).normal(size=(30, 1005))
    model = hbcd.HybridRegressor((), monotonic_cst=signs, random_state=0, max_iter=3)
    model.fit(X, X[:, 0]).save(tmp_path / "m.hbcd")
    assert hbcd.load(tmp_path / "m.hbcd").monotonic_cst == signs


@pytest.mark.parametrize(
    ("parameters", "rule"),
    [
        ({"monotonic_cst": [1, 0]}, "has 2 numbers, must have 4"),
        ({"monotonic_cst": {"t": 1}}, "has 't', must have columns of X: 0, 1, 2, 3"),
        ({"monotonic_cst": [1, 0, 0, 5]}, "3 has 5, must be 1, -1 or 0"),
        ({"layers": [hbcd.HiddenLayer(3)]}, "must be None where layers are given"),
        ({"hidden_layer_sizes": "grow"}, "must be None where the network grows"),
        ({"activation": hbcd.Activation()}, "must be None for activation="),
    ],
)
def test_what_cannot_be_constrained_is_refused(parameters, rule):
    X, y = table(np.random.default_rng(9), 40)
    with pytest.raises(ValueError, match=f"monotonic_cst: {rule}"):
        hbcd.HybridRegressor(**{"monotonic_cst": SIGNS, **parameters}).fit(X, y)


def test_more_than_two_classes_and_columns_without_numbers_are_refused():
    rng = np.random.default_rng(10)
    X, _ = table(rng, 60)
    labels = rng.integers(0, 3, 60)
    with pytest.raises(ValueError, match="has no meaning for 3 classes, only for two"):
        hbcd.HybridClassifier(monotonic_cst=SIGNS).fit(X, labels)
    data = pd.DataFrame({"t": X[:, 0], "day": rng.choice(["Mon", "Tue"], 60)})
    with pytest.raises(ValueError, match="'day' is a column of levels, must be one of numbers"):
        hbcd.HybridRegressor(monotonic_cst={"day": 1}).fit(data, X[:, 1])


def test_no_constraint_leaves_the_fit_as_it_is():
    X, y = table(np.random.default_rng(11), 100)
    plain = hbcd.HybridRegressor((5,), random_state=0).fit(X, y)
    none = hbcd.HybridRegressor((5,), monotonic_cst=[0, 0, 0, 0], random_state=0).fit(X, y)
    assert np.array_equal(plain.theta_, none.theta_)
    assert none.network_.bounds is None


def test_bounds_leave_free_inputs_free_and_hold_whatever_the_parameters():
    rng = np.random.default_rng(12)
    for activation in (hbcd.Tanh(), hbcd.ReLU()):
        layers = monotone_layers(
            [hbcd.HiddenLayer(6, activation), hbcd.HiddenLayer(4, activation), hbcd.OutputLayer(2)],
            [1, -1, 0],
        )
        network = hbcd.Network([hbcd.InputLayer(3), *layers])
        lo, hi = network.bounds
        free = np.isinf(lo) & np.isinf(hi)
        (first,) = network.dense_parts(1, free.astype(float))
        assert first.weights[2].all()  # every neuron reads the free input, in either direction
        for _ in range(20):
            theta = network.project(rng.normal(size=network.n_parameters) * 3)
            slopes = network.input_jacobian(theta, rng.normal(size=(50, 3)))
            assert (slopes[:, :, 0] >= 0).all()
            assert (slopes[:, :, 1] <= 0).all()
        assert network.input_jacobian(network.init(0), rng.normal(size=(50, 3)))[:, :, 2].any()
