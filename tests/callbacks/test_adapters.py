"""Callbacks of other libraries: scikit-learn's protocol, SciPy's functions, Optuna, tqdm."""

import importlib.util
import io
import subprocess
import sys
import types

import numpy as np
import pytest

import hbcd
from hbcd.callbacks.adapters import OptunaPruning, ProgressBar, scipy_callback
from support.training_runs import NET, THETA, X, Y, train

HELD = (X[:100], Y[:100])
BLOCKS = hbcd.BlockCoordinateDescent(epochs=6)


# ---- SciPy ------------------------------------------------------------------------------------


def test_scipys_callback_gets_a_result_by_name():
    seen = []

    def follow(intermediate_result):
        seen.append(intermediate_result)

    report = train(BLOCKS, callbacks=scipy_callback(follow))
    ends = report.history[report.history.event == "epoch"]
    assert [r.fun for r in seen] == ends.loss.tolist()
    assert [r.nit for r in seen] == ends.n_iter.tolist()
    assert [r.nfev for r in seen] == ends.n_fev.tolist()
    assert all(NET.bind(X, Y).value(r.x) == r.fun for r in seen)


def test_scipys_older_callback_gets_the_parameters():
    seen = []
    train(BLOCKS, callbacks=scipy_callback(lambda xk: seen.append(xk)))
    assert all(x.shape == THETA.shape for x in seen)
    assert len(seen) > 1


def test_scipys_stop_iteration_ends_the_training():
    def follow(intermediate_result):
        raise StopIteration

    report = train(BLOCKS, callbacks=[scipy_callback(follow)])
    assert report.stop_reason is hbcd.StopReason.CALLBACK
    assert (report.history.event == "epoch").sum() == 1


# ---- tqdm -------------------------------------------------------------------------------------


@pytest.fixture
def stream():
    pytest.importorskip("tqdm", reason="an extra that not every installation has")
    return io.StringIO()


def test_the_bar_counts_sweeps_and_shows_the_losses(stream):
    bar = ProgressBar(file=stream, mininterval=0, ascii=True)
    report = train(BLOCKS, callbacks=bar, eval_set=HELD)
    sweeps = (report.history.event == "epoch").sum()
    last = stream.getvalue().rstrip().rsplit("\r", 1)[-1]
    assert f"{sweeps}sweep" in last
    assert "loss=" in last
    assert "validation=" in last


def test_the_bar_is_closed_also_by_an_exception_and_can_be_used_again(stream):
    bar = ProgressBar(file=stream)

    def fail(event):
        if event.what == "sweep_end":
            raise LookupError

    with pytest.raises(LookupError):
        train(BLOCKS, callbacks=[bar, fail])
    assert bar._bar is None
    train(BLOCKS, callbacks=bar)
    assert bar._bar is None


# ---- Optuna -----------------------------------------------------------------------------------


class Pruned(Exception):
    pass


class Trial:
    """What of a trial is used; prunes at the report of number `at`."""

    def __init__(self, at=None, direction="MINIMIZE"):
        self.at, self.reports = at, []
        self.study = types.SimpleNamespace(direction=types.SimpleNamespace(name=direction))

    def report(self, value, step):
        self.reports.append((step, value))

    def should_prune(self):
        return len(self.reports) == self.at


@pytest.fixture
def optuna(monkeypatch):
    module = types.ModuleType("optuna")
    module.TrialPruned = Pruned
    monkeypatch.setitem(sys.modules, "optuna", module)


@pytest.mark.parametrize("metric", ["validation_loss", "loss", "validation_score"])
def test_a_trial_hears_of_every_sweep(metric):
    trial = Trial(direction="MAXIMIZE" if metric == "validation_score" else "MINIMIZE")
    stopping = hbcd.EarlyStopping("r2", patience=100) if metric == "validation_score" else None
    pruning = OptunaPruning(trial, metric)
    report = train(BLOCKS, callbacks=pruning, eval_set=HELD, early_stopping=stopping)
    ends = report.history[report.history.event == "epoch"]
    assert trial.reports == list(enumerate(ends[metric]))


