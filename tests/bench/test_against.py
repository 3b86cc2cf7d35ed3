"""bench/tables and bench/bigger against other versions and libraries: loaders, runs, verdicts."""

import gzip
import inspect
import json
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the benchmarks need scikit-learn")


@pytest.fixture(scope="module")
def bench():
    from bench.bigger import many_rows
    from bench.tables import against, bars, growth, noise, problems, rivals, runs

    return SimpleNamespace(
        against=against, bars=bars, growth=growth, many=many_rows, noise=noise, problems=problems,
        refused=problems.Refused, rivals=rivals, runs=runs,
    )  # fmt: skip


@pytest.fixture
def table(bench):
    """Methods' (error, CPU) on as many problems as each has values."""

    def make(names=("a", "b"), **methods):
        return {
            problem: {method: bench.bars.Mean(*found[k]) for method, found in methods.items()}
            for k, problem in enumerate(names)
        }

    return make


# ---- loaders


@pytest.fixture
def home(tmp_path):
    """A folder such as HBCD_DATA names, with two tables of nine and a thousand rows."""
    for name, rows in (("few", 9), ("many", 1000)):
        folder = tmp_path / "uci" / name
        folder.mkdir(parents=True)
        values = np.arange(3.0 * rows).reshape(rows, 3)
        mask = np.zeros((rows, 10), int)
        mask[np.arange(rows), np.arange(rows) % 10] = 1
        for file, content in (("data", values), ("test_mask", mask)):
            with gzip.open(folder / f"{file}.csv.gz", "wt") as text:
                np.savetxt(text, content, delimiter=",", fmt="%g")
    return tmp_path


def test_the_mask_says_which_rows_of_a_split_are_tested_and_the_last_column_is_the_target(
    bench, home
):
    few, many = bench.problems.uci_tables(home)
    assert (few.name, many.name) == ("few", "many")
    parts = few.parts(3)
    assert parts.x_test.tolist() == [[9, 10]]
    assert parts.y_test.tolist() == [11]
    assert parts.x[:, 0].tolist() == [0, 3, 6, 12, 15, 18, 21, 24]
    assert parts.y.tolist() == [2, 5, 8, 14, 17, 20, 23, 26]


def test_tables_below_1000_rows_have_five_splits_others_three(bench, home):
    assert [problem.splits for problem in bench.problems.uci_tables(home)] == [5, 3]


@pytest.mark.parametrize("damage", [lambda mask: mask[:-1], lambda mask: mask * 2])
def test_a_mask_that_does_not_fit_its_table_is_named(bench, home, damage):
    file = home / "uci" / "few" / "test_mask.csv.gz"
    mask = damage(np.loadtxt(file, delimiter=","))
    with gzip.open(file, "wt") as text:
        np.savetxt(text, mask, delimiter=",", fmt="%g")
    with pytest.raises(
        bench.problems.Refused, match=r"test_mask\.csv\.gz: must hold 0 or 1 in each of the 9"
    ):
        bench.problems.uci_tables(home)


def test_without_data_there_are_no_tables_and_the_run_says_so(bench, tmp_path, monkeypatch, capsys):
    assert bench.problems.uci_tables(tmp_path) == bench.problems.uci_tables(None) == []
    monkeypatch.delenv("HBCD_DATA", raising=False)
    assert bench.against.uci(SimpleNamespace()) == 0
    assert "--uci: skipped" in capsys.readouterr().out


def test_the_ten_tables_of_classes_have_every_class_in_every_fold(bench):
    problems = bench.problems.class_tables(3, 0)
    assert len({problem.name for problem in problems}) == 10
    for problem in problems[:4]:
        parts = [problem.parts(split) for split in range(problem.splits)]
        assert len(parts) == 3
        assert sum(len(part.y_test) for part in parts) == len(parts[0].y) + len(parts[0].y_test)
        for part in parts:
            assert np.unique(part.y).tolist() == np.unique(part.y_test).tolist()


def test_made_problems_are_the_same_every_time_and_other_rows_on_every_split(bench):
    problems = bench.noise.noise_problems()
    assert {len(problem.parts(0).x) for problem in problems} >= {50, 2000}
    for problem in problems:
        first, again, other = problem.parts(0), problem.parts(0), problem.parts(1)
        assert np.array_equal(first.x, again.x)
        assert np.array_equal(first.y_test, again.y_test)
        assert first.x.shape == other.x.shape
        assert not np.array_equal(first.x, other.x)
        assert len(first.x) == len(first.y)
        assert len(first.x_test) == len(first.y_test) == bench.noise.TEST_ROWS


# ---- errors


