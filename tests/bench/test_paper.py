"""bench/paper: splits do not leak, tables are whole, claims are judged by their rule."""

import csv
import math
import sys

import numpy as np
import pytest

import hbcd
from bench.paper import baselines, claims, data, fig2, fig3, methods, paired, times
from bench.paper.context import Context
from bench.paper.records import Store, metrics
from bench.paper.tables import COLUMNS, Table, markdown, write

BUDGET = methods.Budget(seconds=0.03, mlp_iterations=5)  # enough for tables, not for accuracy
LONGER = methods.Budget(seconds=5.0)


def plant(n=120, *, weeks=None, copies=0):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(n, 3))
    y = x[:, 0] + np.tanh(x[:, 1]) + 0.1 * rng.normal(size=n)
    take = np.concatenate([np.arange(n), np.arange(copies)])
    return data.Source("CCPP", x[take], y[take], "MW", ("a", "b", "c"), weeks)


def steel(n=140):
    """A table with the columns of the power triangle, which holds where it applies."""
    rng = np.random.default_rng(6)
    q, factor = rng.uniform(1, 9, n), rng.uniform(50, 99, n)
    q[:20] = 0.0
    pf = factor / 100
    usage = np.where(q > 0, q * pf / np.sqrt(1 - pf**2), 3.0)
    names = (baselines.LAGGING_POWER, baselines.LAGGING_FACTOR)
    weeks = np.arange(n) // 7
    return data.Source("SIEC", np.column_stack([q, factor]), usage, "kWh", names, weeks)


@pytest.fixture
def context(tmp_path):
    sources = {"ccpp": plant(), "siec": steel()}
    return Context(sources, 2, Store(BUDGET), tmp_path)


# ---- splits ----------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [10, 117, 9568])
@pytest.mark.parametrize("seed", [0, 3])
def test_the_random_split_is_that_of_scikit_learn(n, seed):
    from sklearn.model_selection import train_test_split

    expected = train_test_split(np.arange(n), test_size=0.2, random_state=seed)
    for ours, theirs in zip(data.shuffled(n, seed), expected, strict=True):
        assert (ours == theirs).all()


@pytest.mark.parametrize("seed", range(4))
def test_no_week_is_in_both_parts(seed):
    source = plant(120, weeks=np.arange(120) // 8)
    part = data.split(source, data.WEEKS, seed)
    assert not set(source.weeks[part.train]) & set(source.weeks[part.test])
    assert len(set(source.weeks[part.test])) == 3  # a fifth of 15
    assert sorted([*part.train, *part.test]) == list(range(120))


def test_duplicates_are_taken_out_and_nothing_else():
    source = plant(100, copies=15)
    part = data.split(source, data.NO_DUPLICATES, 0)
    kept = np.column_stack([source.x, source.y])[[*part.train, *part.test]]
    assert len(kept) == 100
    assert len(np.unique(kept, axis=0)) == 100


def test_held_out_rows_come_from_the_training_rows_alone():
    part = data.split(plant(), data.RANDOM, 1)
    inner = part.held_out()
    assert sorted([*inner.train, *inner.test]) == sorted(part.train)
    assert not set(inner.test) & set(part.test)


def test_the_second_split_leaks_less_on_either_table():
    assert plant().kinds == (data.RANDOM, data.NO_DUPLICATES)
    assert steel().kinds == (data.RANDOM, data.WEEKS)


# ---- baselines -------------------------------------------------------------------------------


def test_cubic_least_squares_meets_a_cubic_and_leaves_dummies_alone():
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=(200, 2)), rng.integers(0, 2, 200)])
    y = 1 + x[:, 0] ** 3 - 2 * x[:, 0] * x[:, 1] ** 2 + 5 * x[:, 2]
    source = data.Source("t", x, y, "", ("a", "b", "c"))
    part = data.split(source, data.RANDOM, 0)
    outcome = baselines.fit_cubic(part, BUDGET)
    assert metrics(part.test_y, outcome.test)["r2"] > 1 - 1e-12
    assert baselines.cubic_terms(x)(x).shape[1] == 3 + 3 + 4  # linear, squares, cubes of a and b


def test_the_power_triangle_is_exact_where_it_applies():
    part = data.split(steel(), data.RANDOM, 0)
    outcome = baselines.fit_triangle(part, BUDGET)
    assert outcome.about["r2_where_it_applies"] > 1 - 1e-12
    assert 0.5 < outcome.about["share"] < 1.0
    assert metrics(part.test_y, outcome.test)["r2"] > 1 - 1e-12


