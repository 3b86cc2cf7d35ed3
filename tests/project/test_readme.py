"""The README tells the truth: its Python runs, and every test it names exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RECIPES = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
TESTS = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("*/test_*.py"))


@pytest.mark.parametrize("recipe", RECIPES, ids=range(len(RECIPES)))
def test_every_recipe_runs(recipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")  # no window
    exec(compile(recipe, "README.md", "exec"), {})


def test_there_are_recipes_and_no_gaps():
    assert len(RECIPES) >= 6
    assert "@@" not in README


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", README))))
def test_every_test_that_it_names_exists(name):
    assert f"def {name}(" in TESTS


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"`((?:tests|csrc|hbcd|bench)/[^`*]+)`", README)))
)
def test_every_file_that_it_names_exists(name):
    path = name.split()[0]
    assert (ROOT / path).exists() or "opt_x" in path
