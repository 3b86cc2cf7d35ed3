"""`hbcd.tune`: the best of what was tried, the same every time, whatever is in the way."""

import pickle

import numpy as np
import pandas as pd
import pytest

import hbcd
from support.tuning import OPTIONS, SPACE, model, signature, table

X, Y = table()


@pytest.fixture(scope="module")
def result():
    return hbcd.tune(model(), X, Y, SPACE, **OPTIONS)


def test_the_best_of_the_last_rung_is_fitted_on_all_rows(result):
    trials = result.trials
    last = trials[trials["rung"] == trials["rung"].max()]
    assert result.best_score_ == last["score"].max()
    best = last.loc[last["score"].idxmax()]
    for name, value in result.best_params_.items():
        assert best[f"param_{name}"] == value
    twin = model(**{k: v for k, v in result.best_params_.items() if "__" not in k})
    twin.set_params(strategy=result.best_estimator_.strategy).fit(X, Y)
    assert np.array_equal(twin.theta_, result.best_estimator_.theta_)
    finish = result.best_estimator_.strategy.finish.max_iterations
    assert finish == result.best_params_["strategy__finish__max_iterations"]


def test_scores_are_those_of_fits_on_the_other_rows(result):
    pairs = [(np.arange(0, 60, 2), np.arange(1, 60, 2)), (np.arange(1, 60, 2), np.arange(0, 60, 2))]
    space = {"alpha": [0.1]}
    found = hbcd.tune(model(), X, Y, space, **{**OPTIONS, "cv": pairs})
    for trial, alpha in ((0, 50.0), (1, 0.1)):
        scores = [
            model(alpha=alpha).fit(X[train], Y[train]).score(X[left], Y[left])
            for train, left in pairs
        ]
        line = found.trials.iloc[trial]
        assert line["score"] == pytest.approx(np.mean(scores), rel=1e-12)
        assert line["spread"] == pytest.approx(np.std(scores, ddof=1), rel=1e-9)


def test_those_that_go_on_are_the_best_of_the_rung_before(result):
    trials = result.trials[result.trials["trial"] > 0]
    for rung in range(trials["rung"].max()):
        here = trials[trials["rung"] == rung].sort_values("score", ascending=False)
        above = trials[trials["rung"] == rung + 1]
        assert set(above["trial"]) == set(here["trial"][: len(above)])


def test_the_model_as_it_is_given_is_in_the_last_rung_and_may_win():
    found = hbcd.tune(model(), X, Y, {"alpha": [1e6]}, **OPTIONS)
    assert found.best_params_ == {}
    assert found.best_score_ == found.given_score_
    assert found.best_estimator_.alpha == 50.0
    assert np.array_equal(found.best_estimator_.theta_, model().fit(X, Y).theta_)


def test_the_given_model_is_not_changed():
    given = model()
    before = pickle.dumps(given)
    hbcd.tune(given, X, Y, {"alpha": [0.1]}, **OPTIONS)
    assert pickle.dumps(given) == before


@pytest.mark.parametrize("n_jobs", [2, -1])
def test_any_number_of_jobs_finds_the_same_bits(result, n_jobs):
    assert signature(hbcd.tune(model(), X, Y, SPACE, n_jobs=n_jobs, **OPTIONS)) == signature(result)


def test_backends_of_joblib_find_the_same_bits(result):
    import joblib

    for backend in ("threading", "sequential"):
        with joblib.parallel_config(backend, n_jobs=2):
            assert signature(hbcd.tune(model(), X, Y, SPACE, **OPTIONS)) == signature(result)


def test_processes_of_joblib_find_the_same_bits():
    import joblib

    options = {**OPTIONS, "budget": 3}
    with joblib.parallel_config("loky", n_jobs=2):
        there = hbcd.tune(model(), X, Y, {"alpha": [0.1, 0.2]}, **options)
    assert signature(there) == signature(hbcd.tune(model(), X, Y, {"alpha": [0.1, 0.2]}, **options))


def test_without_joblib_threads_find_the_same_bits(result, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "joblib", None)
    for n_jobs in (None, 2, -1):
        assert signature(hbcd.tune(model(), X, Y, SPACE, n_jobs=n_jobs, **OPTIONS)) == signature(
            result
        )


def test_other_seeds_try_other_candidates(result):
    other = hbcd.tune(model(), X, Y, SPACE, **{**OPTIONS, "random_state": 1})
    assert signature(other) != signature(result)
    without = [hbcd.tune(model(random_state=None), X, Y, SPACE, **OPTIONS) for _ in range(2)]
    assert signature(without[0]) == signature(without[1])


def test_more_rows_than_one_are_judged_by_default_and_frames_are_taken():
    frame = pd.DataFrame(X, columns=["a", "b"]).assign(kind=["x", "y"] * 30)
    found = hbcd.tune(model(), frame, pd.Series(Y), {"alpha": [0.1]}, budget=2, random_state=0)
    assert found.cost["fits"] == 2 * 3
    assert found.best_estimator_.feature_names_in_.tolist() == ["a", "b", "kind"]


