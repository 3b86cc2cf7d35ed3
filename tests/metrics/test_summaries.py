"""Spreads are those of NumPy, and hold up to the largest numbers."""

import numpy as np
import pytest

from hbcd.metrics.summaries import spread_of, varies


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e100])
def test_a_spread_is_the_deviation_of_a_sample(scale):
    values = scale * np.random.default_rng(0).normal(size=7)
    assert spread_of(values) == pytest.approx(np.std(values / scale, ddof=1) * scale, rel=1e-15)
    assert np.isnan(spread_of(values[:1]))
    assert spread_of([0.0, 0.0]) == 0


@pytest.mark.filterwarnings("error")
def test_numbers_near_the_largest_have_a_spread():
    assert spread_of([1e308, 1.5e308]) == pytest.approx(0.5e308 / np.sqrt(2))
    assert varies(np.array([[1.7e308], [-1.7e308]]))
    assert not varies(np.full((3, 1), 1.7e308))
    assert not varies(np.empty((0, 1)))
