"""partial_fit on few rows: the weights that are there stand for the rows before."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import hbcd

RNG = np.random.default_rng(0)
X = RNG.uniform(-2, 2, (160, 3))
Y = np.sin(2 * X[:, 0]) + X[:, 1] + 0.05 * RNG.normal(size=160)
LABELS = np.array(["calm", "rough", "storm"])[np.digitize(Y, [-1.0, 1.0])]
NEW = RNG.uniform(-2, 2, (200, 3))
MODELS = {
    "default": {"effort": "fast"},
    "float32": {"effort": "fast", "dtype": "float32"},
    "heavy": {"hidden_layer_sizes": (8,), "alpha": 3.0},
    "by blocks": {"hidden_layer_sizes": (8,), "alpha": 1.0, "strategy": "bcd"},
    "batches": {"hidden_layer_sizes": (8,), "alpha": 1.0, "strategy": "mini_batch"},
    "poisson": {"effort": "fast", "loss": "poisson"},
}


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    y = np.exp(Y) if request.param == "poisson" else Y
    return hbcd.HybridRegressor(random_state=0, **MODELS[request.param]).fit(X, y)


def again(model, rows, y, **options):
    """A model that has gone on, and the one before untouched."""
    return copy.deepcopy(model).set_params(**options).partial_fit(rows, y)


@pytest.mark.parametrize("rows", [1, 2, 5, 200])
def test_rows_that_the_model_predicts_leave_it_as_it_was(model, rows):
    before = model.predict(X)
    after = again(model, NEW[:rows], model.predict(NEW[:rows]))
    # Steps of ADAM on batches have a length of their own; float32 knows six digits.
    room = 0.02 if model.strategy == "mini_batch" else 1e-4
    assert np.abs(after.predict(X) - before).max() <= room * np.ptp(before)


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_few_rows_near_the_model_move_it_little(model, rows):
    before = model.predict(X)
    at = model.predict(NEW[:rows])
    after = again(model, NEW[:rows], at * 1.05 + 0.01 * np.ptp(before))
    assert np.sqrt(np.mean((after.predict(X) - before) ** 2)) <= 0.05 * np.ptp(before)


def test_a_stronger_penalty_holds_the_model_more():
    model = hbcd.HybridRegressor(random_state=0, effort="fast").fit(X, Y)
    before = model.predict(X)
    moved = [
        np.abs(again(model, NEW[:1], before[:1] + 1.0, alpha=alpha).predict(X) - before).max()
        for alpha in (0.01, 1e2, 1e4)
    ]
    assert moved[0] > 2 * moved[1] > 4 * moved[2]


@pytest.mark.parametrize(
    "options", [{"effort": "fast"}, {"hidden_layer_sizes": (8,), "alpha": 0.0}]
)
def test_a_classifier_keeps_its_decisions(options):
    model = hbcd.HybridClassifier(random_state=0, **options).fit(X, LABELS)
    before = model.score(X, LABELS)
    for rows in (1, 2, 5):
        after = again(model, X[:rows], LABELS[:rows])
        assert after.score(X, LABELS) >= before - 0.06


def test_a_file_knows_how_many_rows_count_on(tmp_path):
    model = hbcd.HybridRegressor((8,), random_state=0).fit(X, Y, sample_weight=Y > -1)
    model.save(tmp_path / "m.hbcd")
    loaded = hbcd.load(tmp_path / "m.hbcd").set_params(random_state=0)
    assert loaded._rows_before == (Y > -1).sum()
    for one in (model, loaded):
        one.partial_fit(NEW[:3], [5.0, -5.0, 0.0])
    assert np.array_equal(model.theta_, loaded.theta_)


def test_the_first_call_draws_weights_to_0():
    free = hbcd.HybridRegressor((4,), alpha=0.0, random_state=0).partial_fit(X, Y)
    heavy = hbcd.HybridRegressor((4,), alpha=1e4, random_state=0).partial_fit(X, Y)
    assert np.abs(heavy.coefs_[0]).max() < 0.1 * np.abs(free.coefs_[0]).max()


def test_a_row_counts_for_less_where_there_were_more_rows():
    shares = []
    for rows in (20, 160):
        model = hbcd.HybridRegressor((8,), random_state=0).fit(X[:rows], Y[:rows])
        before = model.predict(NEW[:1])
        after = again(model, NEW[:1], before + 1.0)
        shares.append((after.predict(NEW[:1]) - before)[0])
    assert 0.95 > shares[0] > 1.5 * shares[1] > 0.0
