"""What estimators offer around a fit: limits, curves, held-out rows, early stopping, callbacks."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest

import hbcd

RNG = np.random.default_rng(11)
X = RNG.normal(size=(240, 3))
Y = 500.0 + 30.0 * (np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + 0.2 * RNG.normal(size=240))
LABELS = np.where(Y > 500, "high", "low")
STRATEGIES = ["fast", "paper", "multi_start", "full_batch", "mini_batch", "bcd", "batch_shell"]


class Driven(hbcd.TrainingStrategy):
    def phases(self, network, n_rows):
        return hbcd.Hybrid.fast().phases(network, n_rows)

    def run(self, run_phase, about):
        for phase in self.phases(about.network, about.n_rows):
            run_phase(phase)


class Splits:
    """A splitter without splits, or one that refuses."""

    def __init__(self, needs_groups=False):
        self.needs_groups = needs_groups

    def split(self, X, y):
        if self.needs_groups:
            raise ValueError("The 'groups' parameter should not be None.")
        return iter(())


def regressor(strategy="fast", **options):
    options.setdefault("validation_fraction", None)
    return hbcd.HybridRegressor((5,), strategy=strategy, random_state=0, **options)


# ---- limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", [*STRATEGIES, Driven()])
def test_each_limit_is_reported_when_it_is_hit(strategy):
    never = hbcd.Stop(pg_tol=0.0, f_tol=None)
    hit = regressor(strategy, stop=never, max_iter=4).fit(X, Y).report_
    assert hit.stop_reason is hbcd.StopReason.ITERATIONS
    starts = 4 if strategy == "multi_start" else 1
    assert hit.n_iter <= max(4, starts)
    hit = regressor(strategy, stop=never, max_fun=12).fit(X, Y).report_
    assert hit.stop_reason is hbcd.StopReason.EVALUATIONS
    assert hit.n_fev <= 12 + 2 * starts  # the start and the end are measured all the same
    hit = regressor(strategy, stop=never, max_time=1e-6).fit(X, Y).report_
    assert hit.stop_reason is hbcd.StopReason.TIME


def test_of_two_limits_the_stricter_one_counts():
    both = hbcd.Stop(max_iterations=3, max_evaluations=1000, max_seconds=100.0)
    fitted = regressor("full_batch", stop=both, max_iter=50, max_fun=2000).fit(X, Y)
    assert fitted.n_iter_ == 3
    fitted = regressor("full_batch", stop=both, max_iter=2).fit(X, Y)
    assert fitted.n_iter_ == 2
    fitted = regressor("full_batch", stop=hbcd.Stop(max_iterations=0), max_iter=5).fit(X, Y)
    assert fitted.n_iter_ == 0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"max_iter": 0}, ValueError, "max_iter=0: must be at least 1"),
        ({"max_fun": 2.5}, TypeError, "max_fun=2.5: must be an integer or None"),
        ({"max_time": 0}, ValueError, "max_time=0: must be greater than 0"),
        ({"early_stopping": 3}, TypeError, "early_stopping=3: must be"),
        ({"early_stopping": "r3"}, ValueError, "metric='r3': must be one of loss, r2"),
        ({"callbacks": "log"}, TypeError, "callbacks='log': must be"),
        ({"verbose": "x"}, TypeError, "verbose='x': must be an integer"),
        ({"verbose": -1}, ValueError, "verbose=-1: must be at least 0"),
        ({"validation_fraction": 0.001}, ValueError, "must hold out at least one of 240 rows"),
        ({"validation_fraction": ([0, 1], [1, 2])}, ValueError, "row 1 is in both parts"),
        ({"validation_fraction": ([0, 1], [240])}, ValueError, "row 240 must be one of the 240"),
        ({"validation_fraction": ([0, 1], [-241])}, ValueError, "row -241 must be one of"),
        ({"validation_fraction": ([0, 1], [2, 2])}, ValueError, "row 2 is there twice"),
        ({"validation_fraction": ([0, 1], [])}, ValueError, "has a part without rows"),
        ({"validation_fraction": ([0, 1],)}, ValueError, "has 1 parts, must be"),
        ({"validation_fraction": object()}, TypeError, "a number, a splitter, a pair of rows"),
        ({"validation_fraction": Splits()}, ValueError, "must split at least once"),
        ({"validation_fraction": Splits(needs_groups=True)}, ValueError, "as a pair of rows"),
        ({"validation_fraction": ([0.5], [1])}, TypeError, "must be lists of row numbers"),
        (
            {"validation_fraction": (np.arange(239), [239]), "early_stopping": "r2"},
            ValueError,
            "metric='r2': must have held-out rows whose target varies, not 1 row",
        ),
    ],
)
def test_bad_parameters_are_refused_in_one_line_and_change_nothing(options, error, message):
    model = regressor().fit(X, Y)
    before = copy.deepcopy(vars(model))
    model.set_params(**options)
    with pytest.raises(error) as caught:
        model.fit(X, Y)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    for name in ("theta_", "report_", "x_scaler_"):
        assert repr(vars(model)[name]) == repr(before[name])


# ---- curves -----------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", [*STRATEGIES, Driven()])
def test_every_strategy_has_training_and_validation_losses_at_every_pass(strategy):
    model = regressor(strategy, validation_fraction=0.25, max_iter=300).fit(X, Y)
    ends = model.history_[model.history_.event == "epoch"]
    assert len(ends) > 0
    assert np.isfinite(ends.loss).all()
    assert np.isfinite(ends.validation_loss).all()
    assert model.loss_curve_ == ends.loss.tolist()
    assert model.validation_scores_ is None
    assert model.best_validation_score_ is None
    scored = regressor(strategy, validation_fraction=0.25, max_iter=300, early_stopping="r2")
    scored.fit(X, Y)
    assert len(scored.validation_scores_) == len(scored.loss_curve_)
    assert scored.best_validation_score_ >= max(scored.validation_scores_)


def test_curves_need_a_fit_and_survive_a_file(tmp_path):
    model = regressor(early_stopping="mae")
    for name in ("loss_curve_", "validation_scores_", "best_validation_score_"):
        with pytest.raises(hbcd.NotFittedError):
            getattr(model, name)
    model.fit(X, Y).save(tmp_path / "m.hbcd")
    loaded = hbcd.load(tmp_path / "m.hbcd")
    assert loaded.loss_curve_ == []
    assert loaded.best_validation_score_ == model.best_validation_score_


# ---- held-out rows ----------------------------------------------------------------------------


def test_early_stopping_scores_are_those_of_the_estimator_on_the_held_out_rows():
    parts = np.arange(180), np.arange(180, 240)
    model = regressor(validation_fraction=parts, early_stopping="r2").fit(X, Y)
    assert model.best_validation_score_ == pytest.approx(model.score(X[180:], Y[180:]))
    told = regressor(early_stopping="r2").fit(X[:180], Y[:180], eval_set=(X[180:], Y[180:]))
    assert np.array_equal(told.theta_, model.theta_)
    classes = hbcd.HybridClassifier(
        (5,), random_state=0, validation_fraction=parts, early_stopping="accuracy"
    ).fit(X, LABELS)
    assert classes.best_validation_score_ == classes.score(X[180:], LABELS[180:])


@pytest.mark.parametrize(
    "kind", ["shuffle", "folds", "time", "stratified", "mask", "negative", "one array"]
)
def test_rows_held_out_by_a_splitter_are_an_eval_set(kind):
    select = pytest.importorskip("sklearn.model_selection", reason="its splitters are an option")
    mask = np.arange(240) < 200
    choice, parts = {
        "shuffle": (s := select.ShuffleSplit(1, random_state=0), next(s.split(X))),
        "folds": (s := select.KFold(4), list(s.split(X))[-1]),
        "time": (s := select.TimeSeriesSplit(5), (np.arange(200), np.arange(200, 240))),
        "stratified": (
            s := select.StratifiedKFold(3),
            list(s.split(X, LABELS))[-1],
        ),
        "mask": ((mask, ~mask), (np.arange(200), np.arange(200, 240))),
        "one array": (s := np.arange(240).reshape(2, 120), tuple(s)),
        "negative": ((np.arange(200), [-1, -3]), (np.arange(200), [237, 239])),
    }[kind]
    if kind == "stratified":
        model = hbcd.HybridClassifier((4,), random_state=0, validation_fraction=choice)
        other, y = hbcd.HybridClassifier((4,), random_state=0), LABELS
    else:
        model, other, y = regressor(validation_fraction=choice), regressor(), Y
    model.fit(X, y)
    kept, apart = (np.sort(part) for part in parts)
    other.fit(X[kept], y[kept], eval_set=(X[apart], y[apart]))
    assert np.array_equal(model.theta_, other.theta_)
    assert np.array_equal(model.x_scaler_.mean, other.x_scaler_.mean)
    held = model.history_.validation_loss
    assert np.array_equal(held, other.history_.validation_loss, equal_nan=True)


@pytest.mark.parametrize("part", [0, 1])
def test_a_part_in_which_no_row_counts_is_refused(part):
    parts = np.arange(200), np.arange(200, 240)
    weight = np.ones(240)
    weight[parts[part]] = 0.0
    with pytest.raises(ValueError, match=f"all have weight 0, such as row {parts[part][0]}: must"):
        regressor(validation_fraction=parts).fit(X, Y, weight)


def test_r2_needs_rows_that_count_and_whose_target_varies():
    y, weight = Y.copy(), np.ones(240)
    y[200:220], weight[220:] = 1.0, 0.0
    parts = np.arange(200), np.arange(200, 240)
    with pytest.raises(ValueError, match="target varies, not 20 rows of one value"):
        regressor(validation_fraction=parts, early_stopping="r2").fit(X, y, weight)


def test_groups_are_held_out_as_a_pair_of_rows():
    select = pytest.importorskip("sklearn.model_selection", reason="its splitters are an option")
    groups = np.repeat(np.arange(24), 10)
    parts = next(select.GroupShuffleSplit(1, test_size=0.25, random_state=0).split(X, Y, groups))
    weight = RNG.uniform(0.5, 2.0, size=240)
    frame = pd.DataFrame(X, columns=list("abc"))
    model = regressor(validation_fraction=parts, early_stopping="mse").fit(frame, Y, weight)
    error = np.square(model.predict(frame.iloc[parts[1]]) - Y[parts[1]])
    expected = np.average(error, weights=weight[parts[1]])
    assert model.best_validation_score_ == pytest.approx(expected)
    assert not set(groups[parts[0]]) & set(groups[parts[1]])


def test_early_stopping_holds_15_percent_out_where_nobody_says_how_many():
    for model in (regressor(early_stopping=True), regressor(early_stopping="r2")):
        assert np.isfinite(model.fit(X, Y).history_.validation_loss.max())
        assert model.history_.rows.max() == 240 - round(0.15 * 240)
    share = regressor(validation_fraction=0.15).fit(X, Y)
    assert share.history_.rows.max() == 240 - round(0.15 * 240)
    assert regressor(early_stopping=False).fit(X, Y).history_.validation_loss.isna().all()
    with pytest.raises(ValueError, match=r"early_stopping=.*must have held-out rows"):
        regressor(early_stopping=True).fit(X[:3], Y[:3])


# ---- callbacks --------------------------------------------------------------------------------


class Count(hbcd.Callback):
    """How often what was told."""

    def __init__(self):
        self.sweeps = self.ends = 0

    def on_sweep_end(self, event):
        self.sweeps += 1

    def on_end(self, event):
        self.ends += 1


@pytest.mark.parametrize("estimator", [hbcd.HybridRegressor, hbcd.HybridClassifier])
def test_estimators_call_their_callbacks(estimator):
    count, whats = Count(), []
    model = estimator((4,), random_state=0, callbacks=[count, lambda e: whats.append(e.what)])
    target = Y if estimator is hbcd.HybridRegressor else LABELS
    model.fit(X, target)
    assert count.sweeps == len(model.loss_curve_) == whats.count("sweep_end")
    assert count.ends == 1
    alone = estimator((4,), random_state=0).fit(X, target)
    assert np.array_equal(model.theta_, alone.theta_)


def test_a_callbacks_exception_leaves_a_fitted_model_as_it_was():
    model = regressor().fit(X, Y)
    before = model.predict(X)

    def fail(event):
        if event.what == "improved":
            raise LookupError("mine")

    model.set_params(callbacks=fail)
    with pytest.raises(LookupError, match="mine"):
        model.fit(X + 1.0, -Y)
    assert np.array_equal(model.predict(X), before)
    new = regressor(callbacks=fail)
    with pytest.raises(LookupError):
        new.fit(X, Y)
    with pytest.raises(hbcd.NotFittedError):
        new.predict(X)
    assert new.set_params(callbacks=None).fit(X, Y).predict(X).shape == (240,)


def test_clones_share_callbacks_and_pickles_copy_them():
    base = pytest.importorskip("sklearn.base", reason="its clone is what is tested")
    count = Count()
    model = regressor(callbacks=[count])
    base.clone(model).fit(X, Y)
    assert count.ends == 1
    pickle.loads(pickle.dumps(model)).fit(X, Y)
    assert count.ends == 1
    assert base.clone(regressor(callbacks=print)).callbacks is print


def test_callbacks_hear_every_fit_of_a_search():
    select = pytest.importorskip("sklearn.model_selection", reason="its search is what is tested")
    count = Count()
    grid = {"hidden_layer_sizes": [(2,), (3,)]}
    select.GridSearchCV(regressor(callbacks=count), grid, cv=2).fit(X, Y)
    assert count.ends == 5


def test_fits_that_go_on_are_followed_too():
    count = Count()
    parts = np.arange(180), np.arange(180, 240)
    model = regressor(
        callbacks=count, early_stopping="mae", validation_fraction=parts, warm_start=True
    )
    first = model.fit(X, Y).best_validation_score_
    assert model.fit(X, Y).best_validation_score_ <= first
    assert count.ends == 2
    model.partial_fit(X[:50], Y[:50])  # all rows are trained on: nothing is held out, no metric
    assert count.ends == 3
    assert model.best_validation_score_ is None
    assert model.history_.validation_loss.isna().all()
