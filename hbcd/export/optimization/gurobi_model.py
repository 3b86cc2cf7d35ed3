"""`to_gurobi`: a model as variables and constraints of a problem of Gurobi."""

from __future__ import annotations

import operator
from collections.abc import Hashable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from hbcd.export.algebra import Functions
from hbcd.export.form import solver_form
from hbcd.export.optimization.solver_check import checked
from hbcd.export.optimization.solver_layers import refuse_transform
from hbcd.export.optimization.solver_model import added, embedded
from hbcd.export.optimization.solver_tool import EmbeddedModel, SolverTool, Term, Values
from hbcd.export.packages import needed
from hbcd.utils.public import public

__all__ = ["to_gurobi"]

LONGEST = 63  # characters of a name: Gurobi takes 255 bytes


@public
def to_gurobi(
    model: Any,
    grb_model: Any,
    *,
    inputs: Any = None,
    outputs: Any = None,
    relu: str = "bigm",
    name: str = "hbcd",
) -> EmbeddedModel:
    """Adds a model to a ``gurobipy.Model``.  It needs ``gurobipy``: the extra `gurobi`.

    A tanh, a sigmoid, an exp are nonlinear constraints (``addGenConstrNL``), which Gurobi 13 solves
    to global optimality.  A ReLU whose sign is open has a binary variable with proven bounds of the
    neuron over the bounds of the inputs (`relu` "bigm"), or a special ordered set ("sos"), for
    which inputs need no bounds; one whose sign is certain has neither.

    Inputs are the features that `encode` gives, in units.  Bounds of variables count as they are
    now: to widen those of an input later would leave the neurons within the old ones.  Outputs of a
    classifier are the probabilities of its classes.  `output_range_` is left out.

    What was added is read back from the problem at 4096 points of the box of the training rows,
    within the bounds of the inputs, and at its corners; where it is not the model, or anything else
    fails, all of it is removed.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier
        Fitted.
    grb_model : gurobipy.Model
    inputs : sequence of Var or LinExpr, or MVar, or a dict of them, optional
        By default new variables within the ranges of the training rows.
    outputs : sequence of Var, or MVar, or a dict of them, optional
        By default new variables.
    relu : {"bigm", "sos"}
    name : str
        The start of the names of all that is added.

    Returns
    -------
    EmbeddedModel

    Raises
    ------
    ImportError
        ``gurobipy`` is not installed.
    ValueError
        A custom layer, activation or loss, a target transform "yeo-johnson"; an input without
        bounds for "bigm"; constraints that do not agree with the model.
    NotFittedError
        Before `fit`.
    """
    gp = needed("gurobipy", "gurobi")
    form, left_out = solver_form(model)
    refuse_transform(form, "gurobi")
    tool = GurobiTool(gp, grb_model, name)
    try:
        embedding = added(tool, form, inputs, outputs, relu)
        return embedded(embedding, checked(embedding, left_out))
    except BaseException:
        tool.remove()
        raise


