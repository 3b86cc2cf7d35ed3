"""Callbacks: what a training tells, in what order, and what an answer or an exception does."""

import pickle
import threading
import time

import numpy as np
import pytest

import hbcd
from support.custom_parts import Softplus
from support.training_runs import NET, STRATEGIES, THETA, X, Y, network, train

HELD = (X[:100], Y[:100])
BLOCKS = hbcd.BlockCoordinateDescent(epochs=6)


class Boom(Exception):
    """Raised by callbacks of these tests."""


class Driven(hbcd.TrainingStrategy):
    """Runs its phases one by one."""

    def phases(self, network, n_rows):
        return BLOCKS.phases(network, n_rows) + hbcd.FullBatch().phases(network, n_rows)

    def run(self, run_phase, about):
        for phase in self.phases(about.network, about.n_rows):
            run_phase(phase)


ALL = {**STRATEGIES, "driven": Driven(), "multi_start": hbcd.MultiStart(BLOCKS, 3)}


def events_of(strategy, **options):
    events = []
    report = train(strategy, callbacks=events.append, **options)
    return events, report


@pytest.mark.parametrize("name", ALL)
def test_every_line_of_the_history_is_an_event_and_nothing_else_changes(name):
    held = {"eval_set": HELD} if name != "multi_start" else {}
    events, report = events_of(ALL[name], **held)
    alone = train(ALL[name], **held)
    assert np.array_equal(report.theta, alone.theta)
    assert report.n_fev == alone.n_fev
    assert [e.what for e in events].count("begin") == 1
    assert events[0].what == "begin"
    assert events[-1].what == "end"
    assert events[-1].loss == report.loss
    assert events[-1].stop_reason == report.stop_reason
    if name == "multi_start":
        return
    history = report.history
    for what, line in (("block_end", "visit"), ("sweep_end", "epoch")):
        told = [e for e in events if e.what == what]
        lines = history[history.event == line]
        for field in ("phase", "epoch", "step", "block", "rows", "n_fev", "n_iter"):
            assert [getattr(e, field) for e in told] == lines[field].tolist()
        for field in ("loss", "validation_loss"):
            assert np.array_equal([getattr(e, field) for e in told], lines[field], equal_nan=True)
        assert [e.optimizer for e in told] == [report.phases[k] for k in lines.phase]


def test_a_visit_begins_and_ends_and_a_sweep_comes_after_its_visits():
    events, _ = events_of(BLOCKS)
    whats = [e.what for e in events if e.what != "improved"]
    sweep = ["block_begin", "block_end"] * len(NET.blocks) + ["sweep_end"]
    sweeps = whats.count("sweep_end")
    assert whats == ["begin", *(sweep * sweeps)[: len(whats) - 2], "end"]
    begun = [e for e in events if e.what == "block_begin"]
    ended = [e for e in events if e.what == "block_end"]
    assert [e.block for e in begun] == [e.block for e in ended]
    assert all(b.loss >= e.loss for b, e in zip(begun, ended, strict=True))


def test_improved_tells_each_better_best_and_the_best_parameters():
    best = []

    class Watch(hbcd.Callback):
        def on_improved(self, event):
            value = NET.bind(*HELD).value(event.best_theta)
            assert np.array_equal(event.theta, event.best_theta)
            assert event.best == event.validation_loss == value
            best.append(value)

    report = train(BLOCKS, eval_set=HELD, callbacks=Watch())
    assert len(best) > 1
    assert best == sorted(best, reverse=True)
    assert NET.bind(*HELD).value(report.theta) == best[-1]


def test_parameters_are_copies_and_out_of_reach_afterwards():
    kept, events = [], []

    def listen(event):
        events.append(event)
        kept.append((event.theta, event.best_theta))
        event.theta[:] = np.nan

    report = train(BLOCKS, callbacks=listen)
    assert np.array_equal(report.theta, train(BLOCKS).theta)
    assert np.array_equal(kept[0][0], THETA)
    assert np.array_equal(kept[-1][1], report.theta)
    inside = next(e for e in events if e.what == "block_end")
    with pytest.raises(RuntimeError, match="only during the call"):
        _ = inside.theta
    assert repr(pickle.loads(pickle.dumps(inside))) == repr(inside)  # NaN differs from itself


