"""bench/tables: what it counts, without running the whole race."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the benchmarks need scikit-learn")


@pytest.fixture(scope="module")
def bench():
    from bench.tables import data_sets, race, verdict

    return SimpleNamespace(race=race, sets=data_sets, verdict=verdict)


@pytest.fixture
def results(bench):
    def make(ours, adam, lbfgs, seconds=(1.0, 2.0, 3.0)):
        scores = dict(zip((bench.race.OURS, *bench.race.SOLVERS), (ours, adam, lbfgs), strict=True))
        return {
            name: bench.race.Entry("r2", found, [second] * len(found))
            for (name, found), second in zip(scores.items(), seconds, strict=True)
        }

    return make


def test_sets_are_ten_and_more_with_names_of_their_own_and_the_same_numbers_every_time(bench):
    names = [data.name for data in (*bench.sets.TEN, *bench.sets.HELD_BACK)]
    assert len(bench.sets.TEN) == 10
    assert len(bench.sets.HELD_BACK) >= 6
    assert len(set(names)) == len(names)
    for data in (*bench.sets.TEN, *bench.sets.HELD_BACK):
        (x, y), (same_x, same_y) = data.make(), data.make()
        assert np.array_equal(x, same_x)
        assert np.array_equal(y, same_y)
        assert np.isfinite(x).all()
        assert (x.std(axis=0) > 0).all() or data.name == "digits"  # whose corners are blank
        assert len(x) == len(y) >= 150


def test_every_row_is_tested_once_and_every_fold_has_its_share_of_every_class(bench):
    data = next(one for one in bench.sets.TEN if one.name == "iris")
    x, y = data.make()
    found = bench.race.folds(data, x, y, 5, 0)
    assert sorted(np.concatenate([test for _, test in found])) == list(range(150))
    assert all(np.bincount(y[test]).tolist() == [10, 10, 10] for _, test in found)
    again = bench.race.folds(data, x, y, 5, 0)
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(found, again, strict=True))


def test_the_better_solver_is_the_one_with_the_higher_mean_on_the_data_set(bench, results):
    assert bench.verdict.line(results([0.5, 0.5], [0.9, 0.0], [0.4, 0.6])).solver == "lbfgs"
    assert bench.verdict.line(results([0.5, 0.5], [0.9, 0.2], [0.4, 0.6])).solver == "adam"


def test_the_difference_is_paired_over_the_folds(bench, results):
    found = bench.verdict.line(results([0.90, 0.70, 0.80], [0.91, 0.72, 0.81], [0.0, 0.0, 0.0]))
    assert found.difference == pytest.approx(-0.04 / 3)
    assert found.error == pytest.approx(0.01 / 3)  # standard deviation 0.01 / sqrt(3) over sqrt(3)
    assert found.worse
    few = bench.verdict.line(results([0.90, 0.70, 0.80], [0.91, 0.74, 0.80], [0.0, 0.0, 0.0]))
    assert few.difference < 0
    assert not few.worse


def test_worse_by_the_same_on_every_fold_is_worse(bench, results):
    assert bench.verdict.line(results([0.5, 0.5], [0.75, 0.75], [0.0, 0.0])).worse
    assert not bench.verdict.line(results([0.5, 0.5], [0.5, 0.5], [0.0, 0.0])).worse


def test_ranks_share_a_tie(bench, results):
    both = {"a": results([2.0, 2.0], [1.0, 1.0], [0.0, 0.0]),
            "b": results([1.0, 1.0], [1.0, 1.0], [0.0, 0.0])}  # fmt: skip
    assert bench.verdict.mean_ranks(both) == (1.25, 1.75)


def test_every_bar_can_be_missed(bench, results):
    def met(**sets):
        return [met for *_, met in bench.verdict.verdicts(sets)]

    good, bad = results([1.0, 1.0], [0.5, 0.6], [0.0, 0.0]), results([0.0, 0.0], [0.5, 0.6], [0, 0])
    tie = results([0.5, 0.6], [0.5, 0.6], [0.0, 0.0])
    assert met(a=good, b=good) == [True, True]
    assert met(a=good, b=tie) == [False, True]
    assert met(a=bad) == [False, False]
    assert met(**dict.fromkeys("abcdefghi", good), j=bad) == [True, False]
    assert met(SIEC=results([0.99999, 0.99998], [0.9, 0.8], [0.0, 0.0])) == [True, True, True]
    assert met(SIEC=results([0.99999, 0.9999], [0.9, 0.8], [0.0, 0.0])) == [True, True, False]


def test_the_time_is_that_of_the_better_solver_of_each_set(bench, results):
    one = results([1.0, 1.0], [0.5, 0.6], [0.0, 0.0])
    other = results([1.0, 1.0], [0.0, 0.0], [0.5, 0.6])
    assert bench.verdict.seconds({"a": one, "b": other}) == (4.0, 2 * 2.0 + 2 * 3.0)


def test_the_race_takes_defaults_behind_a_scaler_and_the_table_says_who_was_better(bench):
    made = bench.race.estimators(True, 0)
    assert repr(made["hbcd"]()) == "HybridClassifier(random_state=0, n_threads=1)"
    assert repr(made["lbfgs"]()) == "MLPClassifier(random_state=0, solver='lbfgs')"
    iris = next(one for one in bench.sets.TEN if one.name == "iris")
    entries = bench.race.race(iris, 3, 0)
    assert {name: len(entry.scores) for name, entry in entries.items()} == dict.fromkeys(made, 3)
    assert all(entry.mean > 0.9 for entry in entries.values())
    text = bench.verdict.table({"iris": entries})
    better = max(("adam", "lbfgs"), key=lambda name: entries[name].mean)
    assert f"({better})" in text
    assert f"| iris | accuracy | {entries['hbcd'].mean:.4f} |" in text
