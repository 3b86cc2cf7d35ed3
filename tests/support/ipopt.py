"""Ipopt for problems of Pyomo: the one that comes with CasADi."""

import pytest

QUIET = {"print_time": False, "ipopt": {"print_level": 0, "sb": "yes", "tol": 1e-11,
                                        "honor_original_bounds": "yes"}}  # fmt: skip


def ipopt(problem, tmp_path):
    """Solves a problem of Pyomo through a file; the value of the objective."""
    casadi = pytest.importorskip("casadi", reason="casadi brings the Ipopt of these tests")
    path = str(tmp_path / "problem.nl")
    problem.write(path, format="nl")
    read = casadi.NlpBuilder()
    read.import_nl(path)
    stated = {"x": casadi.vertcat(*read.x), "f": read.f, "g": casadi.vertcat(*read.g)}
    solve = casadi.nlpsol("solve", "ipopt", stated, QUIET)
    found = solve(x0=read.x_init, lbx=read.x_lb, ubx=read.x_ub, lbg=read.g_lb, ubg=read.g_ub)
    assert solve.stats()["success"]
    return float(found["f"])