def test_the_sweeps_of_a_second_training_are_counted_from_its_own_beginning():
    trial = Trial()
    pruning = OptunaPruning(trial)
    for _ in range(2):
        train(BLOCKS, callbacks=pruning, eval_set=HELD)
    half = len(trial.reports) // 2
    assert trial.reports[half:] == trial.reports[:half]


def test_a_pruned_trial_ends_the_training_by_optunas_exception(optuna):
    trial = Trial(at=2)
    with pytest.raises(Pruned, match="pruned after 2 sweeps"):
        train(BLOCKS, callbacks=OptunaPruning(trial), eval_set=HELD)
    assert len(trial.reports) == 2


@pytest.mark.parametrize(
    ("metric", "direction", "held", "message"),
    [
        ("loss", "MAXIMIZE", None, "metric='loss': must go the way of the study"),
        ("validation_loss", "MINIMIZE", None, "metric='validation_loss': must be known"),
        ("validation_score", "MAXIMIZE", HELD, "with early_stopping"),
    ],
)
def test_a_value_that_cannot_be_reported_is_an_error(metric, direction, held, message):
    with pytest.raises(ValueError, match=message):
        train(BLOCKS, callbacks=OptunaPruning(Trial(None, direction), metric), eval_set=held)
    with pytest.raises(ValueError, match="metric='r2': must be one of"):
        OptunaPruning(Trial(), "r2")


def test_optuna_prunes_an_estimators_fit():
    optuna = pytest.importorskip("optuna", reason="heavy: not an extra of the tests")
    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def objective(trial):
        rate = trial.suggest_float("rate", 1e-6, 1e-1, log=True)
        strategy = hbcd.MiniBatch(hbcd.Adam(learning_rate=rate), batch_rows=50, epochs=8)
        model = hbcd.HybridRegressor(
            (4,),
            strategy=strategy,
            random_state=0,
            validation_fraction=0.25,
            callbacks=OptunaPruning(trial),
        )
        return min(model.fit(X, Y).history_.validation_loss.dropna())

    study = optuna.create_study(
        sampler=optuna.samplers.RandomSampler(seed=0),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=2, n_warmup_steps=1),
    )
    study.optimize(objective, n_trials=12)
    states = [trial.state.name for trial in study.trials]
    assert "PRUNED" in states
    assert set(states) == {"PRUNED", "COMPLETE"}
    assert all(len(t.intermediate_values) == 8 for t in study.trials if t.state.name == "COMPLETE")


# ---- scikit-learn -----------------------------------------------------------------------------

skl = pytest.mark.skipif(
    importlib.util.find_spec("sklearn") is None
    or importlib.util.find_spec("sklearn.callback") is None,
    reason="scikit-learn has callbacks since 1.9",
)


class Record:
    """A callback of scikit-learn that keeps what it hears; may ask for the end, or fail."""

    def __init__(self, stop_at=None, fail_at=None):
        self.heard, self.scores = [], []
        self.stop_at, self.fail_at = stop_at, fail_at

    def setup(self, estimator, context):
        self.heard.append(("setup", context.task_name))

    def teardown(self, estimator, context):
        self.heard.append(("teardown", context.task_name))

    def on_fit_task_begin(self, estimator, context):
        self.heard.append(("begin", context.task_name))

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.heard.append(("end", context.task_name))
        if context.task_name != "sweep":
            return False
        self.scores.append(fitted_estimator.score(X, y))
        if len(self.scores) == self.fail_at:
            raise LookupError("mine")
        return len(self.scores) == self.stop_at


class Propagated(Record):
    max_propagation_depth = None


def estimators():
    labels = np.where(Y > 0, "high", "low")
    several = hbcd.MultiStart(BLOCKS, 3)
    return [
        (hbcd.HybridRegressor((4,), strategy="bcd", random_state=0), Y),
        (hbcd.HybridClassifier((4,), strategy="bcd", random_state=0), labels),
        (hbcd.HybridRegressor((4,), strategy=several, random_state=0), Y),
    ]


