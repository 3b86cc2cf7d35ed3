"""A model as variables and constraints of a solver, one neuron after another."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.estimators.targets.power_transform import YEO_JOHNSON
from hbcd.export.algebra import NUMPY, activated, predictions
from hbcd.export.form import ModelForm
from hbcd.export.neuron_bounds import BENT, neuron_bounds
from hbcd.export.optimization.solver_tool import SolverTool, Term, Values
from hbcd.networks.affine_layers import AffinePart

__all__ = ["RELU", "Embedding", "Split", "refuse_transform"]

Array = NDArray[Any]
RELU = ("bigm", "sos")
INFINITE = float("inf")
RANGES = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}


@dataclass(frozen=True)
class Split:
    """The two sides of a neuron whose sign is open: ``above - below == z``, one of them is 0."""

    above: Any
    below: Any
    equation: Any
    positive: Any = None
    limits: tuple[Any, ...] = ()
    one_side: Any = None


@dataclass
class Embedding:
    """A model added to a problem.

    Attributes
    ----------
    tool : SolverTool
    form : ModelForm
    relu : str
    inputs : list of variables
    outputs : list of variables
    steps : list of (variable, handle) or Split
        In the order in which variables follow from others.
    slack : dict of int to ndarray
        How far what enters the neurons of a layer can be off besides rounding there.
    """

    tool: SolverTool
    form: ModelForm
    relu: str
    inputs: list[Any]
    outputs: list[Any]
    steps: list[tuple[Any, Any] | Split] = field(default_factory=list)
    slack: dict[int, Array] = field(default_factory=dict)

    def add(self) -> None:
        """Adds all layers and the predictions."""
        bounds = self._bounds()
        values = self._scaled()
        for k, layer in enumerate(self.form.layers):
            self.slack[k] = np.zeros(layer.n_out) if k else input_slack(self.form)
            found: list[list[Term]] = []
            for part in layer.parts:
                own = values[part.inputs]
                for j, column in enumerate(part.weights.T, start=part.outputs.start):
                    terms = self._combined(column, own, k, j)
                    bias = float(part.bias[j - part.outputs.start])
                    ends = (-INFINITE, INFINITE)
                    if bounds is not None:
                        ends = float(bounds[k][0][j]), float(bounds[k][1][j])
                    found.append(self._neuron(part, f"{k + 1}_{j + 1}", terms, bias, ends))
            values = found
        self._predict(values)

    def _bounds(self) -> list[tuple[Array, Array]] | None:
        """Proven bounds of the neurons, where all inputs have bounds."""
        ends = np.array([self.tool.ends(x) for x in self.inputs]).T
        open_ends = ~np.isfinite(ends).all(axis=0)
        if not open_ends.any():
            return neuron_bounds(self.form, ends)
        bent = any(part.activation in BENT for layer in self.form.layers for part in layer.parts)
        if bent and self.relu == "bigm":
            name = self.form.columns[int(np.argmax(open_ends))].name
            way_out = "; relu='sos' needs none" if self.tool.has_sets else ""
            raise ValueError(
                f"inputs: {name} has no bounds, must have both for a network of ReLU{way_out}"
            )
        return None

    def _scaled(self) -> list[list[Term]]:
        """Variables of the inputs as the first layer takes them; none of one that never varied."""
        tool = self.tool
        found: list[list[Term]] = []
        numbers = zip(self.form.shift.tolist(), self.form.factor.tolist(), strict=True)
        for k, (x, (shift, factor)) in enumerate(zip(self.inputs, numbers, strict=True)):
            if factor == 0.0:
                found.append([])
                continue
            low, high = ((end - shift) * factor for end in tool.ends(x))
            name = f"{tool.prefix}_s{k + 1}"
            scaled, handle = tool.define(name, low, high, [(x, factor)], -shift * factor)
            self.steps.append((scaled, handle))
            found.append([(scaled, 1.0)])
        return found

    def _combined(self, weights: Array, values: list[list[Term]], k: int, j: int) -> list[Term]:
        """``weights @ values`` as terms, each variable once."""
        variables: dict[Hashable, Any] = {}
        factors: dict[Hashable, float] = {}
        for weight, terms in zip(weights.tolist(), values, strict=True):
            for variable, factor in terms:
                key = self.tool.key(variable)
                variables[key] = variable
                factors[key] = factors.get(key, 0.0) + weight * factor
        found = []
        for key, factor in factors.items():
            if abs(factor) >= self.tool.least and factor != 0.0:
                found.append((variables[key], factor))
            elif factor != 0.0:
                size = max(abs(end) for end in self.tool.ends(variables[key]))
                self.slack[k][j] += abs(factor) * size
        return found

    def _neuron(
        self, part: AffinePart, name: str, terms: list[Term], bias: float, ends: tuple[float, float]
    ) -> list[Term]:
        """Adds a neuron; its value as terms."""
        low, high = ends
        tool = self.tool
        leak = part.leak if part.activation == "leaky_relu" else 0.0
        if part.activation in BENT and low < 0.0 < high:
            return self._open(name, terms, bias, ends, leak)
        if part.activation in BENT and high <= 0.0 and leak == 0.0:
            return []
        z, handle = tool.define(f"{tool.prefix}_z{name}", low, high, terms, bias)
        self.steps.append((z, handle))
        if part.activation in BENT:
            return [(z, 1.0 if low >= 0.0 else leak)]
        if part.activation == "identity":
            return [(z, 1.0)]
        key = tool.key(z)

        def computed(values: Values) -> Any:
            return activated(NUMPY, part, values[key])

        expression = activated(tool.functions, part, z)
        least, most = RANGES[part.activation]
        a, handle = tool.apply(f"{tool.prefix}_a{name}", least, most, expression, computed)
        self.steps.append((a, handle))
        return [(a, 1.0)]

    def _open(
        self, name: str, terms: list[Term], bias: float, ends: tuple[float, float], leak: float
    ) -> list[Term]:
        """A ReLU whose sign is open: ``above - leak below``."""
        tool = self.tool
        low, high = ends
        above = tool.real(f"{tool.prefix}_above{name}", 0.0, high)
        below = tool.real(f"{tool.prefix}_below{name}", 0.0, -low)
        equation = tool.equal([*terms, (above, -1.0), (below, 1.0)], bias)
        if self.relu == "sos":
            split = Split(above, below, equation, one_side=tool.exclusive(above, below))
        else:
            positive = tool.binary(f"{tool.prefix}_positive{name}")
            limits = (
                tool.at_most([(above, 1.0), (positive, -high)], 0.0),
                tool.at_most([(below, 1.0), (positive, -low)], low),
            )
            split = Split(above, below, equation, positive, limits)
        self.steps.append(split)
        return [(above, 1.0), (below, -leak)] if leak else [(above, 1.0)]

    def _predict(self, values: list[list[Term]]) -> None:
        """Equations of the outputs."""
        form, tool = self.form, self.tool
        if form.link == "identity" and form.transform is None and form.classes is None:
            for y, terms, scale, mean in zip(
                self.outputs, values, form.scale.tolist(), form.mean.tolist(), strict=True
            ):
                scaled = [(variable, factor * scale) for variable, factor in terms]
                self.steps.append((y, tool.equal([*scaled, (y, -1.0)], mean)))
            return
        out = [variable for ((variable, _),) in values]  # identities, a variable each
        keys = [tool.key(variable) for variable in out]
        expressions = predictions(tool.functions, form, out)

        def computed_of(place: int) -> Any:
            return lambda known: predictions(NUMPY, form, [known[key] for key in keys])[place]

        for k, (y, expression) in enumerate(zip(self.outputs, expressions, strict=True)):
            self.steps.append((y, tool.function(y, expression, computed_of(k))))


def input_slack(form: ModelForm) -> Array:
    """How far what enters the first layer can be off, since its inputs are scaled.

    ``factor x - factor shift`` has the rounding of numbers as large as ``factor shift``.
    """
    first = form.layers[0]
    moved = np.abs(form.shift * form.factor) + 4.0
    unit = float(np.finfo(np.float64).eps) / 2.0
    lost = np.zeros(first.n_out)
    for part in first.parts:
        sizes = np.abs(part.bias) + moved[part.inputs] @ np.abs(part.weights)
        lost[part.outputs] = (2.0 * len(part.weights) + 16.0) * unit * sizes
    return lost


def refuse_transform(form: ModelForm, target: str) -> None:
    """ValueError for a transform of targets that needs a magnitude."""
    if form.transform is not None and YEO_JOHNSON in form.transform.names:
        raise ValueError(
            f"target_transform={YEO_JOHNSON!r}: {target} has no function for it; must be None or "
            "'log' for this target"
        )
