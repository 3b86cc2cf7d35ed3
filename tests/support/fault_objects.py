"""What becomes an object or a part of a problem of other packages while calls fail."""

import importlib.util
import io

import numpy as np

import hbcd
from support.fault_cases import Use, X, Y, regressor


class Made(Use):
    """An object of another package, and numbers of it."""

    def __init__(self, folder, make, numbers):
        super().__init__(folder, make)
        self.numbers = numbers

    def result(self, made):
        return self.numbers(made)


class Added(Use):
    """A model in a problem of another package, which is as it was where that fails."""

    def __init__(self, folder, problem, add, told):
        self.problem, self.told = problem, told
        super().__init__(folder, lambda model: add(model, self.given) and None)

    def reset(self):
        self.given = self.problem()
        super().reset()

    def result(self, made):
        found = self.told(self.given)
        self.reset()
        return found

    def untouched(self):
        return *super().untouched(), self.told(self.given)

    def glance(self):
        return *super().glance(), self.told(self.given)


def _casadi(folder):
    return Made(folder, hbcd.to_casadi, lambda made: np.array(made(X.T)).tobytes())


def _idaes(folder):
    import pandas as pd

    def numbers(made):
        rows = pd.DataFrame(X, columns=made.input_labels())
        return made.evaluate_surrogate(rows).to_numpy().tobytes()

    return Made(folder, hbcd.to_idaes, numbers)


def _pipeline(folder):
    """scikit-learn's pipeline that ends in a model, by skl2onnx."""
    import skl2onnx
    from skl2onnx.common.data_types import DoubleTensorType
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from hbcd.export.onnx.sklearn_onnx import register_onnx_converters

    register_onnx_converters()
    pipeline = make_pipeline(StandardScaler(), regressor()).fit(X, Y)
    types = [("X", DoubleTensorType([None, 2]))]

    def make(model):
        return skl2onnx.to_onnx(pipeline, initial_types=types)

    return Made(folder, make, lambda made: made.SerializeToString())


def _pyomo(folder):
    import pyomo.environ as pyo

    def told(problem):
        text = io.StringIO()
        problem.pprint(text)
        return text.getvalue()

    return Added(folder, pyo.ConcreteModel, hbcd.to_pyomo, told)


def _gurobi(folder):
    import gurobipy

    environment = gurobipy.Env(params={"OutputFlag": 0})

    def told(problem):
        problem.update()
        counts = problem.NumVars, problem.NumConstrs, problem.NumGenConstrs
        return *counts, [one.VarName for one in problem.getVars()]

    return Added(folder, lambda: gurobipy.Model(env=environment), hbcd.to_gurobi, told)


def _scip(folder):
    import pyscipopt

    def told(problem):
        return [[one.name for one in some] for some in (problem.getVars(), problem.getConss())]

    return Added(folder, pyscipopt.Model, hbcd.to_scip, told)


def _gekko(folder):
    import gekko

    def told(problem):
        parts = problem._variables, problem._equations, problem._inter_equations
        return *map(len, parts), problem.options.SOLVER

    return Added(folder, lambda: gekko.GEKKO(remote=False), hbcd.to_gekko, told)


OBJECTS = {
    f"object {name}": case
    for name, (case, needs) in {
        "casadi": (_casadi, "casadi"),
        "pyomo": (_pyomo, "pyomo"),
        "idaes": (_idaes, "idaes"),
        "gurobi": (_gurobi, "gurobipy"),
        "scip": (_scip, "pyscipopt"),
        "gekko": (_gekko, "gekko"),
        "scikit-learn": (_pipeline, "skl2onnx"),
    }.items()
    if importlib.util.find_spec(needs) is not None
}
