"""Inputs and outputs of a model in a problem of a solver, and the model between them."""

from __future__ import annotations

from collections.abc import Hashable
from numbers import Real
from typing import Any

from hbcd.export.form import ModelForm, solver_form
from hbcd.export.given import by_name
from hbcd.export.optimization.solver_check import checked
from hbcd.export.optimization.solver_layers import RELU, Embedding
from hbcd.export.optimization.solver_tool import EmbeddedModel, SolverTool
from hbcd.export.record import ExportRecord

__all__ = ["added", "embedded", "tried"]


def _check_relu(relu: Any) -> None:
    """ValueError for what is no way to write a ReLU."""
    if relu not in RELU:
        raise ValueError(f"relu={relu!r}: must be one of {', '.join(RELU)}")


def added(tool: SolverTool, form: ModelForm, inputs: Any, outputs: Any, relu: str) -> Embedding:
    """Adds a model to a problem.

    Parameters
    ----------
    tool : SolverTool
    form : ModelForm
    inputs, outputs
        Variables of the problem, or None for new ones.
    relu : {"bigm", "sos"}

    Returns
    -------
    Embedding

    Raises
    ------
    ValueError
        Too many or too few variables, or such that cannot be used.
    """
    _check_relu(relu)
    columns = form.columns
    names = [column.name for column in columns]
    free = float("inf")
    if outputs is not None:
        outputs = _listed(tool, "outputs", outputs, list(form.outputs))
        for given, name in zip(outputs, form.outputs, strict=True):
            if not tool.is_variable(given):
                raise ValueError(f"outputs: {name} is {given!r:.60}, must be a variable")
    if inputs is None:
        sides = zip(names, columns, strict=True)
        x = [tool.real(f"{tool.prefix}_{name}", c.low, c.high) for name, c in sides]
    else:
        taken: set[Hashable] = set()
        x = []
        for given, name in zip(_listed(tool, "inputs", inputs, names), names, strict=True):
            x.append(tool.adopted(given, name, taken))
            taken.add(tool.key(x[-1]))
    if outputs is None:
        outputs = [tool.real(f"{tool.prefix}_{name}", -free, free) for name in form.outputs]
    tool.ready()  # so that bounds of inputs can be read
    embedding = Embedding(tool, form, relu, x, outputs)
    embedding.add()
    tool.ready()
    return embedding


def tried(
    tool: SolverTool,
    trial: SolverTool,
    model: Any,
    inputs: Any,
    outputs: Any,
    relu: str,
) -> EmbeddedModel:
    """Adds a model to a problem after it was added to another one and read back from there.

    Where anything fails, the problem is as it was.

    Parameters
    ----------
    tool, trial : SolverTool
        Of the problem, and of an empty one.
    model : HybridRegressor or HybridClassifier
    inputs, outputs
        Variables of the problem, or None for new ones.
    relu : {"bigm", "sos"}
    """
    _check_relu(relu)
    form, left_out = solver_form(model)
    own = None
    if inputs is not None:
        names = [column.name for column in form.columns]
        inputs = _listed(tool, "inputs", inputs, names)
        ends = [tool.reach(given, name) for given, name in zip(inputs, names, strict=True)]
        own = [trial.real(name, *sides) for name, sides in zip(names, ends, strict=True)]
    record = checked(added(trial, form, own, None, relu), left_out)
    try:
        return embedded(added(tool, form, inputs, outputs, relu), record)
    except BaseException:
        tool.remove()
        raise


def _listed(tool: SolverTool, title: str, given: Any, names: list[str]) -> list[Any]:
    found = tool.listed(by_name(title, given, names))
    if len(found) != len(names):
        raise ValueError(f"{title}: has {len(found)}, must have {len(names)}: {', '.join(names)}")
    found = [float(one) if isinstance(one, Real) else one for one in found]
    for one, name in zip(found, names, strict=True):
        if one is None:
            raise ValueError(f"{title}: {name} is None, must be a variable")
        if not isinstance(one, float) and not tool.owns(one):
            raise ValueError(f"{title}: {name} is a variable of another problem")
    return found


def embedded(embedding: Embedding, record: ExportRecord) -> EmbeddedModel:
    """What the user gets."""
    form = embedding.form
    names = [column.name for column in form.columns]
    return EmbeddedModel(
        dict(zip(names, embedding.inputs, strict=True)),
        dict(zip(form.outputs, embedding.outputs, strict=True)),
        record,
    )
