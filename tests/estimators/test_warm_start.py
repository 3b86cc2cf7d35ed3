"""warm_start and partial_fit: training goes on from what is there, and is never worse for it."""

import contextlib

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import hbcd
from hbcd.estimators.targets.class_target import class_factors
from hbcd.training.registry import LOSSES, STRATEGIES

RNG = np.random.default_rng(0)


def sample(rows=120, shift=0.0, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 2)) + shift
    return x, np.exp(0.5 * x[:, 0]) + np.tanh(x[:, 1]) ** 2 + 0.1 * rng.random(rows)


X, Y = sample()
KINDS = np.array(["calm", "rough", "storm"])
LABELS = KINDS[np.digitize(X[:, 0], [-0.5, 0.5])]
OPTIONS = {"hidden_layer_sizes": (4,), "strategy": "bcd", "random_state": 0, "n_threads": 1}


class Nothing(hbcd.TrainingStrategy):
    def phases(self, network, n_rows):
        return []


class Driven(hbcd.TrainingStrategy):
    def run(self, run_phase, about):
        for _ in range(3):
            run_phase(hbcd.Phase(hbcd.LBFGS(), batch_rows=40, inner_iterations=3, epochs=2))


def regressor(**options):
    return hbcd.HybridRegressor(**{**OPTIONS, **options})


def classifier(**options):
    return hbcd.HybridClassifier(**{**OPTIONS, **options})


# ---- warm_start -------------------------------------------------------------------------------

ELSEWHERE = {
    "another mean and scale": lambda x: 30 + 7 * x,
    "a column that stands still": lambda x: np.column_stack([x[:, 0], np.full(len(x), 0.3)]),
    "the same": lambda x: x,
}


@pytest.mark.parametrize("place", ELSEWHERE)
@pytest.mark.parametrize("hidden", [(), (4,)])
@pytest.mark.parametrize("loss", LOSSES)
def test_fit_goes_on_from_the_predictions_that_were_there(loss, hidden, place):
    model = regressor(loss=loss, hidden_layer_sizes=hidden).fit(X, Y)
    near, x = X + 0.1, ELSEWHERE[place](X)  # between the two tables
    still = "still" in place
    if still:  # rows whose column has another value are predicted as if it had this one
        near = ELSEWHERE[place](near)
    before = model.predict(near)
    # Without a step of training only the scaling changes.
    model.set_params(warm_start=True, strategy=Nothing())
    with pytest.warns(hbcd.ConstantFeatures) if still else contextlib.nullcontext():
        model.fit(x, 50 * Y[::-1] + 3)
    assert model.x_scaler_.mean == pytest.approx(x.mean(axis=0))
    np.testing.assert_allclose(model.predict(near), before, rtol=1e-9, atol=1e-9)


def test_a_target_that_stood_still_goes_on_too():
    model = regressor(warm_start=True, strategy=Nothing()).fit(X, np.full(120, 4.0))
    model.fit(X, Y)
    np.testing.assert_allclose(model.predict(X), 4.0, rtol=1e-12)
    assert model.set_params(strategy="bcd").fit(X, Y).score(X, Y) > 0.95


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "strategy", ["fast", "paper", "multi_start", "mini_batch", "bcd", Driven()]
)
def test_a_fit_on_the_same_rows_begins_where_the_last_one_ended(strategy, dtype):
    model = regressor(strategy=strategy, warm_start=True, dtype=dtype, validation_fraction=None)
    first = model.fit(X, Y).report_
    second = model.fit(X, Y).report_
    assert second.initial_loss == pytest.approx(first.loss, rel=1e-5 if dtype == "float32" else 0)
    assert second.loss <= second.initial_loss < first.initial_loss
    cold = clone(model).set_params(warm_start=False).fit(X, Y).report_
    assert cold.initial_loss == first.initial_loss


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_parameters_outside_the_box_of_a_start_are_trained_where_they_are(method):
    model = regressor(strategy="full_batch", warm_start=True).fit(X, Y)
    model.theta_ = model.theta_ * 7
    assert np.abs(model.theta_).max() > 20  # a start is held within 10
    report = getattr(model, method)(X, Y).report_
    assert report.loss < report.initial_loss
    assert np.abs(model.theta_).max() > 10


def test_levels_and_gaps_are_those_of_the_first_fit():
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(day=np.resize(["Mon", "Tue", "Wed"], 120))
    model = regressor(warm_start=True).fit(frame, Y)
    some = frame[frame["day"] != "Tue"]
    with pytest.warns(hbcd.ConstantFeatures, match="1 of 4 features .*: day_Tue$"):
        model.fit(some, Y[some.index])
    assert model.encoder_.feature_names == ["a", "b", "day_Tue", "day_Wed"]
    assert list(model.feature_names_in_) == ["a", "b", "day"]
    with pytest.raises(ValueError, match="Sun"):
        model.fit(frame.assign(day="Sun"), Y)
    with pytest.raises(ValueError, match="lacks the columns day"):
        model.fit(frame.drop(columns="day"), Y)


