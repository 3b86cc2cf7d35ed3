"""bench/tables and bench/bigger against other versions and libraries: verdicts, growth."""

import inspect

import numpy as np
import pytest

from support.bench_runs import run_of

pytest.importorskip("sklearn", reason="the benchmarks need scikit-learn")


# ---- verdicts


def test_means_are_of_all_splits_or_there_are_none(bench):
    problem = bench.problems.Problem("a", False, 2, None)
    runs = [run_of(bench, "both", 0, error=1.0), run_of(bench, "both", 1, error=3.0),
            run_of(bench, "one", 0), run_of(bench, "failed", 0),
            run_of(bench, "failed", 1, failed="it broke")]  # fmt: skip
    found = bench.bars.means([problem], {(r.problem, r.split, r.method): r for r in runs})
    assert found == {"a": {"both": (2.0, 2.0)}}


def test_ranks_share_a_tie_and_need_every_rival_on_every_problem(bench, table):
    both = table(m=[(1, 1), (2, 1)], n=[(1, 1), (1, 1)], o=[(3, 1), (3, 1)])
    assert bench.bars.mean_rank(both, "m", ("n", "o")) == (1.5 + 2) / 2
    assert bench.bars.mean_rank(both, "o", ("m", "n")) == 3
    assert bench.bars.mean_rank(both, "m", ("n", "p")) is None
    assert bench.bars.mean_rank({}, "m", ("n",)) is None


GOOD = {
    "first build": (1.0, 1.0),
    "fast": (0.8, 0.9),
    "balanced": (0.7, 2.0),
    "best": (0.6, 30.0),
    "CatBoost": (0.9, 2.0),
    "XGBoost": (0.9, 0.1),
    "LightGBM": (0.9, 0.1),
    "HistGradientBoosting": (0.9, 0.1),
    "ExtraTrees": (0.9, 0.1),
    "MLP lbfgs 64-64": (0.9, 0.1),
}
TABLES = ("yacht", "forest", "skillcraft")


def verdicts(bench, table, names=TABLES, **changed):
    methods = {name: [values] * len(names) for name, values in {**GOOD, **changed}.items()}
    found = bench.bars.uci_bars(table(names, **methods))
    return {bar.what.partition(" <= ")[0]: bar.met for bar in found}


def missed(bench, table, **changed):
    return {what for what, met in verdicts(bench, table, **changed).items() if met is False}


def test_bars_that_are_all_met(bench, table):
    found = verdicts(bench, table)
    assert len(found) == 17
    assert [what for what, met in found.items() if met is None] == [
        "balanced on kin40k: error",
        "balanced on kin40k: CPU seconds over those of the first build's default",
    ]
    assert False not in found.values()


ERROR = "{}: geometric mean of the error over that of the first build's default"
CPU = "{}: mean of the CPU seconds over those of the first build's default"


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"fast": (0.88, 0.9)}, {ERROR.format("fast")}),
        ({"balanced": (0.81, 2.0)}, {ERROR.format("balanced")}),
        ({"best": (0.69, 30.0)}, {ERROR.format("best")}),
        ({"fast": (0.8, 1.01)}, {CPU.format("fast")}),
        ({"balanced": (0.7, 3.01), "CatBoost": (0.9, 3.0)}, {CPU.format("balanced")}),
        ({"best": (0.6, 41.0)}, {CPU.format("best")}),
        ({"CatBoost": (0.9, 1.3)},
         {"balanced: geometric mean of the CPU seconds over those of CatBoost"}),
        ({"CatBoost": (0.5, 2.0)}, {"best: mean rank"}),
        ({"CatBoost": (0.65, 2.0), "ExtraTrees": (0.65, 1.0)}, {"balanced: mean rank"}),
    ],
)  # fmt: skip
def test_every_bar_can_be_missed_alone(bench, table, changed, what):
    assert missed(bench, table, **changed) == what


def test_a_noisy_table_is_judged_by_itself(bench, table):
    methods = {name: [values] * 3 for name, values in GOOD.items()}
    methods["best"] = [(0.1, 30.0), (0.1, 30.0), (1.016, 30.0)]
    found = {bar.what.partition(" <= ")[0]: bar for bar in
             bench.bars.uci_bars(table(TABLES, **methods))}  # fmt: skip
    assert found["best on skillcraft: error over that of the first build's default"].met is False
    assert found["best on forest: error over that of the first build's default"].met is True
    assert found[ERROR.format("best")].met is True


@pytest.mark.parametrize(("beaten_on", "met"), [(0, True), (1, True), (2, False)])
def test_the_best_effort_may_be_beaten_on_few_tables(bench, table, beaten_on, met):
    methods = {name: [values] * 3 for name, values in GOOD.items()}
    methods["CatBoost"] = [(0.5 if k < beaten_on else 0.9, 2.0) for k in range(3)]
    found = {bar.what: bar.met for bar in bench.bars.uci_bars(table(TABLES, **methods))}
    assert found["best: mean rank <= 1.4"] == met


def test_many_rows_are_judged_by_error_and_cpu(bench, table):
    names = ("kin40k",)
    error = "balanced on kin40k: error"
    cpu = "balanced on kin40k: CPU seconds over those of the first build's default"
    for own, met in (((0.044, 2.2), (True, True)), ((0.046, 2.1), (False, True)),
                     ((0.044, 2.3), (True, False))):  # fmt: skip
        found = verdicts(bench, table, names, balanced=own)
        assert (found[error], found[cpu]) == met


