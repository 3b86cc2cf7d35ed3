"""Full conformal sets of Gauss-Newton influence: exact where they can be, covering, refused."""

import pickle

import numpy as np
import pytest

import hbcd
from hbcd.uncertainty.full_conformal import needed, reaches
from hbcd.uncertainty.influence import _Solved


def table(n, seed, noise=0.3):
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (n, 3))
    return X, np.sin(3 * X[:, 0]) + X[:, 1] ** 2 + noise * rng.normal(size=n)


def covered(intervals, y):
    return float(np.mean((intervals[..., 0] <= y) & (y <= intervals[..., 1])))


def linear_model(X, y, alpha):
    return hbcd.HybridRegressor(
        (), alpha=alpha, random_state=0, dtype="float64", stop=hbcd.Stop(1e-14, 0.0), max_iter=2000
    ).fit(X, y)


def is_in_set(residual, slopes, own, level, t):
    smaller = np.abs(residual + slopes * t) < np.abs(own * t)
    return smaller.sum() <= np.ceil((residual.size + 1) * level * (1 - 1e-12)) - 1


@pytest.mark.parametrize("spread", [0.05, 0.8, 3.0])
def test_the_hull_is_that_of_every_target_tried(spread):
    rng = np.random.default_rng(int(10 * spread))
    for trial in range(60):
        n = int(rng.integers(1, 12))
        level = float(rng.choice([0.3, 0.5, 0.8]))
        residual = rng.normal(size=n) * (rng.random(n) > 0.1)
        slopes, own = spread * rng.normal(size=n), rng.uniform(0.1, 1.0)
        if trial % 5 == 0:
            slopes[0] = own * rng.choice([-1, 1])
        below, above = (
            end[0] for end in reaches(residual, slopes[np.newaxis], np.array([own]), level)
        )
        for side, end in ((-1, below), (1, above)):
            tried = side * np.concatenate([np.linspace(0, 30, 1500), [1e9]])
            inside = [is_in_set(residual, slopes, own, level, t) for t in tried]
            assert (np.abs(tried[inside]) <= end * (1 + 1e-12)).all()
            if np.isfinite(end):
                assert is_in_set(residual, slopes, own, level, side * end * (1 - 1e-9))
                assert not is_in_set(residual, slopes, own, level, side * (end * (1 + 1e-9) + 1e-9))
            else:
                assert inside[-1]


def test_a_level_that_so_few_rows_cannot_have_has_no_ends():
    assert [needed(9, level) for level in (0.5, 0.9, 0.91)] == [5, 1, 0]
    X, y = table(20, 0)
    model = linear_model(X, y, 0.1)
    assert np.isfinite(model.predict_interval(X, 0.95, method="full_conformal")).all()
    assert np.isinf(model.predict_interval(X, 0.96, method="full_conformal")).all()


def test_a_target_that_does_not_vary_has_itself_as_interval():
    X = table(20, 0)[0]
    model = linear_model(X, np.full(20, 3.0), 0.1)
    for level in (0.5, 0.99):
        assert (model.predict_interval(X, level, method="full_conformal") == 3.0).all()


def ridge_residuals(x, z, alpha):
    """Of the ridge regression of all rows, without a penalty on the intercept."""
    a = np.column_stack([x, np.ones(len(x))])
    penalty = alpha * np.diag([1.0] * x.shape[1] + [0.0])
    return z - a @ np.linalg.solve(a.T @ a + penalty, a.T @ z)


@pytest.mark.parametrize("alpha", [0.01, 30.0])
def test_a_linear_model_has_the_set_of_a_ridge_fit_for_every_target(alpha):
    X, y = table(40, 1)
    model = linear_model(X, y, alpha)
    new, level = 3 * table(4, 2)[0], 0.8
    found = model.predict_interval(new, level, method="full_conformal")
    x = model.x_scaler_.forward(X, np.float64)
    z = model.y_scaler_.forward(y[:, np.newaxis], np.float64)[:, 0]
    to = model.x_scaler_.forward(new, np.float64)
    ends = model.y_scaler_.forward(found.reshape(-1, 1), np.float64).reshape(-1, 2)

    def held(row, target):
        e = np.abs(ridge_residuals(np.vstack([x, row]), np.append(z, target), alpha))
        return (e[:-1] < e[-1]).sum() <= np.ceil(41 * level) - 1

    for row, (low, high) in zip(to, ends, strict=True):
        for target in np.linspace(low - 1, high + 1, 400):
            assert not held(row, target) or low <= target <= high
        for end, outward in ((low, -1), (high, 1)):
            assert held(row, end - outward * 2e-9)
            assert not held(row, end + outward * 2e-9)


