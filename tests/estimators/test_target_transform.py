"""Targets that are learned transformed: the functions, and the mean that leads back from them."""

from __future__ import annotations

import numpy as np
import pytest

import hbcd
from hbcd.estimators.targets.power_transform import (
    LOG,
    NONE,
    YEO_JOHNSON,
    yeo_johnson,
    yeo_johnson_inverse,
)
from hbcd.estimators.targets.target_transform import TargetTransform

RNG = np.random.default_rng(0)
SKEWED = np.exp(1.5 * RNG.normal(size=(500, 1)))
FAST = {"effort": "fast", "random_state": 0, "n_threads": 1}


def lognormal(rows, seed, noise=0.5):
    """Inputs, the mean of the targets, and targets."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 3))
    f = x[:, 0] + 0.5 * np.tanh(2 * x[:, 1])
    return x, np.exp(f + 0.5 * noise**2), np.exp(f + noise * rng.normal(size=rows))


# ---- the functions


@pytest.mark.parametrize("power", [0.0, 1e-9, 0.3, 1.0, 1.7, 2.0])
def test_the_inverse_gives_back_the_number(power):
    size = np.logspace(-200, 6, 300)
    values = np.concatenate([-size[::-1], [0.0], size])
    back = yeo_johnson_inverse(yeo_johnson(values, power), power)
    # log1p and expm1 are good to some ulp; the logarithm of a large number has as many digits.
    np.testing.assert_allclose(back, values, rtol=1e-13)
    assert (np.diff(yeo_johnson(values, power)) >= 0).all()


def test_powers_are_those_of_the_definition():
    v = np.array([-3.0, -0.5, 0.0, 0.5, 3.0])
    positive = v[v >= 0]
    for power in (0.5, 1.0, 1.5):
        expected = np.where(
            v >= 0,
            ((1 + np.abs(v)) ** power - 1) / power,
            -((1 + np.abs(v)) ** (2 - power) - 1) / (2 - power),
        )
        np.testing.assert_allclose(yeo_johnson(v, power), expected, rtol=1e-15, atol=1e-16)
    np.testing.assert_allclose(yeo_johnson(positive, 0.0), np.log1p(positive), rtol=1e-15)
    np.testing.assert_allclose(yeo_johnson(-positive, 2.0), -np.log1p(positive), rtol=1e-15)


def test_the_power_is_that_of_the_largest_likelihood():
    for seed, sign in ((1, 1.0), (2, -1.0)):
        y = sign * np.random.default_rng(seed).gamma(2.0, size=(400, 1))
        column = TargetTransform.fit((YEO_JOHNSON,), y).columns[0]
        v = (y[:, 0] - column.center) / column.scale

        def likelihood(power, v=v):
            z = yeo_johnson(v, power)
            jacobian = (power - 1) * (np.sign(v) * np.log1p(np.abs(v))).sum()
            return jacobian - 0.5 * v.size * np.log(z.var())

        best = max(np.linspace(0, 2, 401), key=likelihood)
        assert column.power == pytest.approx(best, abs=0.01)  # twice the grid's distance


@pytest.mark.parametrize("unit", [2.0**-60, 2.0**40])
def test_the_unit_of_the_target_does_not_matter(unit):
    own, other = (TargetTransform.fit((YEO_JOHNSON,), k * SKEWED) for k in (1.0, unit))
    assert own.columns[0].power == other.columns[0].power
    assert np.array_equal(own.forward(SKEWED), other.forward(unit * SKEWED))


def test_a_weight_counts_as_so_many_rows():
    weight = RNG.integers(1, 4, len(SKEWED))
    many = np.repeat(SKEWED, weight, axis=0)
    one = TargetTransform.fit((YEO_JOHNSON,), SKEWED, weight.astype(float)).columns[0]
    other = TargetTransform.fit((YEO_JOHNSON,), many).columns[0]
    assert (one.center, one.scale) == (other.center, other.scale)
    assert one.power == pytest.approx(other.power, abs=2e-3)  # the search ends at 1e-3


def test_a_target_that_does_not_vary_stays_as_it_is():
    y = np.full((10, 1), 3.0)
    transform = TargetTransform.fit((YEO_JOHNSON,), y)
    assert transform.names == (NONE,)
    assert np.array_equal(transform.forward(y), y)


# ---- the way back


def test_of_logarithms_it_is_the_factor_of_duan():
    residual, weight = 0.7 * RNG.normal(size=(300, 1)), RNG.uniform(0.1, 2, 300)
    z = RNG.normal(size=(300, 1))
    transform = TargetTransform.fit((LOG,), np.exp(z)).smeared(z + residual, z, weight)
    factor = np.average(np.exp(residual), axis=0, weights=weight)
    np.testing.assert_allclose(transform.backward(z), factor * np.exp(z), rtol=1e-13)
    np.testing.assert_allclose(np.exp(transform.log_factors), factor, rtol=1e-13)


def test_of_powers_sixteen_points_are_as_good_as_all_residuals():
    y = SKEWED
    transform = TargetTransform.fit((YEO_JOHNSON,), y)
    z = np.linspace(-2.0, 4.0, 50)[:, np.newaxis]
    residual = 0.5 * RNG.standard_t(5, size=(1000, 1))
    at = RNG.uniform(-2, 4, size=(1000, 1))
    found = transform.smeared(at + residual, at).backward(z)
    every = np.mean([transform.inverse(z + r) for r in residual[:, 0]], axis=0)
    spread = np.std([transform.inverse(z + r) for r in residual[:, 0]], axis=0)
    # A fiftieth of the spread: the mean of 1000 residuals itself is known to a thirtieth of it.
    assert (np.abs(found - every) < 0.02 * spread).all()


def test_rows_go_back_alike_in_any_company():
    transform = TargetTransform.fit((YEO_JOHNSON,), SKEWED).smeared(SKEWED, SKEWED - 0.3)
    z = RNG.normal(size=(40_000, 1))
    alone = np.array([transform.backward(z[[k]])[0] for k in (0, 17, 39_999)])
    assert np.array_equal(transform.backward(z)[[0, 17, 39_999]], alone)


@pytest.mark.parametrize("name", ["log", "yeo-johnson"])
def test_predictions_have_the_mean_of_the_targets(name):
    x, _, y = lognormal(1500, 1, noise=0.8)
    model = hbcd.HybridRegressor(**FAST, target_transform=name).fit(x, y)
    x_new, mean, _ = lognormal(20_000, 2, noise=0.8)
    z = model.target_transform_.forward(y[:, np.newaxis])[:, 0]
    error = y - model.oof_prediction_
    standard = error.std() / np.sqrt(len(y))
    assert abs(error.mean()) < 3 * standard
    # Without the residuals it would be the median, exp(-0.32) of the mean.
    plain = TargetTransform(model.target_transform_.columns)
    inner = plain.inverse(model.target_transform_.forward(model.oof_prediction_[:, np.newaxis]))
    np.testing.assert_allclose(inner[:, 0], model.oof_prediction_, rtol=1e-9)
    assert np.isfinite(z).all()
    assert abs(model.predict(x_new).mean() / mean.mean() - 1) < 0.1
    assert plain.backward(model.target_transform_.forward(y[:, np.newaxis])).shape == (1500, 1)


def test_a_quantile_is_that_of_the_transformed_target():
    x, _, y = lognormal(1500, 3)
    loss = hbcd.Quantile(0.8)
    model = hbcd.HybridRegressor(**FAST, loss=loss, target_transform="log").fit(x, y)
    assert model.target_transform_.residuals is None
    x_new, _, y_new = lognormal(20_000, 4)
    share = np.mean(y_new <= model.predict(x_new))
    # 1500 rows know a quantile of level 0.8 to about 0.01; the network adds as much.
    assert share == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "log_cosh"])
def test_robust_losses_go_back_by_the_inverse(loss):
    x, _, y = lognormal(200, 5)
    model = hbcd.HybridRegressor((3,), loss=loss, target_transform="log", max_iter=30)
    assert model.fit(x, y).target_transform_.residuals is None
