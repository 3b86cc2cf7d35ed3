"""scikit-learn's own checks of an estimator: all of them, on both, in both precisions."""

import pytest
from sklearn.utils.estimator_checks import check_estimator

import hbcd

# The estimators follow the protocol without the base class: scikit-learn is not needed to run them.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Estimator .* does not inherit from"),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning"),
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", [hbcd.HybridRegressor, hbcd.HybridClassifier])
def test_every_check_passes(kind, dtype):
    results = check_estimator(kind(dtype=dtype, random_state=0), on_fail=None)
    failed = {one["check_name"]: one["exception"] for one in results if one["status"] == "failed"}
    assert failed == {}
    assert sum(one["status"] == "passed" for one in results) > 50
    assert not any(one["expected_to_fail"] for one in results)


def test_every_check_passes_with_another_loss_a_penalty_and_batches():
    for model in (
        hbcd.HybridRegressor((5,), loss="huber", alpha=0.01, random_state=0),
        hbcd.HybridClassifier((5,), strategy="batch_shell", alpha=0.01, random_state=0),
    ):
        results = check_estimator(model, on_fail=None)
        assert [one["check_name"] for one in results if one["status"] == "failed"] == []
