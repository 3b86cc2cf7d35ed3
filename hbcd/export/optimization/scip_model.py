"""`to_scip`: a model as variables and constraints of a problem of SCIP."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hbcd.export.algebra import Functions
from hbcd.export.optimization.solver_model import tried
from hbcd.export.optimization.solver_tool import EmbeddedModel, SolverTool, Term, Values
from hbcd.export.packages import needed
from hbcd.utils.public import public

__all__ = ["to_scip"]

INFINITE = 1e20
MOST = 2_000_000  # numbers of all points that SCIP judges: a second or two
ACCEPTED = 1e-9  # how far SCIP lets its constraints be violated at the points of the check


@public
def to_scip(
    model: Any,
    scip_model: Any,
    *,
    inputs: Any = None,
    outputs: Any = None,
    relu: str = "bigm",
    name: str = "hbcd",
) -> EmbeddedModel:
    """Adds a model to a ``pyscipopt.Model``.  It needs ``pyscipopt``: the extra `scip`.

    SCIP has no tanh: ``2 / (1 + exp(-2 z)) - 1`` stands for it, an expression that SCIP solves to
    global optimality.  A ReLU whose sign is open has a binary variable with proven bounds of the
    neuron over the bounds of the inputs (`relu` "bigm"), or a special ordered set ("sos"), for
    which inputs need no bounds; one whose sign is certain has neither.

    Inputs are the features that `encode` gives, in units.  Bounds of variables count as they are
    now: to widen those of an input later would leave the neurons within the old ones.  Outputs of a
    classifier are the probabilities of its classes.  `output_range_` is left out.

    Before anything is added, a problem of its own with the same bounds is written, read back and
    computed at 4096 points of the box of the training rows, within the bounds of the inputs, and at
    its corners; SCIP itself must accept these points, of a large model some of them.  Where
    anything fails after that, all that was added is removed.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier
        Fitted.
    scip_model : pyscipopt.Model
        In the stage of being built.
    inputs : sequence of Variable or linear Expr, a dict or a matrix of them, optional
        By default new variables within the ranges of the training rows.
    outputs : sequence of Variable, a dict or a matrix of them, optional
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
        ``pyscipopt`` is not installed.
    ValueError
        A custom layer, activation or loss; an input without bounds for "bigm"; a problem that was
        solved and not freed; constraints that do not agree with the model.
    NotFittedError
        Before `fit`.
    """
    scip = needed("pyscipopt", "scip")
    if not isinstance(scip_model, scip.Model):
        raise ValueError(f"scip_model={scip_model!r:.60}: must be a pyscipopt.Model")
    if scip_model.getStage() > scip.SCIP_STAGE.PROBLEM:
        raise ValueError("scip_model: has been solved: its freeTransform() must come before")
    tool, trial = ScipTool(scip, scip_model, name), ScipTool(scip, scip.Model(), name, trial=True)
    return tried(tool, trial, model, inputs, outputs, relu)


@dataclass(frozen=True)
class Handle:
    """A constraint of SCIP by its name, and for a function what it is for NumPy."""

    name: str
    constraint: Any
    variable: Any = None
    computed: Any = None


class ScipTool(SolverTool):
    """A ``pyscipopt.Model``; that of a trial has names that are all different."""

    target = "scip"
    least = 1e-9

    def __init__(self, scip: Any, problem: Any, prefix: str, *, trial: bool = False) -> None:
        def tanh(z: Any) -> Any:
            return 2.0 / (1.0 + scip.exp(-2.0 * z)) - 1.0

        def logistic(z: Any) -> Any:
            return 1.0 / (1.0 + scip.exp(-1.0 * z))

        self.scip = scip
        self.problem = problem
        self.prefix = prefix
        self.functions = Functions(scip.exp, tanh, logistic, log=scip.log)
        self.trial = trial
        self.keys: dict[str, Hashable] = {}
        self.own: list[Any] = []
        self.handles: list[Handle] = []
        self.text = ""
        # Constraints of PySCIPOpt 5.5 have no `ptr`; their hash is that of the pointer, in all.
        self.there = {one.ptr() for one in problem.getVars()}
        self.held = {hash(one) for one in problem.getConss()}

    def remove(self) -> None:
        """Takes out what was not there before: constraints first, which hold variables."""
        for one in self.problem.getConss():
            if hash(one) not in self.held:
                self.problem.delCons(one)
        for one in self.problem.getVars():
            if one.ptr() not in self.there:
                self.problem.delVar(one)

    def _named(self, name: str) -> str:
        return f"v{len(self.own)}" if self.trial else name

    def _kept(self, variable: Any) -> Any:
        self.own.append(variable)
        self.keys[variable.name] = self.key(variable)
        return variable

    def _constraint(self, made: Any) -> Any:
        return self.problem.addCons(made, name=self._label())

    def _label(self) -> str:
        return f"{self.prefix}_c{len(self.handles)}"

    def _handle(self, *parts: Any) -> Handle:
        self.handles.append(Handle(self._label(), *parts))
        return self.handles[-1]

    def real(self, name: str, low: float, high: float) -> Any:
        """A new variable; None is an infinite bound."""
        least, most = (float(one) if np.isfinite(one) else None for one in (low, high))
        return self._kept(self.problem.addVar(self._named(name), lb=least, ub=most))

    def binary(self, name: str) -> Any:
        """A new binary variable."""
        return self._kept(self.problem.addVar(self._named(name), vtype="B"))

    def _sum(self, terms: Sequence[Term]) -> Any:
        return self.scip.quicksum([factor * variable for variable, factor in terms])

    def equal(self, terms: Sequence[Term], constant: float) -> Any:
        """A linear constraint."""
        terms = [one for one in terms if one[1] != 0.0]
        for variable, factor in terms:
            small = abs(factor) < self.least
            if small or abs(factor) >= INFINITE:
                raise ValueError(
                    f"{variable.name}: has a factor of {factor:.3g}, which SCIP takes as "
                    f"{'0' if small else 'infinite'}: state the column in another unit"
                )
        return self._handle(self._constraint(self._sum(terms) == -constant))

    def at_most(self, terms: Sequence[Term], constant: float) -> Any:
        """A linear constraint."""
        return self._handle(self._constraint(self._sum(terms) <= -constant))

    def exclusive(self, first: Any, second: Any) -> Any:
        """A set of type 1."""
        return self._handle(self.problem.addConsSOS1([first, second], name=self._label()))

    def function(self, variable: Any, expression: Any, computed: Any) -> Any:
        """A nonlinear constraint."""
        return self._handle(self._constraint(variable == expression), variable, computed)

    def listed(self, given: Any) -> list[Any]:
        """Elements of a matrix, a dict, a sequence."""
        if hasattr(given, "values"):
            return list(given.values())
        return list(np.ravel(given)) if isinstance(given, np.ndarray) else list(given)

    def is_variable(self, given: Any) -> bool:
        """Whether it is a Variable."""
        return isinstance(given, self.scip.Variable)

    def owns(self, given: Any) -> bool:
        """Whether variables stand in the problem."""
        terms = getattr(given, "terms", {})
        used = [given] if self.is_variable(given) else [v for one in terms for v in one.vartuple]
        there = {one.ptr() for one in self.problem.getVars()}
        return all(one.ptr() in there for one in used)

    def reach(self, given: Any, name: str) -> tuple[float, float]:
        """Of a Variable its bounds; of a linear Expr what follows from those of its variables."""
        if isinstance(given, (int, float)):
            return float(given), float(given)
        if not hasattr(given, "degree") or not hasattr(given, "terms") or given.degree() > 1:
            raise ValueError(
                f"inputs: {name} is {given!r:.60}, must be a variable or a linear expression"
            )
        constant, terms = 0.0, []
        for term, factor in given.terms.items():
            if term.vartuple:
                terms.append((float(factor), self.ends(term.vartuple[0])))
            else:
                constant = float(factor)
        return self.reached(terms, constant)

    def tie(self, given: Any, variable: Any) -> None:
        """A linear constraint."""
        self.problem.addCons(variable == given)

    def ends(self, variable: Any) -> tuple[float, float]:
        """Bounds; from 1e20 on SCIP calls them infinite."""
        low, high = float(variable.getLbOriginal()), float(variable.getUbOriginal())
        return (low if low > -1e20 else -np.inf), (high if high < 1e20 else np.inf)

    def key(self, variable: Any) -> Hashable:
        """Its number in SCIP: two objects may be one variable."""
        return int(variable.getIndex())

    def residual(self, handle: Any, values: Values) -> Any:
        """A linear constraint as SCIP has it; a function as NumPy computes it, see `judge`."""
        if handle.computed is not None:
            return values[self.key(handle.variable)] - handle.computed(values)
        known = self.problem.getValsLinear(handle.constraint)
        total = sum(factor * values[self.keys[name]] for name, factor in known.items())
        return total - self.problem.getRhs(handle.constraint)

    def holds_one(self, handle: Any, first: Any, second: Any) -> bool:
        """Whether a set, as SCIP writes it, is of type 1 and has these two variables."""
        if not self.text:
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "trial.cip")
                self.problem.writeProblem(path, verbose=False)
                with open(path, encoding="utf-8") as file:
                    self.text = file.read()
        line = re.search(rf"\[SOS1\] <{re.escape(handle.name)}>:(.*)", self.text)
        names = [] if line is None else re.findall(r"<([^>]*)>", line[1])
        return names == [first.name, second.name]

    def judge(self, values: Values, points: int) -> None:
        """Asks SCIP whether it has all constraints, and whether it accepts every point."""
        there = {one.name for one in self.problem.getConss()}
        for handle in self.handles:
            if handle.name not in there:
                raise ValueError(f"scip: has lost {handle.name}")
            one = handle.constraint
            if handle.computed and self.problem.getLhs(one) != self.problem.getRhs(one):
                raise ValueError(f"scip: {handle.name} is no equation")
        columns = [np.broadcast_to(values[self.key(v)], points) for v in self.own]
        table = np.column_stack(columns).astype(np.float64)
        largest = float(np.abs(table).max())
        self.problem.setParam("numerics/feastol", min(1e-3, ACCEPTED * max(1.0, largest)))
        solution = self.problem.createOrigSol()
        for row in table[:: -(-table.size // MOST)].tolist():
            for variable, value in zip(self.own, row, strict=True):
                self.problem.setSolVal(solution, variable, value)
            if not self.problem.checkSol(solution, printreason=False, original=True):
                raise ValueError("scip: does not accept the model: please report this")