class GurobiTool(SolverTool):
    """A ``gurobipy.Model``."""

    target = "gurobi"
    least = 1e-13

    def __init__(self, gp: Any, grb_model: Any, prefix: str) -> None:
        nlfunc = gp.nlfunc
        if not hasattr(nlfunc, "tanh"):
            raise ValueError("gurobipy: must be 13 or later")
        self.gp = gp
        self.problem = grb_model
        self.prefix = prefix
        self.functions = Functions(nlfunc.exp, nlfunc.tanh, nlfunc.logistic)
        grb = gp.GRB
        self.operations: dict[int, Any] = {
            grb.OPCODE_UMINUS: np.negative,
            grb.OPCODE_EXP: np.exp,
            grb.OPCODE_TANH: np.tanh,
            grb.OPCODE_LOGISTIC: lambda z: 0.5 * (1.0 + np.tanh(0.5 * z)),
        }
        if not isinstance(grb_model, gp.Model):
            raise ValueError(f"grb_model={grb_model!r:.60}: must be a gurobipy.Model")
        self.rows: dict[int, Any] = {}
        grb_model.update()
        m = grb_model
        self.counts = m.NumGenConstrs, m.NumSOS, m.NumConstrs, m.NumVars

    def remove(self) -> None:
        """Takes all that was added out of the problem."""
        m = self.problem
        there = m.getGenConstrs, m.getSOSs, m.getConstrs, m.getVars
        for ones, count in zip(there, self.counts, strict=True):
            m.update()
            m.remove(ones()[count:])  # the latest stand at the end; variables after their uses
        m.update()

    def ready(self) -> None:
        """Gurobi adds lazily."""
        self.problem.update()

    def _linear(self, terms: Sequence[Term]) -> Any:
        return self.gp.LinExpr([factor for _, factor in terms], [one for one, _ in terms])

    def real(self, name: str, low: float, high: float) -> Any:
        """A new variable; infinite is 1e100 for Gurobi."""
        return self.problem.addVar(lb=low, ub=high, name=name[:LONGEST])

    def binary(self, name: str) -> Any:
        """A new binary variable."""
        return self.problem.addVar(vtype=self.gp.GRB.BINARY, name=name[:LONGEST])

    def equal(self, terms: Sequence[Term], constant: float) -> Any:
        """A linear constraint."""
        return self.problem.addLConstr(self._linear(terms), "=", -constant)

    def at_most(self, terms: Sequence[Term], constant: float) -> Any:
        """A linear constraint."""
        return self.problem.addLConstr(self._linear(terms), "<", -constant)

    def exclusive(self, first: Any, second: Any) -> Any:
        """A set of type 1."""
        return self.problem.addSOS(self.gp.GRB.SOS_TYPE1, [first, second])

    def function(self, variable: Any, expression: Any, computed: Any) -> Any:
        """A nonlinear constraint."""
        return self.problem.addGenConstrNL(variable, expression)

    def listed(self, given: Any) -> list[Any]:
        """Elements of an MVar, a dict, a sequence."""
        if isinstance(given, (self.gp.MVar, self.gp.MLinExpr)):
            places = np.ndindex(given.shape)
            return [(given[place] if place else given).item() for place in places]
        return list(given.values()) if hasattr(given, "values") else list(given)

    def is_variable(self, given: Any) -> bool:
        """Whether it is a Var."""
        return isinstance(given, self.gp.Var)

    def owns(self, given: Any) -> bool:
        """Whether variables stand in the problem at their places."""
        linear = isinstance(given, self.gp.LinExpr)
        terms = [given.getVar(k) for k in range(given.size())] if linear else [given]
        there = self.problem.getVars()
        return all(
            0 <= one.index < len(there) and there[one.index].sameAs(one)
            for one in terms
            if isinstance(one, self.gp.Var)
        )

    def reach(self, given: Any, name: str) -> tuple[float, float]:
        """Of a Var its bounds; of a LinExpr what follows from those of its variables."""
        try:
            expression = self.gp.LinExpr(given)
        except Exception as error:
            raise ValueError(
                f"inputs: {name} is {given!r:.60}, must be a variable or a linear expression"
            ) from error
        places = range(expression.size())
        terms = [(expression.getCoeff(k), self.ends(expression.getVar(k))) for k in places]
        return self.reached(terms, float(expression.getConstant()))

    def tie(self, given: Any, variable: Any) -> None:
        """A linear constraint."""
        self.problem.addLConstr(self.gp.LinExpr(given), "=", variable)

    def ends(self, variable: Any) -> tuple[float, float]:
        """Bounds; from 1e20 on Gurobi calls them infinite."""
        low, high = float(variable.LB), float(variable.UB)
        return (low if low > -1e20 else -np.inf), (high if high < 1e20 else np.inf)

    def key(self, variable: Any) -> Hashable:
        """Its place in the problem: two objects may be one variable."""
        return int(variable.index)

    def residual(self, handle: Any, values: Values) -> Any:
        """A row, or a nonlinear constraint, as Gurobi has it."""
        if isinstance(handle, self.gp.GenConstr):
            variable, codes, data, parents = self.problem.getGenConstrNLAdv(handle)
            return values[self.key(variable)] - self._evaluated(codes, data, parents, values)
        if handle.index not in self.rows:
            row = self.problem.getRow(handle)
            terms = [(self.key(row.getVar(k)), row.getCoeff(k)) for k in range(row.size())]
            sign = -1.0 if handle.Sense == ">" else 1.0
            self.rows[handle.index] = terms, handle.RHS, sign
        terms, right, sign = self.rows[handle.index]
        return sign * (sum(factor * values[key] for key, factor in terms) - right)

    def holds_one(self, handle: Any, first: Any, second: Any) -> bool:
        """Whether a set is of type 1 and has these two."""
        kind, variables, _ = self.problem.getSOS(handle)
        names = [self.key(one) for one in variables]
        return bool(kind == 1 and names == [self.key(first), self.key(second)])

    def _evaluated(
        self, codes: list[int], data: list[Any], parents: list[int], values: Values
    ) -> Any:
        """An expression of Gurobi, an array of operations in Polish notation, by NumPy."""
        grb = self.gp.GRB
        children: list[list[Any]] = [[] for _ in codes]
        found: Any = None
        for k in reversed(range(len(codes))):  # children stand behind their parents
            code, given = codes[k], children[k]
            if code == grb.OPCODE_CONSTANT:
                found = data[k]
            elif code == grb.OPCODE_VARIABLE:
                found = values[self.key(data[k])]
            elif code == grb.OPCODE_PLUS:
                found = sum(given)
            elif code == grb.OPCODE_MINUS:
                found = given[0] - given[1]
            elif code == grb.OPCODE_MULTIPLY:
                found = reduce(operator.mul, given)
            elif code == grb.OPCODE_DIVIDE:
                found = given[0] / given[1]
            else:
                found = self.operations[code](given[0])
            if parents[k] >= 0:
                children[parents[k]].insert(0, found)
        return found