def parts_of(bench, y, y_test):
    return bench.problems.Parts(np.zeros((len(y), 1)), np.array(y), np.zeros((len(y_test), 1)),
                                np.array(y_test))  # fmt: skip


def test_the_error_is_the_root_of_1_less_r2_on_the_test_rows(bench):
    from sklearn.metrics import r2_score

    rng = np.random.default_rng(0)
    y_test, predicted = rng.normal(3, 2, 50), rng.normal(3, 2, 50)
    found = bench.runs.error_of(parts_of(bench, [9.0, 1.0], y_test), predicted)
    assert found == pytest.approx(np.sqrt(1 - r2_score(y_test, predicted)))
    assert found == bench.runs.error_of(parts_of(bench, [9.0], y_test), predicted[:, np.newaxis])


def test_the_log_loss_is_that_of_scikit_learn_with_any_labels(bench):
    from sklearn.metrics import log_loss

    labels = np.array([2, 5, 9])
    rng = np.random.default_rng(0)
    y_test = rng.choice(labels, 40)
    given = rng.dirichlet(np.ones(3), 40)
    found = bench.runs.log_loss_of(parts_of(bench, labels, y_test), given)
    assert found == pytest.approx(log_loss(y_test, given, labels=labels))


def test_a_probability_of_0_for_the_right_class_costs_as_one_of_1e_15(bench):
    parts = parts_of(bench, [0, 1], [1, 1])
    found = bench.runs.log_loss_of(parts, np.array([[1.0, 0.0], [0.0, 1.0]]))
    assert found == pytest.approx(-0.5 * np.log(1e-15))


# ---- runs


def line_problem(bench, splits=2):
    def parts(split):
        rng = np.random.default_rng(split)
        x = rng.normal(size=(30, 2))
        y = x[:, 0] - 2 * x[:, 1]
        return bench.problems.Parts(x[:20], y[:20], x[20:], y[20:])

    return bench.problems.Problem("a line", False, splits, parts)


def run_of(bench, method, split=0, build="1", error=1.0, failed=None, problem="a"):
    return bench.runs.Run(problem, split, method, build, error, 2.0, 3.0, failed)


def test_methods_run_in_processes_of_their_own_and_a_second_run_measures_nothing(
    bench, tmp_path, monkeypatch
):
    file, problem = tmp_path / "runs.json", line_problem(bench)
    lengths = {"short": 1, "long": 100}
    methods = [
        bench.runs.Method(name, "hbcd", "1", {"max_iter": most, "hidden_layer_sizes": [3, 2]})
        for name, most in lengths.items()
    ]
    said = []
    book = bench.runs.Book(file)
    bench.runs.measure([problem], methods, book, bench.runs.error_of, said.append)
    assert {run.failed for run in book.runs.values()} == {None}
    for split in range(2):
        assert book.runs["a line", split, "long"].error < book.runs["a line", split, "short"].error
        assert book.runs["a line", split, "long"].cpu > 0
        assert book.runs["a line", split, "long"].widths == [3, 2]
    assert "long" in said[0]
    monkeypatch.setattr(bench.runs, "Worker", None)  # any new process would be an error
    again = bench.runs.Book(file)
    bench.runs.measure([problem], methods, again, bench.runs.error_of, said.append)
    assert again.runs == book.runs
    assert said[0] == said[1]


def test_a_figure_of_another_build_or_of_a_failed_run_does_not_count(bench):
    book = bench.runs.Book(None)
    method = bench.runs.Method("m", "m", "2")
    for build, failed, counts in (("1", None, False), ("2", "broke", False), ("2", None, True)):
        book.add(run_of(bench, "m", build=build, failed=failed))
        assert book.has("a", 0, method) == counts
    assert not book.has("a", 1, method)


def test_a_fit_that_fails_is_a_line_and_the_next_one_goes_on(bench):
    method = bench.runs.Method("m", "hbcd", "1", {"max_iter": 100})
    problem = bench.problems.Problem(
        "no rows", False, 1,
        lambda split: bench.problems.Parts(*(np.zeros(shape) for shape in ((0, 2), 0, (1, 2), 1))),
    )  # fmt: skip
    book, said = bench.runs.Book(None), []
    bench.runs.measure(
        [problem, line_problem(bench, 1)], [method], book, bench.runs.error_of, said.append
    )
    assert book.runs["no rows", 0, "m"].failed.startswith("ValueError: ")
    assert "m failed (ValueError: " in said[0]
    assert book.runs["a line", 0, "m"].failed is None
    assert bench.bars.means([problem], book.runs) == {"no rows": {}}


