"""Calibrated probabilities and sets of classes."""

import numpy as np
import pytest

import hbcd
from hbcd.uncertainty.calibration import fit_calibrator


def table(n, seed, classes=3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    score = np.column_stack([X[:, 0], X[:, 1], -X[:, 0] - X[:, 1]])[:, :classes]
    return X, (score + rng.gumbel(size=score.shape)).argmax(axis=1)


@pytest.fixture(scope="module")
def fitted():
    return hbcd.HybridClassifier(random_state=0, effort="fast").fit(*table(500, 0))


def share(sets, labels):
    return float(np.mean(sets[np.arange(len(labels)), labels]))


def test_sets_hold_the_share_of_new_labels_that_is_asked_for(fitted):
    X, y = table(4000, 1)
    for level in (0.8, 0.9, 0.95):
        found = fitted.predict_set(X, level)
        assert found.dtype == bool
        assert found.shape == (4000, 3)
        assert found.any(axis=1).all()
        assert abs(share(found, y) - level) < 3 * np.sqrt(level * (1 - level) / 500) + 0.01


def test_a_higher_level_never_gives_a_smaller_set(fitted):
    X, _ = table(200, 2)
    small, large = fitted.predict_set(X, 0.7), fitted.predict_set(X, 0.95)
    assert (large | ~small).all()
    assert large.sum() > small.sum()


def test_conformalized_rows_give_at_least_the_level_in_the_mean(fitted):
    X, y = table(6000, 3)
    found = []
    for k in range(20):
        rows = slice(100 * k, 100 * (k + 1))
        fitted.conformalize(X[rows], y[rows])
        found.append(share(fitted.predict_set(X[3000:], 0.8), y[3000:]))
    assert fitted.interval_source_ == "conformalize"
    # 0.8 to 0.8 + 1 / 101 in the mean; the mean of 20 has a deviation of 0.009.
    assert -0.018 < np.mean(found) - 0.8 < 0.018 + 0.01


@pytest.mark.parametrize("kind", ["temperature", "isotonic"])
@pytest.mark.parametrize("classes", [2, 3])
def test_calibrated_probabilities_are_kept_by_a_file(kind, classes, tmp_path):
    X, y = table(300, 4, classes)
    model = hbcd.HybridClassifier(random_state=0, effort="fast", calibrate=kind).fit(X, y)
    found = model.predict_proba(X)
    assert found.sum(axis=1) == pytest.approx(np.ones(300), rel=1e-12)
    assert found.min() > 0
    assert (model.predict(X) == model.classes_[found.argmax(axis=1)]).all()
    assert np.exp(model.predict_log_proba(X)) == pytest.approx(found, rel=1e-12)
    model.save(tmp_path / "model.hbcd")
    loaded = hbcd.load(tmp_path / "model.hbcd")
    assert (loaded.predict_proba(X) == found).all()
    assert (loaded.predict_set(X) == model.predict_set(X)).all()


@pytest.mark.parametrize("kind", ["temperature", "isotonic"])
def test_overconfident_probabilities_are_mended_by_rows_held_out(kind):
    X, y = table(120, 5, 2)
    held = table(1000, 6, 2)
    new, truth = table(4000, 7, 2)
    options = {"alpha": 0.0, "random_state": 0, "max_iter": 400, "validation_fraction": None}
    plain = hbcd.HybridClassifier((30, 30), **options).fit(X, y)
    made = hbcd.HybridClassifier((30, 30), calibrate=kind, **options).fit(X, y)
    made.conformalize(*held)  # says nothing of calibration
    out = plain.decision_function(held[0])[:, np.newaxis]
    curve = fit_calibrator(
        kind, plain.network_.loss, out, held[1][:, np.newaxis].astype(float), None
    )

    def loss(p):
        return -np.log(p[np.arange(len(truth)), truth]).mean()

    mended = curve.of_outputs(plain.network_.loss, plain.decision_function(new)[:, np.newaxis])
    assert loss(mended) < loss(plain.predict_proba(new))


def test_what_is_not_known_is_refused_with_the_remedy(fitted):
    X, y = table(100, 8)
    model = hbcd.HybridClassifier((3,), random_state=0, max_iter=20, calibrate="isotonic")
    model.partial_fit(X, y, classes=[0, 1, 2]).partial_fit(X, y)
    with pytest.raises(ValueError, match=r"call conformalize\(X, y\)"):
        model.predict_proba(X)
    model.calibrate = None
    assert share(model.conformalize(X, y).predict_set(X), y) >= 0.9
    model.calibrate = "isotonic"
    with pytest.raises(ValueError, match="calibrate='isotonic': no outputs"):
        model.predict_proba(X)
    with pytest.raises(ValueError, match="calibrate='platt': must be"):
        hbcd.HybridClassifier((3,), calibrate="platt", max_iter=5).fit(X, y)
    with pytest.raises(ValueError, match="confidence_level"):
        fitted.predict_set(X, 1.0)


def test_levels_that_conformal_rows_are_too_few_to_prove_are_told():
    X, y = table(120, 22)
    model = hbcd.HybridClassifier(random_state=0, effort="fast").fit(X[:100], y[:100])
    model.conformalize(X[100:104], y[100:104]).predict_set(X, 0.8)
    with pytest.warns(UserWarning, match=r"=0.9: 4 rows prove no level above 0.8,.* 9 rows"):
        model.predict_set(X, 0.9)
