"""The nodes of an ONNX graph, put together one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.form import ModelForm
from hbcd.export.lowering import activations_of

__all__ = ["Graph"]

Array = NDArray[Any]
OPERATORS = {"tanh": "Tanh", "sigmoid": "Sigmoid", "relu": "Relu"}


class Graph:
    """Nodes and constants; every node has a name, and every attribute is written out.

    Parameters
    ----------
    dtype : numpy.dtype
        Of all numbers.
    inputs : tuple of str
        Names that nothing else may have.
    """

    def __init__(self, dtype: Any, inputs: tuple[str, ...] = ()) -> None:
        self.dtype = np.dtype(dtype)
        self.inputs = inputs
        self.nodes: list[tuple[str, list[str], list[str], str, dict[str, Any]]] = []
        self.constants: dict[str, Array] = {}

    def constant(self, name: str, values: Any, kind: Any = None) -> str:
        """A constant; its name."""
        name = self.free(name, self.constants)
        array = np.asarray(values)
        self.constants[name] = array if array.dtype.kind in "OU" else array.astype(
            self.dtype if kind is None else kind
        )  # fmt: skip
        return name

    def add(self, operator: str, inputs: list[str], *, name: str = "", **attributes: Any) -> str:
        """A node of one output; the name of what it computes."""
        return self.add_several(operator, inputs, 1, name=name, **attributes)[0]

    def add_several(
        self, operator: str, inputs: list[str], n: int, *, name: str = "", **attributes: Any
    ) -> list[str]:
        """A node of `n` outputs; their names."""
        taken = {node[3] for node in self.nodes} | set(self.constants)
        title = self.free(name or operator.lower(), taken)
        outputs = [f"{title}_out"] if n == 1 else [f"{title}_out_{k}" for k in range(n)]
        self.nodes.append((operator, inputs, outputs, title, attributes))
        return outputs

    def rename(self, old: str, new: str) -> None:
        """Gives the output of the last node another name."""
        operator, inputs, outputs, title, attributes = self.nodes[-1]
        renamed = [new if one == old else one for one in outputs]
        self.nodes[-1] = (operator, inputs, renamed, title, attributes)

    def free(self, name: str, taken: Any = ()) -> str:
        """A name like this that is neither taken nor, or its outputs, that of an input."""
        found, number = name, 2
        while found in taken or any(
            one == found or one.startswith(f"{found}_out") for one in self.inputs
        ):
            found, number = f"{name}_{number}", number + 1
        return found

    # ---- what a model computes

    def standardized(self, form: ModelForm, x: str) -> str:
        """Features as the first layer takes them; means in two parts where one loses digits."""
        high = form.shift.astype(self.dtype)
        x = self.add("Sub", [x, self.constant("shift", high)], name="subtract_mean")
        if self.dtype == np.float32:
            rest = self.constant("shift_rest", form.shift - high)
            x = self.add("Sub", [x, rest], name="subtract_rest")
        return self.add("Mul", [x, self.constant("factor", form.factor)], name="scale_inputs")

    def layers(self, form: ModelForm, x: str) -> str:
        """All layers of the network, a product and its activations each."""
        for k, layer in enumerate(form.layers):
            weights, bias = layer.matrix()
            given = [x, self.constant(f"weights_{k}", weights), self.constant(f"bias_{k}", bias)]
            x = self.add("Gemm", given, name=f"layer_{k}", alpha=1.0, beta=1.0, transA=0, transB=0)
            names, leaks = activations_of(layer)
            x = self._activated(x, names, leaks)
        return x

    def _activated(self, x: str, names: list[str], leaks: Array) -> str:
        """Neighbors of equal activation together."""
        runs: list[tuple[str, float, int]] = []
        for name, leak in zip(names, leaks.tolist(), strict=True):
            if runs and runs[-1][:2] == (name, leak):
                runs[-1] = (name, leak, runs[-1][2] + 1)
            else:
                runs.append((name, leak, 1))
        if len(runs) == 1:
            return self._one(x, *runs[0][:2])
        sizes = self.constant("sizes", [run[2] for run in runs], np.int64)
        pieces = self.add_several("Split", [x, sizes], len(runs), axis=1)
        pieces = [self._one(piece, *run[:2]) for piece, run in zip(pieces, runs, strict=True)]
        return self.add("Concat", pieces, axis=1)

    def _one(self, x: str, name: str, leak: float) -> str:
        if name == "identity":
            return x
        if name != "leaky_relu":
            return self.add(OPERATORS[name], [x], name=name)
        # LeakyRelu is not there for float64 in every runtime.
        below = self.add("Relu", [self.add("Neg", [x])])
        below = self.add("Mul", [below, self.constant("leak", leak)])
        return self.add("Sub", [self.add("Relu", [x]), below], name="leaky_relu")
