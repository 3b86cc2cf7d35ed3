"""The factor of outputs of a classifier: what probabilities mean, never on the word of few rows."""

from __future__ import annotations

import numpy as np
import pytest

import hbcd
from hbcd.members.calibration import output_factor
from hbcd.members.weights import member_weights


def drawn(seed: int, n: int, classes: int, size: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    """Outputs, and labels that are drawn from the probabilities of these outputs."""
    rng = np.random.default_rng(seed)
    if classes == 2:
        out = size * rng.normal(size=(n, 1))
        return out, (rng.uniform(size=(n, 1)) < hbcd.Logistic().mean(out)).astype(float)
    out = size * rng.normal(size=(n, classes))
    edges = np.cumsum(hbcd.CrossEntropy().mean(out), axis=1)
    label = (rng.uniform(size=(n, 1)) > edges).sum(axis=1).clip(max=classes - 1)
    return out, np.eye(classes)[label]


def loss_of(target: np.ndarray) -> hbcd.Loss:
    return hbcd.Logistic() if target.shape[1] == 1 else hbcd.CrossEntropy()


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("wrong", [0.6, 1.0, 1.5])
def test_the_factor_undoes_a_wrong_scale(classes: int, wrong: float) -> None:
    out, target = drawn(0, 3000, classes)
    factor = output_factor(loss_of(target), wrong * out, target, None)
    # The likeliest factor of 3000 rows is known to some 3 %; none of them is 5 % off 1 by chance.
    assert factor * wrong == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("seed", range(5))
def test_outputs_that_are_right_stay_as_they_are(seed: int) -> None:
    out, target = drawn(seed, 200, 3)
    assert output_factor(loss_of(target), out, target, None) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("classes", [2, 3])
def test_where_no_mistake_is_missing_nothing_becomes_more_certain(classes: int) -> None:
    rng = np.random.default_rng(0)
    label = rng.integers(classes, size=150)
    target = label[:, np.newaxis].astype(float) if classes == 2 else np.eye(classes)[label]
    out = 12 * (target - 0.5) * rng.uniform(0.7, 1.3, size=target.shape)
    assert output_factor(loss_of(target), out, target, None) == 1.0


def test_weights_of_rows_count() -> None:
    out, target = drawn(0, 2000, 2)
    weight = np.ones(2000)
    weight[:1000] = 0.0
    twice = out.copy()
    twice[:1000] *= 5
    factor = output_factor(hbcd.Logistic(), twice, target, weight)
    assert factor == pytest.approx(output_factor(hbcd.Logistic(), out, target, weight), abs=1e-9)


def test_the_factor_is_in_the_weights_of_members_of_classes_alone() -> None:
    out, target = drawn(0, 3000, 2)
    members = np.stack([np.zeros_like(out), 0.1 * out, 0.6 * out])
    w = member_weights(hbcd.Logistic(), members, target, None, 4)
    assert w.sum() == pytest.approx(1 / 0.6, abs=0.15)
    w = member_weights(hbcd.SquaredError(), members, out, None, 4)
    assert w.sum() == pytest.approx(1.0)