CHANGED = {
    "widths": ({"hidden_layer_sizes": (5,)}, r"hidden_layer_sizes=\(5,\): must be \(4,\) to go"),
    "depth": ({"hidden_layer_sizes": ()}, r"hidden_layer_sizes=\(\): must be \(4,\) to go on"),
    "activation": ({"activation": "relu"}, r"activation=ReLU\(\): must be Tanh\(\) to go on"),
    "link": ({"loss": "poisson"}, r"loss=Poisson\(\): must have the link of SquaredError\(\)"),
}


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("case", CHANGED)
def test_another_architecture_is_refused_and_the_model_stays(case, method):
    options, message = CHANGED[case]
    model = regressor(warm_start=True).fit(X, Y)
    theta = model.theta_.tobytes()
    model.set_params(**options)
    with pytest.raises(ValueError, match=message) as caught:
        getattr(model, method)(X, Y)
    assert "\n" not in str(caught.value)
    assert model.theta_.tobytes() == theta
    model.set_params(warm_start=False).fit(X, Y)  # from the beginning anything goes


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_other_shapes_and_classes_are_refused(method):
    model = regressor(warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match="X: has 1 columns, must have 2"):
        getattr(model, method)(X[:, :1], Y)
    with pytest.raises(ValueError, match="y: has 2 outputs, must have 1 to go on"):
        getattr(model, method)(X, np.column_stack([Y, Y]))
    model = classifier(warm_start=True).fit(X, LABELS)
    message = "y: has the classes .* must have" if method == "fit" else "must be a class"
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X, np.where(LABELS == "calm", "still", LABELS))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_classifier_goes_on_from_its_decisions(n_classes):
    labels = np.where(KINDS[n_classes - 1] == LABELS, KINDS[0], LABELS)
    labels = LABELS if n_classes == 3 else labels
    model = classifier(warm_start=True).fit(X, labels)
    before = model.decision_function(X)
    model.set_params(strategy=Nothing()).fit(5 + 3 * X, labels)
    np.testing.assert_allclose(model.decision_function(X), before, rtol=1e-9, atol=1e-9)


# ---- partial_fit ------------------------------------------------------------------------------


def loss_on(model, x, y):
    """The loss of the model on rows; the penalty of a call is 0 where it begins."""
    scaled = model.x_scaler_.forward(x, model.theta_.dtype)
    targets = model.y_scaler_.forward(np.reshape(y, (len(x), -1)), model.theta_.dtype)
    network = hbcd.Network(model.network_.layers, model.network_.loss)
    return network.loss_and_gradient(model.theta_, scaled, targets)[0]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    "strategy",
    [*STRATEGIES, Driven(), hbcd.FullBatch(hbcd.Adam())],
    ids=lambda s: str(s).split(" at 0x")[0].split(".")[-1],
)
def test_a_call_never_makes_its_own_rows_worse(strategy, dtype):
    model = regressor(strategy=strategy, dtype=dtype, alpha=0.01)
    for seed in range(4):
        x, y = sample(60, shift=seed / 4, seed=seed)
        before = loss_on(model, x, y) if seed else None
        assert model.partial_fit(x, y) is model
        after = loss_on(model, x, y)
        if before is not None:
            # Rows are sorted before they are summed, so the same sum rounds differently.
            assert after <= before * (1 + 1e-5)
            assert after < before or strategy in ("paper", "batch_shell")  # small batches


def test_a_call_is_a_pass_and_not_a_fit():
    for strategy in ("fast", "full_batch", "mini_batch", "bcd", "batch_shell", "multi_start"):
        model = regressor(strategy=strategy).partial_fit(X, Y)
        again = model.partial_fit(X, Y).history_
        assert again["epoch"].max() == 0
        assert model.report_.n_iter <= 150
        assert "ICRS" not in model.report_.phases  # the search for a start is over


def test_a_call_makes_50_iterations_at_most_where_all_rows_are_one_batch():
    endless = hbcd.Stop(pg_tol=0.0, f_tol=None)
    model = regressor(strategy=hbcd.FullBatch(hbcd.Adam()), stop=endless)
    for _ in range(2):
        assert model.partial_fit(X, Y).n_iter_ == 50


def test_balanced_weights_of_the_classes_at_hand_leave_the_sum_of_weights():
    counts = np.array([6.0, 0.0, 2.0])
    factors = class_factors("balanced", KINDS, counts)
    np.testing.assert_allclose(factors * counts, [4.0, 0.0, 4.0])


STEPS = hbcd.MiniBatch(hbcd.Adam(learning_rate=0.02), batch_rows=10)