@pytest.mark.parametrize("how", ["true", "numpy", "stop_iteration"])
@pytest.mark.parametrize("what", ["begin", "block_begin", "block_end", "sweep_end", "improved"])
@pytest.mark.parametrize("name", ["bcd", "driven", "multi_start", "fast"])
def test_a_callback_ends_the_training_at_any_event_and_the_best_is_kept(name, what, how):
    strategy = hbcd.Hybrid.fast() if name == "fast" else BLOCKS if name == "bcd" else ALL[name]
    after = []

    def listen(event):
        if event.what != what:
            return None
        after.append(event)
        if how == "stop_iteration":
            raise StopIteration
        return True if how == "true" else np.True_

    report = train(strategy, callbacks=listen, n_threads=2)
    assert report.stop_reason is hbcd.StopReason.CALLBACK
    assert not report.interrupted
    assert len(after) == 1
    assert report.loss == NET.bind(X, Y).value(report.theta) <= report.initial_loss
    if what == "begin" and name != "multi_start":  # there, the best of the starts
        assert np.array_equal(report.theta, THETA)


@pytest.mark.parametrize("answer", [1, "yes", [0], object(), None, False])
def test_only_true_ends_the_training(answer):
    report = train(BLOCKS, callbacks=lambda event: answer)
    assert report.stop_reason is not hbcd.StopReason.CALLBACK


@pytest.mark.parametrize(
    "what", ["begin", "block_begin", "block_end", "sweep_end", "improved", "end"]
)
@pytest.mark.parametrize("name", ["bcd", "driven", "multi_start"])
@pytest.mark.parametrize("error", [Boom("mine"), ValueError("mine"), SystemExit(3)])
def test_an_exception_reaches_the_caller_intact_and_the_end_is_told_once(name, what, error):
    told = []

    def listen(event):
        told.append(event.what)
        if event.what == what:
            raise error

    strategy = BLOCKS if name == "bcd" else ALL[name]
    start = THETA.copy()
    with pytest.raises(type(error)) as caught:
        train(strategy, callbacks=listen, n_threads=2)
    assert caught.value is error
    assert told[-1] == "end"
    assert told.count("end") == 1
    assert np.array_equal(THETA, start)
    assert train(BLOCKS).loss < train(BLOCKS).initial_loss


def test_the_end_tells_of_an_exception_by_having_no_reason():
    reasons = []

    class Watch(hbcd.Callback):
        def on_end(self, event):
            reasons.append(event.stop_reason)

    def fail(event):
        if event.what == "sweep_end":
            raise Boom

    with pytest.raises(Boom):
        train(BLOCKS, callbacks=[Watch(), fail])
    train(BLOCKS, callbacks=[Watch()])
    assert reasons[0] is None
    assert isinstance(reasons[1], hbcd.StopReason)


def test_ctrl_c_inside_a_callback_keeps_the_best():
    def press(event):
        if event.what == "sweep_end" and event.epoch == 1:
            raise KeyboardInterrupt

    report = train(BLOCKS, callbacks=press)
    assert report.interrupted
    assert report.loss == NET.bind(X, Y).value(report.theta) < report.initial_loss


def test_starts_are_told_apart_and_never_at_the_same_time():
    inside = threading.Lock()
    loss = NET.bind(np.tile(X, (20, 1)), np.tile(Y, 20))
    seen = set()

    def listen(event):
        assert inside.acquire(blocking=False)
        try:
            seen.add((event.what, event.start))
            loss.value(THETA)  # without the interpreter lock: another thread could come in
        finally:
            inside.release()

    report = train(hbcd.MultiStart(BLOCKS, 4), callbacks=listen, n_threads=4)
    assert {start for what, start in seen if what == "sweep_end"} == {0, 1, 2, 3}
    assert np.array_equal(report.theta, train(hbcd.MultiStart(BLOCKS, 4), n_threads=1).theta)


