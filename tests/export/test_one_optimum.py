"""Solvers that prove the optimum of a network find the same one, by every way to write it."""

import pytest

import hbcd
from support.exportable import regressor

WAYS = ("gurobi, bigm", "gurobi, sos", "scip, bigm", "scip, sos", "highs")


def gurobi(model, relu):
    gp = pytest.importorskip("gurobipy", reason="the extra gurobi is not installed")
    try:
        environment = gp.Env(params={"OutputFlag": 0})
    except gp.GurobiError as error:
        pytest.skip(f"Gurobi has no licence: {error}")
    with environment, gp.Model(env=environment) as problem:
        (y,) = hbcd.to_gurobi(model, problem, relu=relu).outputs.values()
        problem.setObjective(y, gp.GRB.MAXIMIZE)
        problem.Params.MIPGap = 1e-9
        problem.Params.FeasibilityTol = problem.Params.IntFeasTol = 1e-9
        problem.optimize()
        return problem.ObjVal


def scip(model, relu):
    pyscipopt = pytest.importorskip("pyscipopt", reason="the extra scip is not installed")
    problem = pyscipopt.Model()
    problem.hideOutput()
    (y,) = hbcd.to_scip(model, problem, relu=relu).outputs.values()
    problem.setObjective(y, "maximize")
    problem.setParam("numerics/feastol", 1e-9)
    problem.optimize()
    return problem.getObjVal()


def highs(model):
    pyo = pytest.importorskip("pyomo.environ", reason="the extra pyomo is not installed")
    pytest.importorskip("highspy", reason="highspy is not installed")
    problem = pyo.ConcreteModel()
    hbcd.to_pyomo(model, problem, formulation="relu_bigm")
    (y,) = problem.outputs.values()
    problem.most = pyo.Objective(expr=y, sense=pyo.maximize)
    solver = pyo.SolverFactory("appsi_highs")
    solver.config.mip_gap = 1e-9
    solver.highs_options = {"primal_feasibility_tolerance": 1e-9, "mip_feasibility_tolerance": 1e-9}
    solver.solve(problem)
    return pyo.value(problem.most)


def optimum(model, way):
    tool, _, relu = way.partition(", ")
    return highs(model) if tool == "highs" else {"gurobi": gurobi, "scip": scip}[tool](model, relu)


@pytest.mark.parametrize("way", WAYS[1:])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_every_way_proves_the_same_optimum(activation, way):
    model = regressor(activation, depth=3, max_iter=60)
    first = optimum(model, WAYS[0])
    assert optimum(model, way) == pytest.approx(first, rel=1e-6)
