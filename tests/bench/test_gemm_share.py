"""bench.core.gemm_share: which rate a line of the C benchmark is a share of, and its bar."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "bench" / "core" / "gemm_share.py"
RATES = {"float64": 50.0, "float32": 100.0, "dsyrk": 40.0}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("bench_gemm_share", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def line(what, size, dtype="float64", gflops=20.0):
    return {"what": what, "size": size, "dtype": dtype, "work": 1e9 * gflops, "median_s": 1.0}


@pytest.mark.parametrize(
    ("measured", "share", "bar"),
    [
        (line("affine forward, width 10", 10), 0.4, 0.75),
        (line("affine gradient, width 32", 32, "float32", 91.0), 0.91, 0.9),
        (line("affine forward, width 7", 7), 0.4, None),
        (line("J'J and J'e, 281 parameters", 281), 0.5, 0.7),
        (line("J'J and J'e, 281 parameters", 281, "float32"), 0.5, 0.7),  # sums are double in both
    ],
)
def test_a_line_is_a_share_of_its_own_precision_and_j_j_of_dsyrk(script, measured, share, bar):
    (found,) = script.shares([measured], RATES)
    assert found["share"] == pytest.approx(share)
    assert found["bar"] == bar


def test_normal_equations_of_a_single_layer_are_left_out(script):
    assert script.shares([line("J'J and J'e, layer 1, 50 parameters", 50)], RATES) == []
