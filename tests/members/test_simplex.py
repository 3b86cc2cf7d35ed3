"""Weights at least 0 with sum 1: the minimum over them, of a quadratic function and of losses."""

from __future__ import annotations

import numpy as np
import pytest

import hbcd
from hbcd.members.simplex import least_loss, quadratic


def problem(seed: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(k + 3, k))
    return factor.T @ factor, rng.normal(size=k)


@pytest.mark.parametrize("seed", range(20))
def test_of_a_quadratic_function_no_weight_that_may_move_has_a_slope(seed: int) -> None:
    matrix, linear = problem(seed, 2 + seed % 9)
    w = quadratic(matrix, linear)
    assert (w >= 0).all()
    assert w.sum() == pytest.approx(1, abs=1e-12)
    slope = matrix @ w + linear
    assert np.ptp(slope[w > 0]) < 1e-8
    assert (slope[w == 0] >= slope[w > 0].max() - 1e-8).all()


def test_equal_members_share_what_one_of_them_would_have() -> None:
    target = np.linspace(-1, 1, 50)[:, None]
    one = target + 0.1 * np.sin(np.arange(50))[:, None]
    w = least_loss(hbcd.SquaredError(), np.stack([one, one, np.zeros_like(one)]), target, None)
    assert w[0] + w[1] > 0.9
    assert w.sum() == pytest.approx(1)


LOSSES = (
    hbcd.SquaredError(),
    hbcd.AbsoluteError(),
    hbcd.Huber(),
    hbcd.LogCosh(),
    hbcd.Quantile(0.8),
    hbcd.Poisson(),
    hbcd.Logistic(),
)


def members_of(loss: hbcd.Loss, outputs: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    truth = rng.normal(size=(200, outputs))
    predicted = np.stack([truth + s * rng.normal(size=truth.shape) for s in (0.3, 0.4, 2.0)])
    if isinstance(loss, hbcd.Poisson):
        return predicted, rng.poisson(np.exp(truth)).astype(float)
    if isinstance(loss, hbcd.Logistic):
        return predicted, (rng.random(truth.shape) < 1 / (1 + np.exp(-truth))).astype(float)
    if isinstance(loss, hbcd.CrossEntropy):
        return predicted, np.eye(outputs)[truth.argmax(axis=1)]
    return predicted, truth


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_no_weights_on_a_grid_have_less_loss(loss: hbcd.Loss) -> None:
    predicted, target = members_of(loss)
    check_against_grid(loss, predicted, target)


def test_no_weights_on_a_grid_have_less_cross_entropy() -> None:
    loss = hbcd.CrossEntropy()
    check_against_grid(loss, *members_of(loss, 3))


def check_against_grid(loss: hbcd.Loss, predicted: np.ndarray, target: np.ndarray) -> None:
    def value(w: np.ndarray) -> float:
        return float(loss.evaluate(np.einsum("k,kno->no", w, predicted), target, None).mean())

    found = value(least_loss(loss, predicted, target, None))
    grid = [(a, b, 1 - a - b) for a in np.linspace(0, 1, 21) for b in np.linspace(0, 1 - a, 21)]
    assert found <= min(value(np.array(w)) for w in grid) + 2e-4 * abs(found)


def test_a_row_of_weight_two_counts_as_two_rows() -> None:
    predicted, target = members_of(hbcd.SquaredError())
    weight = np.ones(200)
    weight[:50] = 2
    twice = np.concatenate([np.arange(200), np.arange(50)])
    one = least_loss(hbcd.SquaredError(), predicted, target, weight)
    other = least_loss(hbcd.SquaredError(), predicted[:, twice], target[twice], None)
    np.testing.assert_allclose(one, other, atol=1e-6)