def test_classes_are_judged_by_their_log_loss_and_less_is_better():
    labels = np.where(Y > 0, "up", "down")
    classifier = hbcd.HybridClassifier((3,), "tanh", "fast", random_state=0, max_iter=40)
    found = hbcd.tune(classifier, X, labels, SPACE, **OPTIONS)
    last = found.trials[found.trials["rung"] == 2]
    assert found.scoring == "log_loss"
    assert found.best_score_ == last["score"].min()


def test_a_pipeline_is_tuned_by_the_names_of_its_parameters():
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    pipe = make_pipeline(PolynomialFeatures(include_bias=False), model(random_state=None))
    space = {
        "hybridregressor__alpha": [0.1, 1.0],
        "polynomialfeatures__degree": [1, 2],
        "hybridregressor__strategy__finish__max_iterations": [20],
    }
    found = hbcd.tune(pipe, X, Y, space, **OPTIONS)
    assert found.cost["operations"] > 0
    assert type(found.best_estimator_) is type(pipe)
    assert np.isfinite(found.best_estimator_.predict(X)).all()
    with pytest.raises(ValueError, match="sample_weight: must be left out"):
        hbcd.tune(pipe, X, Y, space, sample_weight=np.ones(60), **OPTIONS)


def test_a_wrapped_estimator_that_fits_a_copy_is_read_too():
    from sklearn.compose import TransformedTargetRegressor

    wrapped = TransformedTargetRegressor(model(), func=np.sinh, inverse_func=np.arcsinh)
    found = hbcd.tune(wrapped, X, Y, {"regressor__alpha": [0.1]}, **OPTIONS)
    assert found.cost["failed"] == 0
    assert found.cost["evaluations"] > 0


def test_weights_train_and_judge():
    weight = np.where(np.arange(60) < 30, 1.0, 0.0)
    pairs = [(np.arange(10, 60), np.arange(10)), (np.arange(20), np.arange(20, 60))]
    options = {**OPTIONS, "cv": pairs}
    found = hbcd.tune(model(), X, Y, {"alpha": [0.1]}, sample_weight=weight, **options)
    pairs = [(np.arange(10, 30), np.arange(10)), (np.arange(20), np.arange(20, 30))]
    alone = hbcd.tune(model(), X, Y, {"alpha": [0.1]}, **{**options, "cv": pairs})
    assert found.trials["score"].tolist() == pytest.approx(alone.trials["score"].tolist(), rel=1e-9)


def test_a_candidate_that_fails_is_recorded_and_the_search_goes_on():
    space = {"alpha": [0.1, -1.0], "activation": ["tanh", "tahn"]}
    found = hbcd.tune(model(), X, Y, space, **OPTIONS)
    failed = found.trials[found.trials["error"].notna()]
    assert len(failed) == 3
    assert failed["score"].isna().all()
    assert failed["error"].str.contains("did you mean 'tanh'|alpha=-1.0: must be").all()
    assert found.cost["failed"] == 6
    assert found.best_score_ == found.trials["score"].max()


def test_where_all_fail_the_first_error_is_raised():
    with pytest.raises(ValueError, match=r"all 2 candidates failed, the first with ValueError: .*"):
        hbcd.tune(model(alpha=-1.0), X, Y, {"activation": ["tanh", "relu"]}, **OPTIONS)
    broken = X.copy()
    broken[:, 1] = np.nan
    with pytest.raises(ValueError, match=r"all 18 candidates failed, the first .*: X: row 0, col"):
        hbcd.tune(model(), broken, Y, SPACE, **OPTIONS)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"alpha": [-1.0]}, "tune: the only candidate failed with ValueError: alpha=-1.0"),
        ({"alpha": [-1.0, -2.0]}, "tune: all 2 candidates failed, .* with ValueError: alpha=-"),
        ({"activation": ["tahn", "relo"]}, "tune: all 2 .*: activation='"),
        ({"max_iter": [0], "alpha": [0.1, 1.0]}, "tune: all 2 .*: max_iter=0"),
    ],
    ids=str,
)
def test_a_space_of_which_nothing_fits_is_an_error_although_the_given_model_does(space, message):
    with pytest.raises(ValueError, match=message) as caught:
        hbcd.tune(model(), X, Y, space, **OPTIONS)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("cv", [None, 3, 0.2])
@pytest.mark.parametrize("kind", [np.asarray, pd.Series, list, lambda y: y[:, np.newaxis]])
def test_a_missing_target_is_told_with_its_row(kind, cv):
    y = Y.copy()
    y[[17, 40]] = np.nan
    with pytest.raises(ValueError, match=r"^y: row 17 is missing \(NaN\): must have a value$"):
        hbcd.tune(model(), X, kind(y), SPACE, **{**OPTIONS, "cv": cv})


def test_a_missing_label_is_told_with_its_row():
    labels = np.where(Y > 0, "up", "down").astype(object)
    labels[5] = None
    with pytest.raises(ValueError, match="y: row 5 is missing"):
        hbcd.tune(hbcd.HybridClassifier((2,)), X, labels, {"alpha": [0.1]}, **OPTIONS)


