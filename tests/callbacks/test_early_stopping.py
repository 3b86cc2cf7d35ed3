"""Early stopping: by the loss or a metric of held-out rows, in its units; the best is kept."""

import numpy as np
import pytest

import hbcd
from hbcd.training.validation_score import CLASSIFICATION, REGRESSION
from hbcd.utils.scaling import Scaled, Scaler

metrics = pytest.importorskip("sklearn.metrics", reason="the reference of every metric")

RNG = np.random.default_rng(5)
X = RNG.normal(size=(300, 3))
Y = 40.0 + 7.0 * (np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.3 * RNG.normal(size=300))
PASSES = hbcd.MiniBatch(hbcd.Adam(learning_rate=0.02), batch_rows=50, epochs=60)
OVER = hbcd.EarlyStopping

THEIRS = {
    "r2": metrics.r2_score,
    "mse": metrics.mean_squared_error,
    "rmse": metrics.root_mean_squared_error,
    "mae": metrics.mean_absolute_error,
    "median_absolute_error": metrics.median_absolute_error,
}


def net_of(outputs, loss):
    return hbcd.Network([hbcd.InputLayer(3), hbcd.HiddenLayer(6), hbcd.OutputLayer(outputs)], loss)


def fit(targets, loss, rule, strategy=PASSES, weight=None, **options):
    """Trained on scaled tables as an estimator does it; the events at the ends of sweeps."""
    net = net_of(targets.shape[1], loss)
    labels = isinstance(loss, (hbcd.Logistic, hbcd.CrossEntropy))
    unit = Scaler(np.zeros(targets.shape[1]), np.ones(targets.shape[1]))
    scaler = unit if labels else Scaler.fit(targets)
    x, same = Scaler.fit(X), slice(200, 300)
    seen = []
    report = net.train(
        net.init(0),
        Scaled(X[:200], x),
        Scaled(targets[:200], scaler),
        eval_set=(Scaled(X[same], x), Scaled(targets[same], scaler)),
        strategy=strategy,
        early_stopping=rule,
        callbacks=lambda e: seen.append((e, e.theta)) if e.what == "sweep_end" else None,
        **options,
    )

    def outputs(theta):
        return scaler.backward(net.loss.mean(net.predict(theta, x.forward(X[same], float))))

    return report, seen, outputs, targets[same]


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("name", REGRESSION)
def test_scores_are_scikit_learns_in_the_targets_units_and_the_best_is_kept(name, outputs):
    targets = np.column_stack([Y, 3.0 - 0.1 * Y * X[:, 0]])[:, :outputs]
    report, seen, predict, truth = fit(targets, hbcd.SquaredError(), OVER(name, patience=1000))
    scores = [event.validation_score for event, _ in seen]
    for event, theta in seen[:: max(len(seen) // 5, 1)]:
        assert event.validation_score == pytest.approx(THEIRS[name](truth, predict(theta)))
    best = max(scores) if name == "r2" else min(scores)
    assert report.validation_score == best == seen[-1][0].best
    assert THEIRS[name](truth, predict(report.theta)) == pytest.approx(best)
    history = report.history
    assert np.array_equal(history.validation_score[history.event == "epoch"], scores)
    assert history.validation_score[history.event == "visit"].isna().all()


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", CLASSIFICATION)
def test_scores_of_classes_are_scikit_learns(name, classes):
    labels = np.digitize(Y, np.quantile(Y, np.arange(1, classes) / classes))
    targets = labels[:, np.newaxis] * 1.0 if classes == 2 else np.eye(classes)[labels]
    loss = hbcd.Logistic() if classes == 2 else hbcd.CrossEntropy()
    report, seen, predict, _ = fit(targets, loss, OVER(name, patience=1000))
    proba = predict(report.theta)
    proba = np.hstack([1 - proba, proba]) if classes == 2 else proba
    expected = {
        "accuracy": lambda: metrics.accuracy_score(labels[200:], proba.argmax(1)),
        "balanced_accuracy": lambda: metrics.balanced_accuracy_score(labels[200:], proba.argmax(1)),
        "log_loss": lambda: metrics.log_loss(labels[200:], proba),
    }[name]()
    assert report.validation_score == pytest.approx(expected)
    scores = [event.validation_score for event, _ in seen]
    assert report.validation_score == (min(scores) if name == "log_loss" else max(scores))


def test_weights_of_held_out_rows_count():
    truth = np.column_stack([Y[:9], -Y[:9]])
    predicted = truth + RNG.normal(size=truth.shape)
    weight = RNG.integers(1, 4, size=9).astype(float)
    rows = np.repeat(np.arange(9), weight.astype(int))
    for name, (metric, _) in REGRESSION.items():
        if name != "median_absolute_error":
            expected = THEIRS[name](truth, predicted, sample_weight=weight)
            assert metric(truth, predicted, weight) == pytest.approx(expected)
        else:  # the lower median, which is one of the errors
            error = np.sort(np.abs(predicted - truth)[rows], axis=0)
            lower = error[(len(rows) - 1) // 2].mean()
            assert metric(truth, predicted, weight) == pytest.approx(lower)
    classes = RNG.integers(0, 3, size=9)
    proba = RNG.dirichlet(np.ones(3), size=9)
    hits = CLASSIFICATION["accuracy"][0](np.eye(3)[classes], proba, weight)
    assert hits == pytest.approx(np.average(proba.argmax(1) == classes, weights=weight))
    balanced = CLASSIFICATION["balanced_accuracy"][0](np.eye(3)[classes], proba, weight)
    assert balanced == pytest.approx(
        metrics.balanced_accuracy_score(classes, proba.argmax(1), sample_weight=weight)
    )


@pytest.mark.parametrize("patience", [1, 3, 15])
@pytest.mark.parametrize("metric", ["loss", "r2", "mae"])
def test_patience_counts_sweeps_without_a_better_value(metric, patience):
    report, seen, _, _ = fit(Y[:, np.newaxis], None, OVER(metric, patience=patience))
    sign = -1 if metric == "r2" else 1
    values = [
        sign * (e.validation_loss if metric == "loss" else e.validation_score) for e, _ in seen
    ]
    at, without = np.inf, 0
    for k, value in enumerate(values):
        assert without < patience, f"went on after sweep {k}"
        without, at = (0, value) if value < at else (without + 1, at)
    ended = without == patience
    assert (report.stop_reason is hbcd.StopReason.NO_PROGRESS) == ended
    assert ended or len(values) == PASSES.epochs
    assert ended or patience > 3


def test_small_gains_add_up_and_do_not_count_one_by_one():
    from hbcd.training.monitor import PatienceCounter

    def sweep(value):
        return hbcd.Event("sweep_end", validation_loss=value)

    steady = PatienceCounter(OVER(patience=3, min_delta=1.0), 1)
    assert not any(steady.is_over(sweep(100 - 0.6 * k)) for k in range(100))
    slow = PatienceCounter(OVER(patience=3, min_delta=1.0), 1)
    assert [slow.is_over(sweep(100 - 0.1 * k)) for k in range(4)] == [False] * 3 + [True]
    broken = PatienceCounter(OVER(patience=2), 1)
    assert [broken.is_over(sweep(np.nan)) for _ in range(2)] == [False, True]


@pytest.mark.parametrize(
    "strategy",
    [
        hbcd.Hybrid.fast(),
        hbcd.FullBatch(hbcd.LBFGS(), check_every=2),
        hbcd.BlockCoordinateDescent(),
        hbcd.MultiStart(hbcd.BlockCoordinateDescent(), 3),
    ],
    ids=["fast", "full", "bcd", "multi_start"],
)
def test_every_strategy_keeps_the_best_by_the_metric(strategy):
    rule = OVER("mae", patience=4)
    report, seen, predict, truth = fit(Y[:, np.newaxis], None, rule, strategy)
    assert report.validation_score == min(event.validation_score for event, _ in seen)
    assert np.abs(predict(report.theta) - truth).mean() == pytest.approx(report.validation_score)
    again = fit(Y[:, np.newaxis], None, rule, strategy, n_threads=1)[0]
    assert np.array_equal(again.theta, report.theta)


def test_the_loss_as_metric_keeps_what_is_kept_without():
    forever = hbcd.MiniBatch(hbcd.Adam(learning_rate=0.02), batch_rows=50, epochs=15)
    with_rule = fit(Y[:, np.newaxis], None, OVER("loss", patience=100), forever)[0]
    without = fit(Y[:, np.newaxis], None, None, forever)[0]
    assert np.array_equal(with_rule.theta, without.theta)
    assert np.isnan(with_rule.validation_score)


def test_a_share_of_the_rows_serves_as_well():
    net = net_of(1, None)
    options = dict(strategy=PASSES, early_stopping=OVER("r2", patience=5), rng=3)
    report = net.train(net.init(0), X, (Y - 40) / 7, hold_out=0.2, **options)
    assert report.validation_score > 0


@pytest.mark.parametrize(
    ("metric", "held", "message"),
    [
        ("r2", None, "must have held-out rows"),
        ("loss", None, "must have held-out rows"),
        ("r2", slice(0, 1), "metric='r2': must have held-out rows whose target varies, not 1 row"),
        ("accuracy", slice(0, 9), "metric='accuracy': must be one of loss, r2, mse"),
        ("msee", slice(0, 9), "did you mean 'mse'?"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(metric, held, message):
    net = net_of(1, None)
    rows = None if held is None else (X[held], Y[held])
    with pytest.raises(ValueError, match=message.replace("?", r"\?")) as caught:
        net.train(net.init(0), X, Y, eval_set=rows, early_stopping=OVER(metric))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"patience": 0}, ValueError),
        ({"patience": 1.5}, TypeError),
        ({"min_delta": -1.0}, ValueError),
        ({"metric": 3}, TypeError),
    ],
)
def test_a_rule_outside_its_range_is_refused(options, error):
    with pytest.raises(error, match=f"^{next(iter(options))}="):
        OVER(**options)