def test_a_version_below_another_path_is_refused_when_its_hbcd_comes_from_elsewhere(
    bench, tmp_path
):
    (tmp_path / "hbcd.py").write_text(
        "import sys; sys.path.insert(0, ''); __file__ = '/elsewhere/hbcd.py'\n"
        "class HybridRegressor:\n"
        "    def __init__(self, **options): pass\n"
        "    def fit(self, x, y): pass\n"
        "    def predict(self, x): return x[:, 0]\n"
    )
    with pytest.raises(bench.refused, match=r"imported .*elsewhere.*not below"):
        bench.runs.Worker(bench.runs.Method("0.1.0", "hbcd", "1", {}, tmp_path), classes=False)


def test_a_process_that_cannot_start_is_an_error_that_names_the_method(bench, capfd):
    with pytest.raises(bench.refused, match=r"^gone: its process ended with status 1$"):
        bench.runs.Worker(bench.runs.Method("gone", "no such method", "1"), classes=False)
    assert "KeyError" in capfd.readouterr().err


def test_the_fingerprint_changes_with_sources_and_binaries_and_nothing_else(bench, tmp_path):
    (tmp_path / "hbcd").mkdir()
    seen = {bench.runs.fingerprint(tmp_path)}
    for name, counts in (("a.py", True), ("core.so", True), ("notes.txt", False)):
        (tmp_path / "hbcd" / name).write_text("1")
        now = bench.runs.fingerprint(tmp_path)
        assert (now not in seen) == counts
        seen.add(now)


def test_the_file_says_what_was_measured_where(bench, tmp_path):
    book = bench.runs.Book(tmp_path / "runs.json")
    book.add(run_of(bench, "m"))
    bar = bench.bars.Bar("what", "3", False)
    assert bench.against.finish([bar], book) == 1
    kept = json.loads((tmp_path / "runs.json").read_text())
    assert kept["runs"][0]["method"] == "m"
    assert kept["bars"] == [{"bar": "what", "measured": "3", "met": False}]
    assert set(kept["about"]) >= {"error", "processor", "python"}


# ---- what is measured


def test_a_method_that_is_not_installed_is_skipped_with_a_line(bench, monkeypatch, capsys):
    here = bench.rivals.Rival("no-such-package-anywhere", None)
    monkeypatch.setitem(bench.rivals.RIVALS, "CatBoost", here)
    found = bench.against.installed(("CatBoost", "ExtraTrees"))
    assert [method.name for method in found] == ["ExtraTrees"]
    assert found[0].build.startswith("scikit-learn ")
    assert capsys.readouterr().out == "CatBoost: skipped, not installed\n"


def test_unknown_names_are_refused_with_those_that_are_known(bench):
    with pytest.raises(
        bench.problems.Refused, match=r"rivals='trees': must be one of CatBoost, XGBoost"
    ):
        bench.against.installed(("CatBoost", "XGBoost"), ["trees"])
    with pytest.raises(bench.refused, match=r"only='b': must be one of a line"):
        bench.against.chosen([line_problem(bench)], ["b"])


def test_efforts_are_names_or_numbers(bench, monkeypatch, capsys):
    import hbcd

    class WithEffort:
        def __init__(self, effort="balanced"):
            pass

    monkeypatch.setattr(hbcd, "HybridRegressor", WithEffort)
    found = bench.against.ours(["fast", "2.5"])
    assert {method.name: method.options for method in found} == {
        "fast": {"effort": "fast"},
        "2.5": {"effort": 2.5},
    }
    assert capsys.readouterr().out == ""


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
    "0.1.0": (1.0, 1.0),
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
        "balanced on kin40k: CPU seconds over those of 0.1.0's default",
    ]
    assert False not in found.values()


ERROR = "{}: geometric mean of the error over that of 0.1.0's default"
CPU = "{}: mean of the CPU seconds over those of 0.1.0's default"


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
    assert found["best on skillcraft: error over that of 0.1.0's default"].met is False
    assert found["best on forest: error over that of 0.1.0's default"].met is True
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
    cpu = "balanced on kin40k: CPU seconds over those of 0.1.0's default"
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
    two = table(m=[(0.5, 2.0), (0.5, 4.0)], **{"0.1.0": [(1.0, 1.0), (1.0, 1.0)]})
    text = bench.bars.summary(two, ["m", "0.1.0"], ["0.1.0"])
    assert "| m | 0.500 | 3.00 | 2.83 |  | 1.00 |" in text
    assert "| a | 0.5000 (2.00 s) | 1.0000 (1.00 s) |" in bench.bars.lines(two, ["m", "0.1.0"])
