"""bench/core/compare.py: slower means by a ratio and by a time; what can't be compared is said."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "bench" / "core" / "compare.py"


@pytest.fixture(scope="module")
def main():
    spec = importlib.util.spec_from_file_location("bench_compare", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, spec.name, module)  # dataclasses look there
        spec.loader.exec_module(module)
        yield module.main


@pytest.fixture
def compare(main, tmp_path):
    def run(old, new, *options):
        paths = []
        for which, times in (("old", old), ("new", new)):
            paths.append(tmp_path / f"{which}.json")
            paths[-1].write_text(times if isinstance(times, str) else as_file(times))
        return main([*map(str, paths), *options])

    return run


def as_file(times):
    results = [{"name": name, "median_s": seconds} for name, seconds in times.items()]
    return json.dumps({"meta": {"what": "test"}, "results": results})


def test_equal_times_pass(compare, capsys):
    assert compare({"a": 1e-3, "b": 1e-6}, {"a": 1e-3, "b": 1e-6}) == 0
    assert "2 compared, 0 slower" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (100e-6, 111.0e-6, 1),  # by 11 % and 11 us
        (100e-6, 109.0e-6, 0),  # by 9 us, but only 9 %
        (1e-6, 2.5e-6, 0),  # 2.5 times, but only 1.5 us
        (1e-6, 3.1e-6, 1),  # 3.1 times and 2.1 us
        (1.0, 1.05, 0),  # by 50 ms, but only 5 %
        (100e-6, 50e-6, 0),  # faster
    ],
)
def test_slower_means_by_ratio_and_by_time(compare, old, new, code):
    assert compare({"a": old}, {"a": new}) == code


def test_one_slower_result_among_many_fails_and_is_marked(compare, capsys):
    old = {f"case {k}": 1e-3 for k in range(5)}
    assert compare(old, {**old, "case 3": 2e-3}) == 1
    marked = [line for line in capsys.readouterr().out.splitlines() if "SLOWER" in line]
    assert len(marked) == 1
    assert marked[0].startswith("case 3 ")


def test_limits_can_be_set(compare):
    old, new = {"a": 100e-6}, {"a": 130e-6}
    assert compare(old, new, "--ratio", "1.4") == 0
    assert compare(old, new, "--microseconds", "50") == 0
    assert compare(old, new, "--ratio", "1", "--microseconds", "0") == 1


def test_only_chosen_results_count(compare):
    old, new = {"a/hbcd": 1e-3, "a/other": 1e-3}, {"a/hbcd": 1e-3, "a/other": 5e-3}
    assert compare(old, new) == 1
    assert compare(old, new, "--only", "hbcd") == 0


def test_results_of_one_file_only_are_named_and_do_not_fail(compare, capsys):
    assert compare({"a": 1e-3, "gone": 1e-3}, {"a": 1e-3, "fresh": 1.0}) == 0
    assert "only in the old file: gone" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not JSON"),
        ("[1, 2]", "no list of results"),
        ('{"results": []}', "no list of results"),
        ('{"results": [{"median_s": 1}]}', "results[0] has no name"),
        ('{"results": [{"name": "a"}]}', "median_s=None"),
        ('{"results": [{"name": "a", "median_s": "1"}]}', "must be a positive number"),
        ('{"results": [{"name": "a", "median_s": true}]}', "must be a positive number"),
        ('{"results": [{"name": "a", "median_s": NaN}]}', "must be a positive number"),
        ('{"results": [{"name": "a", "median_s": 0}]}', "must be a positive number"),
        (
            '{"results": [{"name": "a", "median_s": 1}, {"name": "a", "median_s": 2}]}',
            "appears twice",
        ),
    ],
)
@pytest.mark.parametrize("place", ["old", "new"])
def test_an_unusable_file_is_one_line_and_code_2(compare, capsys, content, message, place):
    good = {"a": 1e-3}
    files = {"old": good, "new": good, place: content}
    assert compare(files["old"], files["new"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert message in err
    assert f"{place}.json" in err


def test_a_missing_file_is_one_line_and_code_2(main, tmp_path, capsys):
    assert main([str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("options", [["--ratio", "0.9"], ["--microseconds", "-1"]])
def test_limits_without_sense_are_refused(compare, capsys, options):
    assert compare({"a": 1e-3}, {"a": 1e-3}, *options) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_files_without_a_common_result_are_refused(compare, capsys):
    assert compare({"a": 1e-3}, {"b": 1e-3}) == 2
    assert "no result is in both files" in capsys.readouterr().err