@pytest.mark.parametrize("strategy", ["fast", "full_batch", STEPS, "bcd"], ids=str)
def test_a_stream_of_rows_is_learned(strategy):
    model = regressor(strategy=strategy, hidden_layer_sizes=(6,))
    for seed in range(40):
        model.partial_fit(*sample(100, seed=seed))
    assert model.score(*sample(500, seed=99)) > 0.9


def test_the_first_call_sets_the_scale_and_the_same_calls_give_the_same_bits():
    models = [regressor(strategy="batch_shell") for _ in range(2)]
    for model in models:
        model.partial_fit(X, Y)
        scalers = model.x_scaler_, model.y_scaler_
        model.partial_fit(*sample(50, shift=3.0, seed=1))
        assert (model.x_scaler_, model.y_scaler_) == scalers
        assert model.x_scaler_.mean == pytest.approx(X.mean(axis=0))
    assert models[0].theta_.tobytes() == models[1].theta_.tobytes()


@pytest.mark.parametrize("rows", [1, 5])
def test_what_stood_still_in_the_first_call_is_learned_once_it_varies(rows):
    x = 1e4 * X + [0.0, 3e6]
    y = np.column_stack([Y, 1e6 * Y + 5])
    with pytest.warns(hbcd.ConstantFeatures, match="2 of 2 features"):
        model = regressor().partial_fit(*(np.repeat(a[:1], rows, axis=0) for a in (x, y)))
    np.testing.assert_allclose(model.predict(x), np.repeat(y[:1], 120, axis=0), rtol=1e-12)
    for _ in range(15):
        model.partial_fit(x, y)
    assert model.score(x, y) > 0.95
    mean, scale = model.y_scaler_.mean, model.y_scaler_.scale
    model.partial_fit(x[:20], y[:20] + 3)
    np.testing.assert_array_equal(model.y_scaler_.mean, mean)
    np.testing.assert_array_equal(model.y_scaler_.scale, scale)


def test_it_goes_on_after_fit_and_after_load(tmp_path):
    model = regressor().fit(X, Y)
    model.save(tmp_path / "m.hbcd")
    loaded = hbcd.load(tmp_path / "m.hbcd").set_params(random_state=0, n_threads=1)
    for one in (model, loaded):
        assert one.partial_fit(X, Y).report_.initial_loss == loss_on_start(model, tmp_path)
    assert model.theta_.tobytes() == loaded.theta_.tobytes()


def loss_on_start(model, folder):
    rows = np.lexsort([*np.column_stack([Y, X]).T])  # the order in which they are trained
    return loss_on(hbcd.load(folder / "m.hbcd"), X[rows], Y[rows])


def test_weights_and_tables_are_taken():
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(day=np.resize(["Mon", "Tue"], 120))
    weight = RNG.integers(1, 3, size=120)
    model = regressor().partial_fit(frame, Y, sample_weight=weight)
    twice = frame.loc[frame.index.repeat(weight)], np.repeat(Y, weight)
    assert model.theta_.tobytes() == regressor().partial_fit(*twice).theta_.tobytes()
    model.partial_fit(frame[frame["day"] == "Mon"], Y[::2])
    assert list(model.feature_names_in_) == ["a", "b", "day"]


def test_labels_come_a_few_at_a_time():
    rng = np.random.default_rng(0)
    model = classifier(strategy=STEPS, class_weight={"calm": 2.0})
    for _ in range(20):
        for kind in KINDS:
            mine = np.flatnonzero(kind == LABELS)[:20]
            more = rng.integers(0, 120, size=20)
            rows = np.concatenate([mine, more])
            model.partial_fit(X[rows], LABELS[rows], classes=KINDS)
    assert model.score(X, LABELS) > 0.9
    assert list(model.classes_) == list(KINDS)
    only = LABELS == "calm"
    balanced = classifier(class_weight="balanced").partial_fit(X, LABELS, classes=KINDS)
    assert balanced.partial_fit(X[only], LABELS[only]).predict_proba(X).shape == (120, 3)


def test_classes_must_be_told_at_first_and_stay():
    with pytest.raises(ValueError, match="classes=None: must be all labels at the first call"):
        classifier().partial_fit(X, LABELS)
    with pytest.raises(ValueError, match="classes: has 1, must have 2"):
        classifier().partial_fit(X, LABELS, classes=["calm"])
    with pytest.raises(ValueError, match=r"^classes: Unknown label type: continuous"):
        classifier().partial_fit(X, LABELS, classes=[0.5, 1.5])
    model = classifier().fit(X, LABELS)
    model.partial_fit(X, LABELS).partial_fit(X, LABELS, classes=KINDS[::-1])
    with pytest.raises(ValueError, match=r"classes=\['calm' 'rough'\]: must be .*, as before"):
        model.partial_fit(X, LABELS, classes=KINDS[:2])
    with pytest.raises(ValueError, match="row 0 is still: must be a class"):
        model.partial_fit(X, np.where(np.arange(120) == 0, "still", LABELS))