@pytest.mark.parametrize(
    "options", [{"effort": "fast"}, {"hidden_layer_sizes": (6,), "alpha": 0.1}]
)
def test_intervals_hold_the_share_of_new_targets_that_is_asked_for(options):
    shares = []
    for seed in range(5):
        (X, y), (new, truth) = table(120, seed), table(1000, 100 + seed)
        model = hbcd.HybridRegressor(random_state=seed, **options).fit(X, y)
        ends = model.predict_interval(new, 0.9, method="full_conformal")
        assert (ends[:, 0] < ends[:, 1]).all()
        shares.append(covered(ends, truth))
    # A share has a deviation of sqrt(0.09 / 120) = 0.027, the mean of five 0.012.
    assert abs(np.mean(shares) - 0.9) < 0.04


def test_the_default_keeps_its_bits_whatever_came_before():
    X, y = table(100, 3)
    model, same = (hbcd.HybridRegressor(random_state=0, effort="fast").fit(X, y) for _ in range(2))
    first = model.predict_interval(X, 0.9, method="full_conformal")
    assert (model.predict_interval(X) == same.predict_interval(X)).all()
    assert (same.predict_interval(X, method="full_conformal") == first).all()
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict_interval(X, method="full_conformal") == first).all()
    same.conformalize(*table(50, 4))
    assert (same.predict_interval(X, method="full_conformal") == first).all()


def test_several_transformed_targets_have_an_interval_each():
    X, y = table(200, 5)
    Y = np.column_stack([np.exp(y), np.exp(X[:, 2] + 0.1 * y)])
    model = hbcd.HybridRegressor(
        random_state=0, effort="fast", target_transform="log", output_range=(0.0, 20.0)
    ).fit(X[:100], Y[:100])
    found = model.predict_interval(X[100:], 0.9, method="full_conformal")
    assert found.shape == (100, 2, 2)
    for k in range(2):
        assert covered(found[:, k], Y[100:, k]) > 0.8
    wide = model.predict_interval(X[100:], 0.995, method="full_conformal")
    assert (wide == np.array([0.0, 20.0])).all()


def test_what_is_not_there_is_refused_with_the_remedy(tmp_path):
    X, y = table(60, 6)
    model = linear_model(X, y, 0.1)
    with pytest.raises(ValueError, match="method='other': must be 'auto' or 'full_conformal'"):
        model.predict_interval(X, method="other")
    model.save(tmp_path / "model.hbcd")
    others = (
        hbcd.load(tmp_path / "model.hbcd"),
        hbcd.HybridRegressor((), alpha=0.1, random_state=0).fit(X, y, sample_weight=1 + X[:, 0]),
        hbcd.HybridRegressor((), alpha=0.1, random_state=0).fit(X, y).partial_fit(X, y),
    )
    for one in others:
        with pytest.raises(ValueError, match=r"needs all training rows.*use method='auto'"):
            one.predict_interval(X, method="full_conformal")
    robust = hbcd.HybridRegressor((), alpha=0.1, random_state=0, loss="huber").fit(X, y)
    with pytest.raises(ValueError, match=r"is for squared errors, not Huber.*use method='auto'"):
        robust.predict_interval(X, method="full_conformal")
    wide = hbcd.HybridRegressor((60, 60), alpha=0.1, random_state=0, max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match=r"are too many for its matrices: use method='auto'"):
        wide.predict_interval(X, method="full_conformal")
    few = hbcd.HybridRegressor((3,), alpha=0.1, random_state=0).fit(X[:19], y[:19])
    with pytest.raises(ValueError, match=r"19 rows .* at least 20: use method='auto'"):
        few.predict_interval(X, method="full_conformal")
    many, values = table(4001, 7)
    model.fit(many, values)
    with pytest.raises(ValueError, match="needs all training rows, which a fit of at most 4000"):
        model.predict_interval(X, method="full_conformal")


def test_the_matrix_of_rows_and_that_of_parameters_say_the_same():
    rng = np.random.default_rng(0)
    features, penalty = rng.normal(size=(8, 2, 20)), rng.uniform(0.1, 2.0, 20)
    solved = _Solved(features, penalty)
    assert solved.penalty is not None
    new = rng.normal(size=(3, 20))
    flat = features.reshape(-1, 20)
    inverse = np.linalg.inv(flat.T @ flat + np.diag(penalty))
    for output in range(2):
        across, own = solved.of_rows(new, output)
        assert across == pytest.approx(new @ inverse @ features[:, output].T, abs=1e-12)
        assert own == pytest.approx(np.diag(new @ inverse @ new.T), abs=1e-12)
