"""Readers of objects: CasADi, and problems of Pyomo, IDAES, Gurobi, GEKKO and SCIP."""

import numpy as np

import hbcd
from bench.exports.readers import reader
from hbcd.export.inputs import feature_columns


@reader("casadi", "CasADi", "casadi")
def _casadi(case, _):
    function, record = hbcd.to_casadi(case.model, return_record=True)
    return record, np.array(function(case.features.T)).T


def _columns(case):
    return feature_columns(case.form.columns, case.form.features)


def _problem(case, formulation):
    import pyomo.environ as pyo

    problem = pyo.ConcreteModel()
    problem.plant = pyo.Block()
    record = hbcd.to_pyomo(case.model, problem.plant, formulation=formulation)
    return (
        problem,
        record,
        list(problem.plant.inputs.values()),
        list(problem.plant.outputs.values()),
    )


def _solved(problem, inputs, outputs, features, solve):
    """Outputs of a block whose inputs are held, by a solver."""
    import pyomo.environ as pyo

    problem.goal = pyo.Objective(expr=outputs[0])
    found = []
    for values in features:
        for one, value in zip(inputs, values, strict=True):
            one.fix(float(value), skip_validation=True)
        solve(problem)
        found.append([pyo.value(one) for one in outputs])
    return np.array(found)


def _by_ipopt(problem):
    from bench.exports.worked_case import ipopt

    ipopt(problem)


def _by_highs(problem):
    import pyomo.environ as pyo

    pyo.SolverFactory("appsi_highs").solve(problem)


def _pyomo(formulation, solve):
    def read(case, _):
        problem, record, inputs, outputs = _problem(case, formulation)
        return record, _solved(problem, inputs, outputs, case.features, solve)

    return read


for _formulation in ("full_space", "reduced_space"):
    reader("pyomo", f"{_formulation}, .nl and Ipopt", "pyomo", "casadi", points=3, slack=1e-8)(
        _pyomo(_formulation, _by_ipopt)
    )
reader("pyomo", "relu_bigm, HiGHS", "pyomo", "highspy", points=3, slack=1e-6)(
    _pyomo("relu_bigm", _by_highs)
)


@reader("idaes", "SurrogateBlock, .nl and Ipopt", "idaes", "casadi", points=3, slack=1e-8, every=3)
def _idaes(case, _):
    import pyomo.environ as pyo
    from idaes.core.surrogate.surrogate_block import SurrogateBlock

    surrogate = hbcd.to_idaes(case.model)
    problem = pyo.ConcreteModel()
    problem.plant = SurrogateBlock()
    problem.plant.build_model(surrogate)
    sides = (list(one.values()) for one in (problem.plant.inputs, problem.plant.outputs))
    found = _solved(problem, *sides, case.features, _by_ipopt)
    return surrogate.record, found


def _gurobi(relu):
    def read(case, _):
        import gurobipy

        with gurobipy.Env(params={"OutputFlag": 0}) as env, gurobipy.Model(env=env) as problem:
            made = hbcd.to_gurobi(case.model, problem, relu=relu)
            outputs, found = list(made.outputs.values()), []
            problem.Params.FeasibilityTol = 1e-9
            for values in case.features:
                for one, value in zip(made.inputs.values(), values, strict=True):
                    one.LB = one.UB = float(value)
                problem.setObjective(outputs[0])
                problem.optimize()
                found.append([one.X for one in outputs])
        return made.record, np.array(found)

    return read


for _relu in ("bigm", "sos"):
    reader("gurobi", f"{_relu}, Gurobi", "gurobipy", points=2, slack=1e-5)(_gurobi(_relu))


@reader("gekko", "GEKKO's solver", "gekko", points=2, slack=1e-6, every=3)
def _gekko(case, _):
    import gekko

    found = []
    for values in case.features:
        problem = gekko.GEKKO(remote=False)
        made = hbcd.to_gekko(case.model, problem)
        for one, value in zip(made.inputs.values(), values.tolist(), strict=True):
            one.value = value
            problem.Equation(one == value)
        if problem.options.SOLVER == 1:
            problem.solver_options = ["minlp_integer_tol 1e-8"]
        problem.options.RTOL = problem.options.OTOL = 1e-9
        problem.solve(disp=False)
        found.append([one.value[0] for one in made.outputs.values()])
        problem.cleanup()
    return made.record, np.array(found)


@reader("scip", "SCIP", "pyscipopt", points=2, slack=1e-5, every=3)
def _scip(case, _):
    import pyscipopt

    found = []
    for values in case.features:
        problem = pyscipopt.Model()
        problem.hideOutput()
        made = hbcd.to_scip(case.model, problem)
        for one, value in zip(made.inputs.values(), values.tolist(), strict=True):
            problem.addCons(one == value)
        problem.optimize()
        found.append([problem.getVal(one) for one in made.outputs.values()])
    return made.record, np.array(found)