def test_without_scikit_learn_the_row_says_so(context, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    rows = context.references(context.sources["ccpp"])
    row = next(row for row in rows if row["what"] == baselines.TREES)
    assert row["runs"] == 0
    assert "not installed" in row["note"]
    assert next(row for row in rows if row["what"] == baselines.LINEAR)["runs"] == 2


# ---- measurements and tables -----------------------------------------------------------------


def test_what_was_measured_is_not_measured_again(tmp_path):
    calls = []

    def fit(part, budget):
        calls.append(part.seed)
        return baselines.fit_linear(part, budget)

    method = methods.Method("counted", "counted", fit)
    part = data.split(plant(), data.RANDOM, 0)
    path = tmp_path / "records.jsonl"
    first = Store(BUDGET, path).fit(method, part)
    again = Store(BUDGET, path).fit(method, part)
    assert calls == [0]
    assert again == first
    Store(methods.Budget(seconds=9.0), path).fit(method, part)  # another budget is another fit
    Store(BUDGET, path, fresh=True).fit(method, part)
    assert calls == [0, 0, 0]


def test_a_line_cut_off_by_a_kill_is_left_out(tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text('{"key": "a", "record": {"r2_test": 1}}\n{"key": "b", "rec')
    assert list(Store(BUDGET, path).known) == ["a"]


@pytest.mark.parametrize("experiment", [fig2, fig3])
def test_tables_hold_every_column_and_end_in_every_reference(context, experiment, monkeypatch):
    monkeypatch.setattr(fig2, "ACTIVATIONS", ("tanh", "relu"))
    found = experiment.run(context)
    for table in found.tables:
        write(table, context.folder)
        with (context.folder / f"{table.name}.csv").open(encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        assert tuple(lines[0]) == COLUMNS
        for source in context.sources.values():
            for kind in source.kinds:
                here = [x for x in lines if (x["dataset"], x["split"]) == (source.name, kind)]
                named = {line["what"] for line in here}
                expected = {m.name for m in baselines.baselines(source)}
                assert expected | {methods.PAPER, methods.DEFAULT} <= named
                assert all(line["r2_test"] and line["runs"] == "2" for line in here)
            published = [x for x in lines if x["what"].startswith("article")]
            assert source.name in {line["dataset"] for line in published}
        text = markdown(table)
        assert len({line.count("|") for line in text.splitlines()}) == 1


def test_the_gain_is_over_least_squares_on_the_same_split(context):
    row = context.row(methods.paper(), context.sources["ccpp"])
    pairs = zip(
        context.records(methods.paper(), context.sources["ccpp"]),
        context.records(baselines.BASELINES[0], context.sources["ccpp"]),
        strict=True,
    )
    gains = [a["r2_test"] - b["r2_test"] for a, b in pairs]
    assert row["gain"] == pytest.approx(np.mean(gains))
    assert row["gain_sd"] == pytest.approx(np.std(gains, ddof=1))  # not so where pairs are mixed up


def test_absent_figures_are_empty_cells():
    table = Table("t", "t", [{"dataset": "CCPP", "what": "article", "r2_test": "0.931"}])
    assert "| 0.931 |" in markdown(table)
    assert "None" not in markdown(table)


# ---- times -----------------------------------------------------------------------------------


def test_checks_start_early_and_end_with_the_run():
    limits = times.checks([[0.5, 1000], [1.0, 10000]], 1.0)
    assert limits[0] == 4  # 0.2 % of the seconds: 0.4 % of the first 1000 evaluations
    assert limits[-1] == 10000
    assert limits == sorted(set(limits))


def test_a_limited_run_is_the_longer_run_as_it_was_then():
    part = data.split(plant(), data.RANDOM, 0)
    strategy = hbcd.BlockCoordinateDescent()

    def losses(limit):
        x, y = part.train_x, (part.train_y - part.train_y.mean()) / part.train_y.std()
        layers = [hbcd.InputLayer(3), hbcd.HiddenLayer(4, hbcd.Tanh()), hbcd.OutputLayer(1)]
        network = hbcd.Network(layers)
        report = network.train(
            network.init(0), x, y, strategy=strategy, stop=hbcd.Stop(max_evaluations=limit)
        )
        visits = report.history[report.history.event == "visit"]
        return visits.loss[visits.reason == "iterations"].to_numpy()  # not those cut off

    short, long = losses(60), losses(200)
    assert 5 < len(short) < len(long)
    assert (short == long[: len(short)]).all()


def test_seconds_stop_at_the_target_and_are_the_whole_run_where_it_is_never_met(context):
    context.store.budget = LONGER
    part = context.splits(context.sources["ccpp"])[0]

    def make(limit):
        return methods.ours("bcd", hbcd.BlockCoordinateDescent(), max_evaluations=limit)

    early, never = (times.time_to(make, part, target, context) for target in (0.2, 1.01))
    assert early["reached"]
    assert early["evaluations_to"] < early["evaluations"]
    assert not never["reached"]
    assert never["seconds_to"] == never["seconds"]


# ---- tests and claims ------------------------------------------------------------------------

GOOD = 0.95 + 0.001 * np.arange(10.0)


def test_holm_is_the_step_down_of_bonferroni():
    made = [paired.Comparison("", 10, 0, 0, p, True) for p in (0.03, 0.01, 0.04)]
    assert [c.p for c in paired.holm(made)] == pytest.approx([0.06, 0.03, 0.06])


def test_fewer_than_ten_runs_call_no_difference_one():
    assert paired.higher("", GOOD[:9], GOOD[:9] - 0.1).held is None
    assert paired.higher("", GOOD, GOOD - 0.1).held is True
    assert paired.higher("", GOOD, GOOD).held is False
    worse = paired.higher("", GOOD - 0.1, GOOD)
    assert worse.held is False
    assert worse.reversed
    assert not paired.higher("", GOOD, GOOD).reversed


def test_steadier_sees_spread_and_not_level():
    noise = np.random.default_rng(0).normal(size=20)
    other = np.random.default_rng(1).normal(size=20)
    assert paired.steadier("", 5 + 0.1 * noise, other).held is True
    assert paired.steadier("", other, 0.1 * noise).held is False
    assert paired.steadier("", noise, other + 9).held is False


def test_unequal_lists_are_no_pairs():
    with pytest.raises(ValueError, match="same length"):
        paired.higher("", GOOD, GOOD[:5])


@pytest.mark.parametrize(
    ("gains", "verdict"),
    [
        ((0.01, 0.02), claims.HOLDS),
        ((0.01, -0.01), claims.PARTLY),
        ((-0.01, -0.02), claims.NOT),
        ((0.0, 0.0), claims.NOT),
    ],
)
def test_rules_are_judged_against_every_other(gains, verdict):
    scores = {"most": GOOD, **{f"rule {k}": GOOD - gain for k, gain in enumerate(gains)}}
    assert claims.most_sensitive("most", {"CCPP": scores}).verdict == verdict
    few = {name: values[:5] for name, values in scores.items()}
    assert claims.most_sensitive("most", {"CCPP": few}).verdict == claims.UNTESTED


@pytest.mark.parametrize(
    ("icrs", "verdict"),
    [((0.1, 0.1), claims.HOLDS), ((0.1, 9.0), claims.PARTLY), ((9.0, 1.0), claims.NOT)],
)
def test_steadiness_is_judged_pair_by_pair(icrs, verdict):
    a, b = (np.random.default_rng(k).normal(size=12) for k in range(2))
    assert claims.spread([("", scale * a, b) for scale in icrs]).verdict == verdict


@pytest.mark.parametrize(
    ("level", "without", "verdict"),
    [
        (0.931, GOOD - 0.1, claims.HOLDS),
        (0.931, GOOD + 0.1, claims.PARTLY),
        (0.99, GOOD + 0.1, claims.NOT),
    ],
)
def test_the_lift_needs_level_and_difference(level, without, verdict):
    assert claims.lift(level, GOOD, [("", GOOD, without)]).verdict == verdict


def test_a_difference_the_other_way_round_is_told():
    claim = claims.gains("", [("x", GOOD - 0.1, GOOD)])
    assert claim.verdict == claims.NOT
    assert "the other way round" in claim.parts[0].text


@pytest.mark.parametrize(
    ("ratios", "never", "verdict"),
    [
        ((6.0, 9.0), 0, claims.HOLDS),
        ((6.0, 4.0), 0, claims.PARTLY),
        ((6.0, 9.0), 10, claims.NOT),  # fast, but it never arrives
        ((4.0, 0.5), 0, claims.NOT),
    ],
)
def test_faster_means_by_the_factor_and_to_the_target(ratios, never, verdict):
    seconds = 1 + 0.01 * np.arange(10.0)
    races = [claims.Race("", seconds, ratio * seconds, 5.0, never) for ratio in ratios]
    assert claims.speed("", races).verdict == verdict


def test_metrics_are_their_definitions():
    truth, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 3.0])
    found = metrics(truth, predicted)
    assert found["mse"] == pytest.approx(2 / 3)
    assert found["mae"] == pytest.approx(2 / 3)
    assert math.isclose(found["r2"], 1 - 2 / (14 / 3))
