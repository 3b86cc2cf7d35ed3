"""A fit on several ranks has the bits of one on all rows."""

import pickle
import time

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import hbcd
from hbcd.distributed import RankLost
from hbcd.estimators.fitting import fit_on_ranks
from support.thread_backend import on_threads, parts

ROWS = 4000  # 16 tiles, 8 lanes and more
SIZES = (1, 2, 3, 4, 7)


def table(rows=ROWS):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, 4))
    y = np.sin(x[:, 0]) + 0.3 * x[:, 1] * x[:, 2] + 0.1 * rng.standard_normal(rows)
    return x, y, rng.uniform(0.5, 2.0, rows)


def labels(x):
    return np.where(x[:, 0] * x[:, 1] > 0.2, "yes", np.where(x[:, 2] > 0, "no", "maybe"))


def bits(model):
    scalers = model.x_scaler_, model.y_scaler_
    return b"".join(a.tobytes() for a in (model.theta_, *(v for s in scalers for v in
                                                          (s.mean, s.scale))))  # fmt: skip


def regressor(backend=None, **options):
    options = {"hidden_layer_sizes": (5, 4), "random_state": 0, "max_fun": 60, **options}
    return hbcd.HybridRegressor(backend=backend, **options)


def check(fit, sizes=SIZES, rows=ROWS):
    """fit(backend, slice of the rows) is the same model however rows are cut."""
    wanted = bits(fit(None, slice(None)))
    for size in sizes:
        cut = parts(rows, size)
        found = on_threads(size, lambda ranks, cut=cut: bits(fit(ranks, cut[ranks.rank])))
        assert found == [wanted] * size, size


