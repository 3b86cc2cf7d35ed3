"""Rows of weight 0 are as if they were not there, and only the ratios of weights count."""

import numpy as np
import pytest

import hbcd
from hbcd import core
from hbcd.networks.checked_rows import CheckedRows, split_by_share
from hbcd.utils.scaling import Scaled, Scaler
from hbcd.utils.validation import as_weights

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
Y = (X[:, :1] + X[:, 1:] ** 2) / 2
NET = hbcd.Network([hbcd.InputLayer(2), hbcd.HiddenLayer(4), hbcd.OutputLayer()], alpha=0.1)
THETA = NET.init(0)
FEW = hbcd.FullBatch(max_iterations=20)


def wrong_where(weight):
    """Targets that are far off in rows of weight 0."""
    return np.where(weight[:, np.newaxis] > 0, Y, 1e6)


def patterns():
    yield "one row in two", np.arange(60) % 2
    yield "all but two", np.r_[np.zeros(58), 1, 1]
    yield "the first ones", np.r_[np.zeros(30), np.ones(30)]
    yield "of several sizes", np.r_[np.zeros(20), np.full(20, 3.0), np.full(20, 0.5)]


@pytest.mark.parametrize(("name", "weight"), list(patterns()), ids=lambda value: value)
def test_rows_of_weight_0_neither_train_nor_validate_where_a_share_is_held_out(name, weight):
    options = {"strategy": FEW, "hold_out": 0.5, "rng": 3}
    one = NET.train(THETA, X, wrong_where(weight), weight, **options)
    kept = weight > 0
    other = NET.train(THETA, X[kept], Y[kept], weight[kept], **options)
    assert one.theta.tobytes() == other.theta.tobytes()
    assert one.loss == other.loss


@pytest.mark.parametrize("seed", range(5))
def test_no_part_drawn_by_the_seed_has_a_row_of_weight_0(seed):
    weight = RNG.integers(0, 2, 50)
    train, apart = split_by_share(weight, 50, 0.3, seed)
    assert (weight[train] > 0).all()
    assert (weight[apart] > 0).all()
    assert sorted([*train, *apart]) == np.flatnonzero(weight).tolist()


def test_no_share_is_held_out_where_it_would_leave_a_part_empty():
    assert split_by_share(np.array([0.0, 1.0, 0.0]), 3, 0.5, 0) is None
    assert split_by_share(None, 3, 0.1, 0) is None


def test_a_part_without_a_row_that_counts_is_refused_by_name():
    rows = CheckedRows(X, Y, np.r_[np.zeros(30), np.ones(30)])
    assert len(rows.take(np.arange(20, 40))) == 10
    assert len(rows.that_count()) == 30
    with pytest.raises(ValueError, match=r"^early ones: all have weight 0, such as row 4: must"):
        rows.take(np.array([4, 5]), "early ones")


def test_rows_that_all_count_are_not_copied():
    rows = CheckedRows(X, Scaled(Y, Scaler.fit(Y)), np.full(60, 2.0))
    assert rows.that_count() is rows


UNITS = [1.0, 2.0**-40, 1e-6, 1e-10, 1e200, 1e-300, 5e-324]


@pytest.mark.parametrize("unit", UNITS)
def test_equal_weights_in_any_unit_have_the_bits_of_no_weights(unit):
    options = {"strategy": FEW, "hold_out": 0.25}
    none = NET.train(THETA, X, Y, **options)
    one = NET.train(THETA, X, Y, np.full(60, unit), **options)
    assert one.theta.tobytes() == none.theta.tobytes()


@pytest.mark.parametrize("unit", [2.0**-40, 2.0**40, 2.0**-1000])
def test_weights_in_units_of_a_power_of_two_have_the_same_bits(unit):
    weight = RNG.uniform(0.0, 2.0, 60)
    found = [NET.train(THETA, X, Y, w, strategy=FEW).theta for w in (weight, unit * weight)]
    assert found[0].tobytes() == found[1].tobytes()


@pytest.mark.parametrize("unit", [1e-6, 1e-10, 1e200])
def test_weights_have_mean_1_in_any_unit(unit):
    weight = RNG.uniform(0.0, 2.0, 60) * (np.arange(60) % 3 > 0)
    found = as_weights(unit * weight, 60)
    assert found[weight > 0].mean() == pytest.approx(1.0, rel=1e-15)
    assert (found[weight == 0] == 0).all()
    np.testing.assert_allclose(found, as_weights(weight, 60), rtol=1e-14)


@pytest.mark.parametrize("kind", [hbcd.HybridRegressor, hbcd.HybridClassifier])
@pytest.mark.parametrize("rows", [200, 1200])
def test_the_default_fit_does_not_depend_on_the_unit_of_the_weights(kind, rows):
    rng = np.random.default_rng(1)
    x = rng.normal(size=(rows, 3))
    y = np.sin(x[:, 0]) + x[:, 1] * x[:, 2] + 0.1 * rng.normal(size=rows)
    if kind is hbcd.HybridClassifier:
        y = y > 0
    weight = rng.uniform(0.5, 2.0, rows)

    def theta(w):
        return kind(random_state=0, max_fun=300).fit(x, y, w).theta_.tobytes()

    plain = theta(None)
    assert {theta(np.full(rows, unit)) for unit in UNITS} == {plain}
    assert theta(weight) == theta(weight * 2.0**-30) != plain
    scores = [
        kind(random_state=0, max_fun=300).fit(x, y, w).score(x, y)
        for w in (weight, 1e-10 * weight, 1e200 * weight)
    ]
    # What rounds each weight once moves the end of a training a little.
    assert scores[1:] == pytest.approx([scores[0]] * 2, abs=0.01)


@pytest.mark.parametrize("weight", [None, np.arange(60) % 4], ids=["none", "several"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("scaled", [False, True])
def test_a_share_drawn_in_the_core_trains_as_copies_of_its_rows_do(scaled, dtype, order, weight):
    x, y = np.asarray(X, dtype, order=order), np.asarray(Y, dtype, order=order)
    seed = 2**40 + 3
    parts = split_by_share(weight, 60, 0.25, seed)
    train, apart = (
        CheckedRows(x[part], y[part], None if weight is None else weight[part]) for part in parts
    )
    whole = CheckedRows(x, y, weight)
    if scaled:
        scaler = Scaler.fit(x), Scaler.fit(y)
        train, apart, whole = (
            CheckedRows(Scaled(one.x, scaler[0]), Scaled(one.y, scaler[1]), one.weight)
            for one in (train, apart, whole)
        )
    theta = THETA.astype(dtype)
    options = {"strategy": FEW, "rng": seed}
    one = NET.train(theta, *whole.parts(), hold_out=0.25, **options)
    other = NET.train(theta, *train.parts(), eval_set=apart.parts(), **options)
    assert one.theta.tobytes() == other.theta.tobytes()
    assert one.loss == other.loss
    pairs = zip(one.history.validation_loss, other.history.validation_loss, strict=True)
    assert all(a == b or np.isnan([a, b]).all() for a, b in pairs)


@pytest.mark.parametrize("index", [[], [60], [-1, 3], [0, 2**32]], ids=str)
def test_the_core_takes_no_rows_that_are_not_there(index):
    with pytest.raises(IndexError, match="must hold numbers of rows that there are"):
        core.Data(np.float64, X, Y, None, None, None, 0.0, np.array(index, np.int64))
