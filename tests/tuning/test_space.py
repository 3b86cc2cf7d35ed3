"""Spaces: what a user writes, what is drawn, and which parameters that sets."""

import numpy as np
import pytest
from scipy import stats

import hbcd
from hbcd.tuning.candidates import Tunable, short_text
from hbcd.tuning.space import combinations, draw, parse_space
from support.tuning import model


def drawn(space, count=200, seed=0):
    candidates = draw(parse_space(space), count, np.random.default_rng(seed), repr)
    return [next(iter(candidate.values())) for candidate in candidates]


def test_a_list_gives_its_objects_themselves():
    parts = [hbcd.Adam(1e-2), None, (20, 20)]
    assert {id(value) for value in drawn({"p": parts})} == {id(part) for part in parts}


def test_a_pair_of_whole_numbers_gives_whole_numbers_both_ends_included():
    assert sorted(set(drawn({"p": (3, 6)}))) == [3, 4, 5, 6]
    assert all(type(value) is int for value in drawn({"p": (1, 1000, "log")}))


def test_a_range_stays_inside_its_ends():
    for space in ((0.5, 2.0), (1e-4, 1e2, "log"), (1, 50, "log")):
        values = drawn({"p": space})
        assert min(values) >= space[0]
        assert max(values) <= space[1]
        assert len(set(values)) > 30


def test_the_logarithm_of_a_log_range_is_spread_evenly():
    values = np.log10(drawn({"p": (1e-4, 1e2, "log")}, 2000))
    shares = np.histogram(values, bins=6, range=(-4, 2))[0] / 2000
    assert np.abs(shares - 1 / 6).max() < 0.04  # five standard deviations


def test_a_distribution_is_asked_with_our_generator():
    values = drawn({"p": stats.loguniform(1e-2, 1.0)})
    assert values == drawn({"p": stats.loguniform(1e-2, 1.0)})
    assert all(type(value) is float for value in values)
    assert values != drawn({"p": stats.loguniform(1e-2, 1.0)}, seed=1)


def test_candidates_are_all_different_and_a_finite_space_is_given_whole():
    space = parse_space({"a": [1, 2, 3], "b": ["x", "y"]})
    assert combinations(space) == 6
    assert combinations(parse_space({"a": [1], "b": (0.0, 1.0)})) is None
    found = draw(space, None, np.random.default_rng(0), repr)
    assert len({(c["a"], c["b"]) for c in found}) == len(found) == 6
    assert len(draw(space, 4, np.random.default_rng(0), repr)) == 4


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ([], r"space=\[\]: must be a dict"),
        ({}, "space={}: must name at least one parameter"),
        ({"alpha": []}, r"alpha=\[\] must have at least one value"),
        ({"alpha": 3}, "alpha=3 must be a list of values"),
        ({"alpha": (1.0,)}, "must be two numbers"),
        ({"alpha": (1.0, 2.0, 3.0)}, "must be two numbers"),
        ({"alpha": (1.0, 2.0, "ln")}, "must be two numbers"),
        ({"activation": ("tanh", "relu")}, "values to choose from stand in a list"),
        ({"warm_start": (False, True)}, "must be two numbers"),
        ({"alpha": (2.0, 1.0)}, "must be finite, the lower end first"),
        ({"alpha": (0.0, np.inf)}, "must be finite"),
        ({"alpha": (0.0, 1.0, "log")}, "must begin above 0"),
        ({3: [1]}, "3 must be the name of a parameter"),
    ],
)
def test_a_bad_space_is_told_in_one_line(space, message):
    with pytest.raises((ValueError, TypeError), match=message) as caught:
        parse_space(space)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ({"alhpa": [1]}, "did you mean 'alpha'"),
        ({"strategy__batch_rowz": [1]}, "strategy__batch_rowz must be a part of strategy"),
        ({"strategy__shell__optimizer__history": [1]}, "have no shell__optimizer__history"),
        ({"alpha__x": [1]}, "alpha__x must be a part of alpha"),
        ({"strategy": ["bcd"], "strategy__batch_rows": [1]}, "must be a part of strategy"),
        ({"strategy": ["fsat"], "strategy__batch_rows": [1]}, "must be a part of strategy"),
    ],
)
def test_a_name_that_comes_to_nothing_is_told(space, message):
    with pytest.raises(ValueError, match=message):
        Tunable(model()).check_names(parse_space(space))


def test_parts_of_parts_are_replaced_where_the_candidate_has_them():
    tunable = Tunable(model())
    batches = hbcd.MiniBatch(hbcd.Adam())
    space = {
        "strategy": ["fast", batches],
        "strategy__batch_rows": [32],
        "strategy__optimizer__learning_rate": [0.5],
        "strategy__shell__selector": [hbcd.PingPong()],
    }
    tunable.check_names(parse_space(space))
    rest = {name: values[0] for name, values in space.items()}
    made = tunable.with_parameters({**rest, "strategy": batches})
    assert made.strategy == hbcd.MiniBatch(hbcd.Adam(0.5), batch_rows=32)
    assert list(tunable.effective({**rest, "strategy": batches})) == list(space)[:3]
    made = tunable.with_parameters({**rest, "strategy": "fast"})
    assert made.strategy.shell.selector == hbcd.PingPong()
    assert tunable.effective({**rest, "strategy": "fast"}) == {
        "strategy": "fast",
        "strategy__shell__selector": hbcd.PingPong(),
    }


def test_a_part_that_is_drawn_is_there_before_its_own_parts_whatever_the_order():
    tunable = Tunable(model())
    candidate = {"strategy__shell__batch_rows": 8, "strategy__shell": hbcd.MiniBatch(hbcd.Adam())}
    tunable.check_names(parse_space({name: [value] for name, value in candidate.items()}))
    assert tunable.with_parameters(candidate).strategy.shell.batch_rows == 8


def test_the_model_itself_is_never_changed():
    given = model()
    before = repr(given)
    Tunable(given).with_parameters({"alpha": 3.0, "strategy__shell__selector": hbcd.PingPong()})
    assert repr(given) == before


@pytest.mark.parametrize("wrong", [3, None, hbcd.HybridRegressor, "model"])
def test_what_holds_no_estimator_of_ours_is_refused(wrong):
    with pytest.raises(TypeError, match="must be a HybridRegressor, a HybridClassifier"):
        Tunable(wrong)


def test_the_default_space_is_of_names_that_the_model_has():
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    for rows in (100, 5000):
        for one in (hbcd.HybridRegressor(), hbcd.HybridClassifier()):
            space = hbcd.tuning_space(one, np.zeros((rows, 2)))
            Tunable(one).check_names(parse_space(space))
            pipe = make_pipeline(StandardScaler(), one)
            inner = hbcd.tuning_space(pipe, np.zeros((rows, 2)))
            Tunable(pipe).check_names(parse_space(inner))
            prefix = f"{type(one).__name__.lower()}__"
            assert list(inner) == [prefix + name for name in space]


def test_a_part_is_told_by_what_is_not_its_default():
    assert short_text(hbcd.Adam()) == "Adam()"
    assert short_text(hbcd.MiniBatch(hbcd.Adam(0.01), epochs=7)) == (
        "MiniBatch(optimizer=Adam(learning_rate=0.01), epochs=7)"
    )
    assert [short_text(v) for v in ((20, 20), (5,), None, 0.123456, "fast")] == [
        "(20, 20)", "(5,)", "None", "0.1235", "fast"
    ]  # fmt: skip