@pytest.fixture(params=["rows on every rank", "rows where they are"])
def placed(request, monkeypatch):
    """Where the inputs of a fit are."""
    if request.param == "rows where they are":
        monkeypatch.setattr(fit_on_ranks, "WHOLE", 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("strategy", ["fast", "paper", "bcd", "batch_shell", "auto"])
def test_any_number_of_ranks_gives_the_bits_of_one(placed, strategy, dtype):
    x, y, w = table()
    most = 300 if strategy in ("fast", "auto") else 60

    def fit(backend, own):
        model = regressor(backend, strategy=strategy, dtype=dtype, max_fun=most)
        return model.fit(x[own], y[own], w[own])

    check(fit)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_classes_have_the_same_bits_wherever_they_are(placed, dtype):
    """A rank may see some of the classes alone."""
    x, _, w = table()
    order = np.argsort(labels(x), kind="stable")
    x, w, y = x[order], w[order], labels(x[order])

    def fit(backend, own):
        model = hbcd.HybridClassifier(
            (5,), random_state=0, max_fun=60, class_weight="balanced", dtype=dtype, backend=backend
        )
        return model.fit(x[own], y[own], w[own])

    check(fit, (2, 3, 7))


OPTIONS = {
    "held out by a metric": {"early_stopping": "mae"},
    "a share held out": {"validation_fraction": 0.2},
    "rows named": {"validation_fraction": (np.arange(0, 3000), np.arange(3000, 4000))},
    "medians": {"loss": "huber"},
    "several starts": {"strategy": "multi_start"},
    "a chosen penalty": {"alpha": "cv", "strategy": "fast", "max_fun": 200},
    "least squares": {"strategy": hbcd.FullBatch(hbcd.LevenbergMarquardt())},
}


@pytest.mark.parametrize("option", OPTIONS)
def test_options_have_the_same_bits(placed, option):
    x, y, w = table()
    check(lambda ranks, own: regressor(ranks, **OPTIONS[option]).fit(x[own], y[own], w[own]), (3,))


@pytest.mark.parametrize("kind", ["numbers", "text, gaps and levels", "zero weights"])
def test_frames_have_the_same_bits_and_levels(placed, kind):
    x, y, w = table()
    frame = pd.DataFrame(x, columns=list("abcd"))
    if kind == "zero weights":
        w = np.where(x[:, 0] > 0, w, 0.0)
        frame = x
    if kind == "text, gaps and levels":
        frame["site"] = np.where(np.arange(ROWS) < 50, "first rank alone", "others")
        frame["kind"] = pd.Categorical(np.where(x[:, 0] > 0, "hi", "lo"))
        frame.loc[3900, "a"] = np.nan

    def fit(backend, own):
        part = frame[own] if isinstance(frame, np.ndarray) else frame.iloc[own]
        model = regressor(backend, missing="indicator").fit(part, y[own], w[own])
        names = None if model.encoder_ is None else list(model.encoder_.feature_names)
        assert kind != "text, gaps and levels" or names is None or len(names) == 7, names
        return model

    check(fit, (2, 3))


@pytest.mark.parametrize(("rows", "skewed"), [(40, False), (600, False), (600, True)])
def test_members_have_the_same_bits(rows, skewed):
    x, y, w = table(rows)
    y = np.exp(3 * y) if skewed else y  # its logarithm is found

    def fit(backend, own):
        model = hbcd.HybridRegressor(effort=0.02, random_state=0, backend=backend)
        model.fit(x[own], y[own], w[own])
        assert model.oof_prediction_.shape == (rows,)
        assert (model.target_transform_ is not None) == skewed
        return model

    check(fit, (2, 3), rows)


def test_members_of_classes_have_the_same_bits():
    x, _, _ = table(400)
    names = labels(x)

    def fit(backend, own):
        model = hbcd.HybridClassifier(effort=0.02, random_state=0, backend=backend)
        return model.fit(x[own], names[own])

    check(fit, (3,), 400)


@pytest.mark.parametrize("how", ["warm_start", "partial_fit"])
def test_training_that_goes_on_has_the_same_bits(placed, how):
    x, y, w = table()

    def fit(backend, own):
        model = regressor(backend, warm_start=how == "warm_start")
        for _ in range(2):
            getattr(model, "fit" if how == "warm_start" else how)(x[own], y[own], w[own])
        return model

    check(fit, (2, 3))


def test_columns_of_extreme_scale_have_the_same_bits(placed):
    x, y, _ = table()
    x = x * [1e-200, 1.0, 1e200, 1.0]
    check(lambda ranks, own: regressor(ranks).fit(x[own], y[own]), (3,))


def test_held_out_rows_may_be_on_some_ranks_alone():
    x, y, _ = table()

    def fit(backend, own):
        return regressor(backend).fit(x[own], y[own], eval_set=(x[own][::2], y[own][::2]))

    wanted = regressor().fit(x, y, eval_set=(x[::2], y[::2]))
    whole = parts(ROWS, 2)
    assert all(part.start % 2 == 0 for part in whole)
    found = on_threads(2, lambda ranks: bits(fit(ranks, whole[ranks.rank])))
    assert found == [bits(wanted)] * 2


def test_network_train_takes_the_rows_of_each_rank():
    x, y, w = table()
    net = hbcd.Network([hbcd.InputLayer(4), hbcd.HiddenLayer(5), hbcd.OutputLayer(1)], alpha=0.1)

    def train(backend, own):
        return net.train(
            net.init(0), x[own], y[own, np.newaxis], w[own], hold_out=0.2, rng=3,
            stop=hbcd.Stop(max_evaluations=60), backend=backend,
        ).theta.tobytes()  # fmt: skip

    wanted = train(None, slice(None))
    for size in SIZES:
        cut = parts(ROWS, size)
        assert on_threads(size, lambda r, cut=cut: train(r, cut[r.rank])) == [wanted] * size


def test_other_parameters_rows_and_columns_are_named_on_every_rank():
    x, y, _ = table()

    def fit(change):
        def work(ranks):
            rows, options = x, {}
            if ranks.rank == 1:
                rows, options = change
            return regressor(ranks, **options).fit(rows, y)

        return [str(error) for error in on_threads(2, work)]

    for change, text in (
        ((x, {"max_iter": 7}), "max_iter: is 7 on rank 1, must be None as on rank 0"),
        ((x[:, :3], {}), "number of features: is 3 on rank 1, must be 4 as on rank 0"),
        ((pd.DataFrame(x, columns=list("abcd")), {}), "is a DataFrame on rank 1"),
    ):
        assert all(text in found for found in fit(change)), fit(change)


def test_a_bad_value_on_one_rank_is_an_error_on_all(placed):
    x, y, _ = table()

    def work(ranks):
        rows = x.copy()
        if ranks.rank == 1:
            rows[3, 2] = np.inf
        return regressor(ranks).fit(rows, y)

    first, second = on_threads(2, work)
    assert isinstance(second, ValueError)
    assert "infinite" in str(first)
    assert "infinite" in str(second)


def test_an_exception_of_a_callback_on_rank_0_reaches_the_others():
    x, y, _ = table()

    def fail(event):
        if event.step > 2:
            raise ZeroDivisionError("no more")

    def work(ranks):
        return regressor(ranks, callbacks=fail, strategy="bcd").fit(x, y)

    own, other = on_threads(2, work)
    assert isinstance(own, ZeroDivisionError)
    assert isinstance(other, RankLost)
    assert "rank 0 at thread 0 ZeroDivisionError: no more" in str(other)


def test_rank_0_alone_hears_callbacks_and_decides():
    x, y, _ = table()
    heard = []

    def work(ranks):
        def stop(event):
            heard.append(ranks.rank)
            return event.step >= 3

        model = regressor(ranks, callbacks=stop, strategy="bcd").fit(x, y)
        return bits(model), model.report_.stop_reason

    found = on_threads(3, work)
    assert found == found[:1] * 3
    assert found[0][1] == hbcd.StopReason.CALLBACK
    assert set(heard) == {0}


# A busy machine may not come to train a member in that time, which a warning says.
@pytest.mark.filterwarnings("ignore:max_time")
@pytest.mark.parametrize(
    "options",
    [
        {"strategy": hbcd.FullBatch(hbcd.Adam(), max_iterations=10**7)},
        {"hidden_layer_sizes": "auto"},
    ],
)
def test_the_clock_of_rank_0_alone_ends_a_fit(options):
    x, y, _ = table()

    def work(ranks):
        seconds = (0.3, None)[ranks.rank]
        stop = hbcd.Stop(pg_tol=0.0, f_tol=None, max_seconds=seconds)
        model = regressor(ranks, stop=stop, **{"max_fun": None, **options})
        started = time.perf_counter()
        model.fit(x, y)
        return bits(model), model.report_.stop_reason, time.perf_counter() - started < 30

    found = on_threads(2, work)
    assert found[0] == found[1]
    assert found[0][1:] == (hbcd.StopReason.TIME, True)


def test_a_fit_without_a_seed_is_that_of_rank_0():
    x, y, _ = table()
    found = on_threads(3, lambda ranks: bits(regressor(ranks, random_state=None).fit(x, y)))
    assert found == found[:1] * 3


def test_a_fitted_model_is_pickled_and_saved_without_its_backend(tmp_path):
    x, y, _ = table()

    def work(ranks):
        model = regressor(ranks).fit(x, y)
        assert clone(model).backend is ranks
        again = pickle.loads(pickle.dumps(model))
        path = tmp_path / f"{ranks.rank}.hbcd"
        model.save(path)
        assert hbcd.load(path).backend is again.backend is None
        return np.array_equal(again.predict(x), model.predict(x))

    assert on_threads(2, work) == [True, True]


def test_what_one_machine_alone_can_do_is_refused():
    x, y, _ = table()
    with pytest.raises(TypeError, match=r"backend=3: must be an hbcd\.distributed\.Backend"):
        regressor(3).fit(x, y)
    for error in on_threads(2, lambda r: regressor(r, hidden_layer_sizes="grow").fit(x, y)):
        assert "a network that grows trains on one machine" in str(error)


@pytest.mark.parametrize("masked", ["X", "y", "sample_weight"])
def test_masked_cells_of_a_rank_are_not_trained_on(masked):
    x, y, weight = table(400)
    found = {"X": x, "y": y, "sample_weight": weight}

    def work(ranks):
        own = {name: value[parts(400, 2)[ranks.rank]] for name, value in found.items()}
        if ranks.rank:
            own[masked] = np.ma.masked_greater(own[masked], 0.9)
        return regressor(ranks).fit(**own)

    errors = on_threads(2, work)
    assert type(errors[1]) is ValueError
    assert all(f"{masked}: has masked (missing) values" in str(error) for error in errors)


def test_sparse_rows_of_a_rank_are_refused():
    from scipy.sparse import csr_array

    x, y, _ = table(400)
    errors = on_threads(2, lambda ranks: regressor(ranks).fit(csr_array(x), y))
    assert all("X: sparse data is not supported" in str(error) for error in errors)