def test_why_r2_is_no_number_is_told():
    with pytest.raises(ValueError, match=r"is nan on 30 rows left out.*y does not vary there"):
        hbcd.tune(model(), X, np.ones(60), SPACE, **OPTIONS)
    with pytest.raises(ValueError, match="R2 needs two rows, and 1 of these count: leave out more"):
        hbcd.tune(model(), X[:3], Y[:3], SPACE, **{**OPTIONS, "cv": 3})
    weight = np.zeros(60)
    weight[[0, 59]] = 1.0
    pair = [(np.arange(30), np.arange(30, 60))]
    with pytest.raises(ValueError, match="R2 needs two rows, and 1 of these count"):
        hbcd.tune(model(), X, Y, SPACE, sample_weight=weight, **{**OPTIONS, "cv": pair})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": 1}, "budget=1: must be at least 2"),
        ({"budget": 2.5}, "budget=2.5: must be an integer"),
        ({"n_jobs": 0}, "n_jobs=0: must be a number of fits"),
        ({"n_jobs": 1.5}, "n_jobs=1.5: must be an integer"),
        ({"halving": 3}, "halving=3: must be an hbcd.SuccessiveHalving"),
        ({"random_state": -1}, "random_state=-1"),
        ({"sample_weight": np.ones(3)}, r"sample_weight: has shape \(3,\), must be \(60,\)"),
        ({"space": {"alhpa": [1]}}, "did you mean 'alpha'"),
        ({"scoring": "rmes"}, "did you mean 'rmse'"),
        ({"study": 3}, "study=3: must be an optuna.Study"),
        ({"storage": "none/there.jsonl"}, "must be in a folder that exists"),
    ],
)
def test_bad_arguments_are_told_in_one_line_before_anything_is_fitted(options, message):
    options = {"space": SPACE, **OPTIONS, **options}
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        hbcd.tune(model(callbacks=lambda event: pytest.fail("a fit")), X, Y, **options)
    assert "\n" not in str(caught.value)


def test_targets_of_another_length_are_told():
    with pytest.raises(ValueError, match="y: has 59 rows, must have 60"):
        hbcd.tune(model(), X, Y[:59], SPACE, **OPTIONS)


def test_operations_count_rows_weights_and_batches():
    """Half the rows cost half; an evaluation of a batch counts by its rows."""
    batches = hbcd.MiniBatch(hbcd.Adam(), batch_rows=10, epochs=4)
    given = model(strategy=batches, alpha=0.1, max_iter=None)
    found = hbcd.tune(given, X, Y, {"activation": ["tanh"]}, **OPTIONS)
    line = found.trials.iloc[0]
    passes = line["evaluations"] / 2
    # Four passes over 30 rows in batches of 10; losses of all rows at their ends count as batches.
    assert 4 <= passes <= 6
    weights = found.best_estimator_.network_.n_parameters
    assert line["operations"] == pytest.approx(line["evaluations"] * 30 * weights * 3)


def test_limits_of_the_model_are_shared_out_too():
    found = hbcd.tune(
        model(max_iter=None, max_fun=90, alpha=0.1, stop=hbcd.Stop(pg_tol=0.0, f_tol=None)),
        X, Y, {"hidden_layer_sizes": [(k,) for k in range(2, 14)]}, **{**OPTIONS, "budget": 6},
    )  # fmt: skip
    evaluations = found.trials.groupby("rung")["evaluations"].mean() / 2
    assert evaluations[0] <= 10 + 2
    assert evaluations[1] <= 30 + 2
    assert 60 <= evaluations[2] <= 90 + 2


def test_without_a_refit_the_best_model_is_not_fitted(result):
    found = hbcd.tune(model(), X, Y, SPACE, refit=False, **OPTIONS)
    assert found.best_params_ == result.best_params_
    assert not hasattr(found.best_estimator_, "theta_")


def test_verbose_says_a_line_after_every_rung(capsys):
    hbcd.tune(model(), X, Y, SPACE, verbose=1, **OPTIONS)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 3
    assert err.startswith("hbcd tune: rung 1 of 3, 18 candidates, best r2 ")


def test_the_picture_shows_every_candidate_and_the_two_that_matter(result):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    ax = result.plot()
    labels = [line.get_label() for line in ax.lines if not line.get_label().startswith("_")]
    assert labels == ["as given", "best"]
    assert len(ax.lines) == result.trials["trial"].nunique()
    assert ax.get_ylabel() == "r2"


def test_ctrl_c_in_a_fit_ends_the_search(monkeypatch):
    def interrupt(event):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hbcd.tune(model(callbacks=interrupt), X, Y, SPACE, **OPTIONS)


def test_a_result_says_in_one_line_what_was_chosen(result):
    text = repr(result)
    assert "\n" not in text
    assert text.startswith(f"<TuneResult: r2 {result.best_score_:.6g}, as given ")
    assert f"hidden_layer_sizes={result.best_params_['hidden_layer_sizes']}" in text


def test_rows_that_are_read_in_pieces_are_refused():
    with pytest.raises(TypeError, match=r"X: must be a table in memory, not hbcd\.Rows"):
        hbcd.tune(model(), hbcd.Rows((X, Y)), Y, SPACE, **OPTIONS)