def test_without_the_baseline_or_a_rival_nothing_is_missed_but_nothing_passes(bench, table):
    methods = {name: [GOOD[name]] * 3 for name in ("fast", "balanced", "best", "CatBoost")}
    found = bench.bars.uci_bars(table(TABLES, **methods))
    judged = {bar.what.partition(" <= ")[0] for bar in found if bar.met is not None}
    assert judged == {"balanced: geometric mean of the CPU seconds over those of CatBoost"}
    assert "best: mean rank: not measured" in [str(bar) for bar in found]


def test_the_rank_among_classifiers(bench, table):
    rivals = {name: [(1.0, 1.0)] * 2 for name in bench.bars.CLASS_RIVALS}
    for errors, met in (((0.9, 0.9), True), ((0.9, 2.0), False)):
        found = table(balanced=[(error, 1.0) for error in errors], **rivals)
        assert [bar.met for bar in bench.bars.class_bars(found)] == [met]


def test_noise_is_judged_against_the_better_of_mean_and_ridge(bench, table):
    r2 = {"mean": (0.0, 0.0), "ridge": (-0.1, 0.9), "good": (-0.01, 0.89), "bad": (-0.03, 0.87)}
    methods = {name: [(np.sqrt(1 - value), 1.0) for value in both] for name, both in r2.items()}
    found = bench.bars.noise_bars(table(**methods), ["good", "bad"])
    assert [bar.met for bar in found] == [True, True, False, False]
    assert bench.bars.missed(found)
    assert "-0.030 against 0.000: FAIL" in str(found[2])


def test_generated_rows_are_judged_by_time_and_error(bench, table):
    for own, met in (((0.1, 3.0), [True, True]), ((0.1, 3.1), [False, True]),
                     ((0.3, 1.0), [True, False])):  # fmt: skip
        found = bench.many.rows_bars(table(("a",), balanced=[own], LightGBM=[(0.2, 1.0)]))
        assert [bar.met for bar in found] == met
    found = bench.many.rows_bars(table(("a",), balanced=[(0.1, 1.0)]))
    assert [bar.met for bar in found] == [None, None]


def test_torch_is_judged_by_its_best_network(bench, table):
    entries = table(("kin40k",), balanced=[(0.04, 1.0)], **{"torch a": [(0.05, 1.0)]})["kin40k"]
    assert [bar.met for bar in bench.many.kin40k_bars(entries)] == [True]
    entries["torch b"] = bench.bars.Mean(0.039, 1.0)
    found = bench.many.kin40k_bars(entries)
    assert found[0].met is False
    assert "torch b" in found[0].measured
    assert bench.many.kin40k_bars({"balanced": entries["balanced"]})[0].met is None


# ---- growth


def test_a_known_size_is_the_output_of_so_many_neurons_with_noise_of_a_thousandth(bench):
    parts, again = bench.growth.known_size(3).parts(0), bench.growth.known_size(3).parts(0)
    assert np.array_equal(parts.y, again.y)
    assert parts.x.shape == (2000, 4)
    both = np.concatenate([parts.y, parts.y_test])
    assert both.std() == pytest.approx(1.0, abs=1e-5)
    import hbcd

    given = {"alpha": 1e-6, "max_iter": 3000, "validation_fraction": None, "n_threads": 1}
    model = hbcd.HybridRegressor((3,), random_state=0, **given).fit(parts.x, parts.y)
    assert bench.runs.error_of(parts, model.predict(parts.x_test)) < 1e-3
    assert np.std(model.predict(parts.x) - parts.y) == pytest.approx(1e-3, rel=0.1)


@pytest.mark.parametrize(
    ("ends", "error", "met"),
    [([10, 13, 7], 1e-3, True), ([13, 13, 13], 1e-3, True), ([14, 13, 14], 1e-4, False),
     ([6, 6, 7], 1e-4, False), ([10, 10, 10], 1.1e-3, False)],
)  # fmt: skip
def test_growth_is_judged_by_the_mean_size_and_the_mean_error(bench, ends, error, met):
    runs = [
        bench.runs.Run("10 neurons", k, "grow", "1", error, 1.0, 1.0, None, [size - 2, 2])
        for k, size in enumerate(ends)
    ]
    kept = {(run.problem, run.split, run.method): run for run in runs}
    assert [bar.met for bar in bench.growth.size_bars([10], kept)] == [met]
    assert [bar.met for bar in bench.growth.size_bars([20], kept)] == [None]


def test_a_version_without_growth_is_refused(bench, monkeypatch):
    import hbcd

    def without(name):
        raise AttributeError(name)

    monkeypatch.delattr(hbcd, "Grow", raising=False)
    monkeypatch.setattr(hbcd, "__getattr__", without)  # which imports a name when it is asked for
    with pytest.raises(bench.refused, match="has no Grow"):
        bench.growth.methods()


def test_growth_is_one_network_beside_fixed_widths(bench, monkeypatch):
    import hbcd

    monkeypatch.setattr(hbcd, "Grow", object, raising=False)
    found = {method.name: method.options for method in bench.growth.methods()}
    assert found["grow"]["hidden_layer_sizes"] == "grow"
    assert found["20-20"]["hidden_layer_sizes"] == [20, 20]
    known = inspect.signature(hbcd.HybridRegressor).parameters
    assert all(("members" in options) == ("members" in known) for options in found.values())


def test_the_summary_has_ratios_and_ranks_of_every_method(bench, table):
    two = table(m=[(0.5, 2.0), (0.5, 4.0)], **{"first build": [(1.0, 1.0), (1.0, 1.0)]})
    text = bench.bars.summary(two, ["m", "first build"], ["first build"])
    assert "| m | 0.500 | 3.00 | 2.83 |  | 1.00 |" in text
    lines = bench.bars.lines(two, ["m", "first build"])
    assert "| a | 0.5000 (2.00 s) | 1.0000 (1.00 s) |" in lines
