"""Scores and the split: what scikit-learn has, at any magnitude, with nothing left out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from hbcd.metrics.regression import least_squares, r2_scores, scores, split_rows


def sample(rows=50, targets=2, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(rows, targets)) * [1.0, 5.0][:targets]
    return y, y + rng.normal(size=y.shape)


@given(st.integers(2, 500), st.floats(0.01, 0.99), st.integers(0, 10))
def test_every_row_is_in_one_part_and_neither_is_empty(n, share, seed):
    expected = int(np.ceil(round(share * n, 9)))
    if expected == n:
        with pytest.raises(ValueError, match=f"rows={n}: must be more than"):
            split_rows(n, share, seed)
        return
    train, test = split_rows(n, share, seed)
    assert len(test) == expected >= 1
    assert len(train) >= 1
    assert sorted([*train, *test]) == list(range(n))


def test_split_is_the_documented_permutation():
    train, test = split_rows(10, 0.25, 7)
    order = np.random.default_rng(7).permutation(10)
    assert test.tolist() == order[:3].tolist()
    assert train.tolist() == order[3:].tolist()
    assert len(split_rows(100, 0.07, 0)[1]) == 7


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 2.0, np.nan])
def test_a_share_outside_0_and_1_is_refused(share):
    with pytest.raises(ValueError, match=r"test_size=.*: must be between 0 and 1"):
        split_rows(10, share, 0)


def test_scores_are_those_of_scikit_learn():
    y, predicted = sample()
    found = scores(y, predicted)
    # Scaling is by powers of two and thus exact; only the order of sums may differ.
    assert found["r2"] == pytest.approx(r2_score(y, predicted), rel=1e-13)
    assert found["mse"] == pytest.approx(mean_squared_error(y, predicted), rel=1e-13)
    assert found["mae"] == pytest.approx(mean_absolute_error(y, predicted), rel=1e-13)
    weight = np.arange(50.0) % 3
    expected = r2_score(y, predicted, sample_weight=weight, multioutput="raw_values")
    assert r2_scores(y, predicted, weight) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("exponent", [-900, -600, 0, 600, 900])
def test_scores_do_not_depend_on_the_unit(exponent):
    y, predicted = sample()
    found = scores(np.ldexp(y, exponent), np.ldexp(predicted, exponent))
    assert found["r2"] == scores(y, predicted)["r2"]
    assert found["mae"] == np.ldexp(scores(y, predicted)["mae"], exponent)
    if exponent > 0:
        assert found["mse"] is None  # beyond float64, and not valid in JSON


def test_r2_of_what_does_not_vary_is_none():
    y, predicted = sample()
    y[:, 1] = 0.1  # whose mean is not exactly 0.1
    assert scores(y, predicted)["r2"] is None
    assert np.isnan(r2_scores(y, predicted)).tolist() == [False, True]
    assert scores(y[:1], predicted[:1])["r2"] is None
    varies = np.array([1.0, 0.0])
    assert np.isnan(r2_scores(varies[:, None], varies[:, None], np.array([1.0, 0.0]))).all()


def test_least_squares_is_that_of_scikit_learn_in_any_unit():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 3)), rng.normal(size=(40, 2))
    expected = LinearRegression().fit(x[:30], y[:30]).predict(x[30:])
    for factor in (1.0, 1e-150, 1e150):
        found = least_squares(
            x[:30] * factor + 3 * factor, y[:30] * factor, x[30:] * factor + 3 * factor
        )
        # Standardized, the problem is well conditioned: rounding only.
        np.testing.assert_allclose(found, expected * factor, rtol=1e-9)
    assert least_squares(x[:30], y[:30, 0], x[30:]).shape == (10,)


def test_least_squares_takes_constant_and_repeated_columns():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(40, 2)), rng.normal(size=40)
    more = np.column_stack([x, x[:, 0], np.full(40, 1e6)])
    np.testing.assert_allclose(least_squares(more, y, more), least_squares(x, y, x), rtol=1e-9)
