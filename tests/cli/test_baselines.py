"""The split of rows, and the straight line that a network has to beat."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from hbcd.cli.baselines import LeastSquares, split_rows


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


def test_least_squares_is_that_of_scikit_learn_in_any_unit():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 3)), rng.normal(size=(40, 2))
    expected = LinearRegression().fit(x[:30], y[:30]).predict(x[30:])
    for factor in (1.0, 1e-150, 1e150):
        line = LeastSquares.fit(x[:30] * factor + 3 * factor, y[:30] * factor)
        found = line.predict(x[30:] * factor + 3 * factor)
        # Standardized, the problem is well conditioned: rounding only.
        np.testing.assert_allclose(found, expected * factor, rtol=1e-9)
    assert LeastSquares.fit(x[:30], y[:30, 0]).predict(x[30:]).shape == (10, 1)


def test_least_squares_takes_constant_and_repeated_columns():
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(40, 2)), rng.normal(size=40)
    more = np.column_stack([x, x[:, 0], np.full(40, 1e6)])
    found, expected = (LeastSquares.fit(part, y).predict(part) for part in (more, x))
    np.testing.assert_allclose(found, expected, rtol=1e-9)
