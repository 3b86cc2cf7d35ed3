"""Makes `bench` importable: it is never installed, and a path to it would lead to a source tree."""

import importlib.util
import sys
from types import SimpleNamespace

import pytest

from support.sources import ROOT

SPEC = importlib.util.spec_from_file_location("bench", ROOT / "bench" / "__init__.py")
sys.modules["bench"] = importlib.util.module_from_spec(SPEC)


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
