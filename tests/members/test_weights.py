"""What members count for: the safe one where nothing is better beyond noise."""

from __future__ import annotations

import numpy as np
import pytest

import hbcd
from hbcd.members.weights import member_weights

LOSS = hbcd.SquaredError()


def members(seed: int, n: int, quality: float) -> tuple[np.ndarray, np.ndarray]:
    """Constant, linear and two networks; the networks explain `quality` of the target."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=(n, 1))
    target = np.sqrt(quality) * signal + np.sqrt(1 - quality) * rng.normal(size=(n, 1))
    nets = [np.sqrt(quality) * signal + s * rng.normal(size=(n, 1)) for s in (0.2, 0.4)]
    return np.stack([np.zeros((n, 1)), 0.05 * rng.normal(size=(n, 1)), *nets]), target


@pytest.mark.parametrize("seed", range(10))
def test_on_noise_the_constant_has_all_the_weight(seed: int) -> None:
    predicted, target = members(seed, 300, 0.0)
    w = member_weights(LOSS, predicted, target, None, 4)
    assert w[0] + w[1] > 0.9
    assert w[0] > 0.5


@pytest.mark.parametrize("seed", range(5))
def test_with_signal_the_better_network_has_most_of_it(seed: int) -> None:
    w = member_weights(LOSS, *members(seed, 300, 0.9), None, 4)
    assert w[2] == w.max()
    assert w[2] + w[3] > 0.9
    assert w.sum() == pytest.approx(1)


def test_no_more_networks_are_kept_than_asked_for() -> None:
    predicted, target = members(0, 300, 0.9)
    rng = np.random.default_rng(1)
    more = [target + 0.3 * rng.normal(size=target.shape) for _ in range(8)]
    w = member_weights(LOSS, np.concatenate([predicted, np.stack(more)]), target, None, 3)
    assert np.count_nonzero(w[2:]) <= 3


def test_a_member_that_is_not_finite_has_no_weight() -> None:
    predicted, target = members(0, 300, 0.9)
    predicted[2, 7] = np.nan
    w = member_weights(LOSS, predicted, target, None, 4)
    assert w[2] == 0
    assert np.isfinite(w).all()