@skl
@pytest.mark.parametrize("which", range(3))
def test_scikit_learns_callbacks_see_sweeps_as_subtasks_of_the_fit(which):
    model, y = estimators()[which]
    alone = estimators()[which][0].fit(X, y)
    record = Record()
    assert model.set_callbacks(record) is model
    model.fit(X, y)
    assert np.array_equal(model.theta_, alone.theta_)
    names = [name for _, name in record.heard]
    assert record.heard[:2] == [("setup", "fit"), ("begin", "fit")]
    assert record.heard[-2:] == [("end", "fit"), ("teardown", "fit")]
    assert names[2:-2] == ["sweep"] * (len(names) - 4)
    assert record.heard.count(("begin", "sweep")) == record.heard.count(("end", "sweep"))
    if which < 2:
        assert record.scores[-1] == model.score(X, y)
        assert len(record.scores) == len(model.loss_curve_)
    assert not [name for name in vars(model) if name.startswith("_callback")]


@skl
def test_scikit_learns_callback_ends_the_fit_and_its_exception_arrives():
    model, y = estimators()[0]
    record = Record(stop_at=2)
    model.set_callbacks(record).fit(X, y)
    assert model.report_.stop_reason is hbcd.StopReason.CALLBACK
    assert len(model.loss_curve_) == 2
    before = model.predict(X)
    failing = Record(fail_at=1)
    model.set_callbacks(failing)
    with pytest.raises(LookupError, match="mine"):
        model.fit(X, -Y)
    assert failing.heard[-1] == ("teardown", "fit")
    assert np.array_equal(model.predict(X), before)
    heard = list(failing.heard)
    model.set_callbacks().fit(X, y)
    assert failing.heard == heard


@skl
@pytest.mark.parametrize("which", range(3))
def test_a_sweep_that_another_callback_ends_is_closed_with_the_best_parameters(which):
    model, y = estimators()[which]
    model.callbacks = lambda event: event.what == "block_end" and event.step == 5
    record = Record()
    model.set_callbacks(record).fit(X, y)
    assert model.report_.stop_reason is hbcd.StopReason.CALLBACK
    assert record.heard.count(("begin", "sweep")) == record.heard.count(("end", "sweep")) > 0
    assert record.heard[-2:] == [("end", "fit"), ("teardown", "fit")]
    assert record.scores[-1] == model.score(X, y)


@skl
def test_scikit_learns_callbacks_go_through_pipelines_clones_and_searches():
    from sklearn.base import clone
    from sklearn.callback import ScoringMonitor
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model, _ = estimators()[0]
    record = Propagated()
    make_pipeline(StandardScaler(), model).set_callbacks(record).fit(X, Y)
    assert ("end", "sweep") in record.heard
    record = Record()
    clone(estimators()[0][0].set_callbacks(record)).fit(X, Y)
    assert ("end", "sweep") in record.heard
    record = Propagated()
    search = GridSearchCV(estimators()[0][0], {"hidden_layer_sizes": [(2,), (3,)]}, cv=2)
    search.set_callbacks(record).fit(X, Y)
    assert record.heard.count(("end", "sweep")) >= 5
    monitor = ScoringMonitor(scoring="r2")
    model = estimators()[0][0].set_callbacks(monitor).fit(X, Y)
    assert monitor.get_logs()
    with pytest.raises(TypeError, match="FitCallback"):
        model.set_callbacks(print)


OLDER = """
import sys
sys.modules["sklearn.callback"] = None  # as before 1.9
import hbcd, numpy as np
model = hbcd.HybridRegressor((2,), random_state=0, max_iter=5)
assert not hasattr(model, "set_callbacks")
assert not hasattr(hbcd.HybridClassifier(), "_init_callback_context")
x = np.random.default_rng(0).normal(size=(40, 2))
model.fit(x, x[:, 0]).predict(x)
if len(sys.argv) > 1:
    from sklearn.base import clone
    clone(model).fit(x, x[:, 0])
else:
    assert "sklearn" not in sys.modules
"""


def test_without_scikit_learns_callbacks_there_is_nothing_to_set():
    arguments = ["with"] if importlib.util.find_spec("sklearn") else []
    done = subprocess.run(
        [sys.executable, "-c", OLDER, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
