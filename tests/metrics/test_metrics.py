"""Scores: what scikit-learn has, at any magnitude, with nothing left out."""

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from hbcd.metrics.regression import r2_scores, scores


def sample(rows=50, targets=2, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(rows, targets)) * [1.0, 5.0][:targets]
    return y, y + rng.normal(size=y.shape)


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


def test_a_row_of_weight_0_does_not_make_a_target_vary():
    y = np.r_[np.full(3, 0.1), 5.0][:, np.newaxis]
    weight = np.r_[np.full(3, 1.0), 0.0]
    mean = np.average(y, axis=0, weights=weight)
    assert mean[0] != 0.1  # rounded: the sum of squares around it is not 0
    assert np.isnan(r2_scores(y, y + 1.0, weight)).all()