def test_progress_shows_a_metric_as_it_is():
    best = []

    def slow(event):
        began = time.perf_counter()
        while event.what == "sweep_end" and time.perf_counter() - began < 0.06:
            pass  # longer than the time between two reports of progress

    train(
        hbcd.BlockCoordinateDescent(epochs=3),
        eval_set=HELD,
        early_stopping=hbcd.EarlyStopping("r2"),
        callbacks=slow,
        progress=lambda *state: best.append(state[5]),
    )
    assert best
    assert all(0.5 < value <= 1.0 for value in best)


def test_every_callback_hears_the_end_of_a_failure_even_if_that_fails_too():
    ends = []

    class Watch(hbcd.Callback):
        def on_begin(self, event):
            raise Boom

        def on_end(self, event):
            ends.append(event.stop_reason)
            raise ValueError

    with pytest.raises(Boom):
        train(BLOCKS, callbacks=[Watch(), Watch()])
    assert ends == [None, None]


def test_methods_that_are_not_written_are_never_called():
    from hbcd.callbacks.callback_list import CallbackList

    class Ends(hbcd.Callback):
        def on_sweep_end(self, event):
            return None

    one = hbcd.Callback()
    one.on_improved = lambda event: None
    assert CallbackList([hbcd.Callback()]).wanted == 0
    assert CallbackList([Ends()]).wanted == 0b100
    assert CallbackList([one]).wanted == 0b1000
    assert CallbackList([print]).wanted == 0b1111


def test_all_callbacks_hear_an_event_until_one_ends_the_training():
    order = []
    report = train(
        BLOCKS,
        callbacks=(
            lambda e: order.append(("first", e.what)),
            lambda e: e.what == "block_end",
            lambda e: order.append(("last", e.what)),
        ),
    )
    assert report.stop_reason is hbcd.StopReason.CALLBACK
    assert order == [
        ("first", "begin"),
        ("last", "begin"),
        ("first", "block_begin"),
        ("last", "block_begin"),
        ("first", "block_end"),
        ("first", "end"),
        ("last", "end"),
    ]


@pytest.mark.parametrize("wrong", [3, "log", hbcd.Callback, [None], {"a": print}])
def test_what_is_no_callback_is_refused(wrong):
    with pytest.raises(TypeError, match=r"^callbacks=.*: must be an hbcd.Callback"):
        train(BLOCKS, callbacks=wrong)


def test_a_callback_may_train_and_predict_itself():
    losses = []

    def nested(event):
        if event.what == "sweep_end":
            losses.append(train(BLOCKS, theta=event.theta, callbacks=lambda e: None).loss)
            NET.predict(event.theta, X)

    report = train(BLOCKS, callbacks=nested)
    assert np.array_equal(report.theta, train(BLOCKS).theta)
    assert min(losses) <= report.loss


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parts_in_python_and_either_precision_tell_the_same(dtype):
    net = network(3, 4, 1, activation=Softplus())
    thetas = []

    def listen(event):
        if event.what == "block_end":
            thetas.append(event.theta)

    net.train(net.init(0, dtype), X, Y, strategy=BLOCKS, callbacks=listen)
    assert thetas
    assert all(theta.dtype == dtype for theta in thetas)


def test_the_time_in_callbacks_counts_toward_the_limit():
    clock = []

    def wait(event):
        clock.append(event.seconds)
        if event.what == "block_end":
            began = time.perf_counter()
            while time.perf_counter() - began < 0.02:
                pass

    report = train(
        hbcd.BlockCoordinateDescent(epochs=10**6),
        callbacks=wait,
        stop=hbcd.Stop(0.0, None, max_seconds=0.05),
    )
    assert report.stop_reason is hbcd.StopReason.TIME
    assert clock == sorted(clock)
