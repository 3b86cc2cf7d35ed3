"""Candidates as trials of an Optuna study."""

import pytest

import hbcd
from support.tuning import OPTIONS, SPACE, model, signature, table

optuna = pytest.importorskip("optuna", reason="heavy: not an extra of the tests")
X, Y = table()


@pytest.fixture(autouse=True)
def silent():
    optuna.logging.set_verbosity(optuna.logging.WARNING)


def test_a_study_has_every_candidate_with_its_parameters_and_rungs():
    study = optuna.create_study(direction="maximize")
    found = hbcd.tune(model(), X, Y, SPACE, study=study, **OPTIONS)
    assert signature(found) == signature(hbcd.tune(model(), X, Y, SPACE, **OPTIONS))
    assert len(study.trials) == found.trials["trial"].nunique()
    assert study.best_value == found.best_score_
    by_number = {trial.user_attrs["hbcd_trial"]: trial for trial in study.trials}
    for number, lines in found.trials.groupby("trial"):
        trial = by_number[number]
        assert trial.intermediate_values == dict(zip(lines["rung"], lines["score"], strict=True))
        complete = lines["rung"].max() == 2
        assert (trial.state == optuna.trial.TrialState.COMPLETE) == complete
        if number:
            assert trial.params["alpha"] == lines["param_alpha"].iloc[0]
            assert trial.params["hidden_layer_sizes"] == str(
                lines["param_hidden_layer_sizes"].iloc[0]
            )


def test_a_search_that_goes_on_adds_no_candidate_twice(tmp_path):
    study = optuna.create_study(direction="maximize")
    for _ in range(2):
        hbcd.tune(model(), X, Y, SPACE, study=study, storage=tmp_path / "s.jsonl", **OPTIONS)
    numbers = [trial.user_attrs["hbcd_trial"] for trial in study.trials]
    assert len(numbers) == len(set(numbers))


def test_failing_candidates_parts_and_distributions_are_taken():
    from scipy import stats

    study = optuna.create_study(direction="minimize")
    space = {
        "alpha": stats.loguniform(1e-3, 1.0),
        "activation": ["tanh", "tahn"],
        "strategy__shell__selector": [None, hbcd.PingPong()],
        "max_iter": (20, 40),
    }
    found = hbcd.tune(model(), X, Y, space, scoring="rmse", study=study, **OPTIONS)
    states = {trial.state.name for trial in study.trials}
    assert states == {"COMPLETE", "PRUNED", "FAIL"}
    assert study.best_value == found.best_score_
    assert {trial.params.get("strategy__shell__selector") for trial in study.trials} == {
        None,
        "PingPong()",
    }


def test_a_study_that_goes_the_other_way_is_refused():
    with pytest.raises(ValueError, match="study: must maximize one value, r2, not minimize"):
        hbcd.tune(model(), X, Y, SPACE, study=optuna.create_study(), **OPTIONS)
    several = optuna.create_study(directions=["maximize", "minimize"])
    with pytest.raises(ValueError, match="not maximize and minimize"):
        hbcd.tune(model(), X, Y, SPACE, study=several, **OPTIONS)
