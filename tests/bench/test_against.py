"""bench/tables and bench/bigger against other versions and libraries: loaders, runs."""

import gzip
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import hbcd
from support.bench_runs import run_of

pytest.importorskip("sklearn", reason="the benchmarks need scikit-learn")


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

INSTALLED = Path(hbcd.__file__).parents[1]  # the hbcd under test, built in place or a wheel


def line_problem(bench, splits=2):
    def parts(split):
        rng = np.random.default_rng(split)
        x = rng.normal(size=(30, 2))
        y = x[:, 0] - 2 * x[:, 1]
        return bench.problems.Parts(x[:20], y[:20], x[20:], y[20:])

    return bench.problems.Problem("a line", False, splits, parts)


def test_methods_run_in_processes_of_their_own_and_a_second_run_measures_nothing(
    bench, tmp_path, monkeypatch
):
    file, problem = tmp_path / "runs.json", line_problem(bench)
    lengths = {"short": 1, "long": 100}
    methods = [
        bench.runs.Method(
            name, "hbcd", "1", {"max_iter": most, "hidden_layer_sizes": [3, 2]}, INSTALLED
        )
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
    method = bench.runs.Method("m", "hbcd", "1", {"max_iter": 100}, INSTALLED)
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
        bench.runs.Worker(bench.runs.Method("first", "hbcd", "1", {}, tmp_path), classes=False)


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
