"""bench/minimize.py: its problems are the published ones."""

import importlib.util
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parent.parent / "bench"


def load(name):
    spec = importlib.util.spec_from_file_location(f"bench{name}", BENCH / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


NIST = load("_minimize_nist").problems()


@pytest.mark.parametrize("problem", NIST[::2], ids=lambda problem: problem.name)
def test_nist_certified_parameters_have_the_certified_sum_of_squares(problem):
    r, _ = problem.residuals(problem.certified)
    assert r @ r == pytest.approx(problem.f_min, rel=1e-9)  # 11 digits given
