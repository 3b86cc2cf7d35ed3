"""`to_gekko`: a model as intermediates, variables and equations of a problem of GEKKO."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from hbcd.export.algebra import Functions
from hbcd.export.optimization.solver_model import tried
from hbcd.export.optimization.solver_tool import EmbeddedModel, SolverTool, Term, Values
from hbcd.export.packages import needed
from hbcd.utils.public import public

__all__ = ["to_gekko"]

INFINITE = 1e20
TOGETHER = 150  # terms of one line: APMonitor reads no more than 15 000 characters
SIDES = re.compile(r"^(.*?)(<=|>=|=)(.*)$", re.DOTALL)


@public
def to_gekko(model: Any, m: Any, *, inputs: Any = None, outputs: Any = None) -> EmbeddedModel:
    """Adds a model to a ``GEKKO`` problem.  It needs ``gekko``: the extra `gekko`.

    A neuron is two intermediates, what enters its activation and what leaves it, so that only the
    outputs are variables with equations; in dynamic modes they hold at every time.  A ReLU whose
    sign is open has two variables and a binary one, with proven bounds of the neuron over the
    bounds of the inputs, and ``m.options.SOLVER`` becomes 1 (APOPT), since the others would take
    binary variables for continuous ones; one whose sign is certain has none.

    Inputs are the features that `encode` gives, in units.  Bounds of variables count as they are
    now.  Outputs of a classifier are the probabilities of its classes.  `output_range_` is left
    out.  Solvers of GEKKO find local optima.

    Before anything is added, a problem of its own with the same bounds is made, and the texts of
    its equations, which the solver reads, are computed at 4096 points of the box of the training
    rows, within the bounds of the inputs, and at its corners.  Where anything fails, `m` is as it
    was.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier
        Fitted.
    m : gekko.GEKKO
    inputs : sequence or dict of variables, parameters, intermediates or expressions, optional
        By default new variables within the ranges of the training rows.
    outputs : sequence or dict of variables, optional
        By default new variables.

    Returns
    -------
    EmbeddedModel

    Raises
    ------
    ImportError
        ``gekko`` is not installed.
    ValueError
        A custom layer, activation or loss; for ReLU an input without bounds; equations that do not
        agree with the model.
    NotFittedError
        Before `fit`.
    """
    gekko = needed("gekko", "gekko")
    if not isinstance(m, gekko.GEKKO):
        raise ValueError(f"m={m!r:.60}: must be a GEKKO problem")
    trial = gekko.GEKKO(remote=False)
    try:
        return tried(GekkoTool(m), GekkoTool(trial), model, inputs, outputs, "bigm")
    finally:
        trial.cleanup()


class GekkoTool(SolverTool):
    """A ``GEKKO`` problem: a handle is the place of a text in a list of texts."""

    target = "gekko"
    prefix = ""
    has_sets = False

    def __init__(self, problem: Any) -> None:
        def relu(z: Any, leak: float) -> Any:
            return 0.5 * ((1.0 + leak) * z + (1.0 - leak) * problem.abs(z))

        self.problem = problem
        self.functions = Functions(problem.exp, problem.tanh, relu=relu, log=problem.log)
        self.operators = needed("gekko.gk_operators", "gekko").GK_Operators
        self.variables = needed("gekko.gk_variable", "gekko").GKVariable
        self.parameters = needed("gekko.gk_parameter", "gekko").GKParameter
        self.texts: dict[str, int] = {}  # of intermediates, places among those of the problem
        self.numbers: dict[Hashable, float] = {}  # of parameters that stand for them
        self.counts = [len(one) for one in self._lists()]
        self.solver = problem.options.SOLVER

    def _lists(self) -> list[list[Any]]:
        """All that a problem is made of and that is added here."""
        m = self.problem
        return [m._variables, m._parameters, m._intermediates, m._inter_equations, m._equations]

    def remove(self) -> None:
        """Shortens the lists of the problem to what they were."""
        for one, count in zip(self._lists(), self.counts, strict=True):
            del one[count:]
        self.problem.options.SOLVER = self.solver

    # ---- what is added

    def real(self, name: str, low: float, high: float) -> Any:
        """A new variable, which starts in the middle of its bounds."""
        least, most = (float(one) if np.isfinite(one) else None for one in (low, high))
        start = 0.5 * (least + most) if least is not None and most is not None else 0.0
        return self.problem.Var(value=start, lb=least, ub=most)

    def binary(self, name: str) -> Any:
        """A new binary variable, which APOPT alone takes as such."""
        self.problem.options.SOLVER = 1
        return self.problem.Var(value=0, lb=0, ub=1, integer=True)

    def _intermediate(self, expression: Any) -> tuple[Any, int]:
        made = self.problem.Intermediate(expression)
        place = len(self.problem._inter_equations) - 1
        self.texts[str(made)] = place
        return made, -1 - place

    def _sum(self, terms: Sequence[Term], constant: float) -> Any:
        """A flat sum: GEKKO's own nests a pair of brackets for each term."""
        texts = [f"({factor!r})*({variable})" for variable, factor in terms]
        while len(texts) > TOGETHER:
            parts = [texts[k : k + TOGETHER] for k in range(0, len(texts), TOGETHER)]
            sums = [self._intermediate(self.operators("(" + "+".join(one) + ")")) for one in parts]
            texts = [str(made) for made, _ in sums]
        return self.operators("(" + "+".join([*texts, f"({constant!r})"]) + ")")

    def _equation(self, equation: Any) -> int:
        self.problem.Equation(equation)
        return len(self.problem._equations) - 1

    def equal(self, terms: Sequence[Term], constant: float) -> Any:
        """An equation."""
        return self._equation(self._sum(terms, constant) == 0)

    def at_most(self, terms: Sequence[Term], constant: float) -> Any:
        """An inequality."""
        return self._equation(self._sum(terms, constant) <= 0)

    def function(self, variable: Any, expression: Any, computed: Any) -> Any:
        """An equation."""
        return self._equation(variable == expression)

    def define(
        self, name: str, low: float, high: float, terms: Sequence[Term], constant: float
    ) -> tuple[Any, Any]:
        """An intermediate."""
        return self._intermediate(self._sum(terms, constant))

    def apply(
        self, name: str, low: float, high: float, expression: Any, computed: Any
    ) -> tuple[Any, Any]:
        """An intermediate."""
        return self._intermediate(expression)

    # ---- what is there

    def listed(self, given: Any) -> list[Any]:
        """Elements of a dict or a sequence."""
        return list(given.values()) if hasattr(given, "values") else list(given)

    def is_variable(self, given: Any) -> bool:
        """Whether it is a Var, CV or SV."""
        return isinstance(given, self.variables)

    def owns(self, given: Any) -> bool:
        """Whether a variable or a parameter stands in the problem; of texts nothing is known."""
        if not isinstance(given, (self.variables, self.parameters)):
            return True
        problem = self.problem
        return any(one is given for one in [*problem._variables, *problem._parameters])

    def reach(self, given: Any, name: str) -> tuple[float, float]:
        """Of variables and parameters their bounds; expressions have none."""
        if isinstance(given, (int, float)):
            return float(given), float(given)
        if not isinstance(given, self.operators):
            raise ValueError(f"inputs: {name} is {given!r:.60}, must be a variable of GEKKO")
        return self.ends(given)

    def adopted(self, given: Any, name: str, taken: set[Hashable]) -> Any:
        """Anything of GEKKO itself; a parameter for a number."""
        self.reach(given, name)
        if not isinstance(given, (int, float)):
            return given
        made = self.problem.Param(value=given)
        self.numbers[self.key(made)] = float(given)
        return made

    def tie(self, given: Any, variable: Any) -> None:
        """An equation."""
        self._equation(variable == given)

    def ends(self, variable: Any) -> tuple[float, float]:
        """Bounds of variables and parameters; those of a number are the number."""
        number = self.numbers.get(self.key(variable))
        if number is not None:
            return number, number
        if not isinstance(variable, (self.variables, self.parameters)):
            return -np.inf, np.inf
        low, high = variable.lower, variable.upper
        return (
            -np.inf if low is None or low <= -INFINITE else float(low),
            np.inf if high is None or high >= INFINITE else float(high),
        )

    def key(self, variable: Any) -> Hashable:
        """Its text in equations."""
        return str(variable)

    def residual(self, handle: Any, values: Values) -> Any:
        """An equation as its text says."""
        found = SIDES.match(self.problem._equations[handle].value)
        assert found is not None
        difference = self._evaluated(found[1], values) - self._evaluated(found[3], values)
        return -difference if found[2] == ">=" else difference

    def defined(self, handle: Any, variable: Any, values: Values) -> Any:
        """Of an intermediate what its text says; of a variable what its equation says."""
        if handle < 0:
            return self._evaluated(self.problem._inter_equations[-1 - handle], values)
        return super().defined(handle, variable, values)

    def _evaluated(self, text: str, values: Values) -> Any:
        def known(name: str) -> Any:
            if name in values:
                return values[name]
            return self._evaluated(self.problem._inter_equations[self.texts[name]], values)

        return _value(ast.parse(text.strip(), mode="eval").body, known)


OPERATIONS: dict[type, Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.USub: np.negative,
    ast.UAdd: np.positive,
}
CALLS: dict[str, Callable[..., Any]] = {
    "tanh": np.tanh, "exp": np.exp, "log": np.log, "abs": np.abs,
}  # fmt: skip


def _value(node: ast.AST, known: Callable[[str], Any]) -> Any:
    """An expression of numbers, variables, four operations and some functions."""
    if isinstance(node, ast.BinOp):
        return OPERATIONS[type(node.op)](_value(node.left, known), _value(node.right, known))
    if isinstance(node, ast.UnaryOp):
        return OPERATIONS[type(node.op)](_value(node.operand, known))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return CALLS[node.func.id](*(_value(one, known) for one in node.args))
    if isinstance(node, ast.Name):
        return known(node.id)
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return float(node.value)
    raise ValueError(f"gekko: has {ast.dump(node):.60} in an equation")
