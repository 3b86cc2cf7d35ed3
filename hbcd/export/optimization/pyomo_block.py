"""`to_pyomo`: a model as variables and constraints of a Pyomo block, in plant units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hbcd.export.algebra import Functions, predictions
from hbcd.export.form import ModelForm, solver_form
from hbcd.export.given import by_name
from hbcd.export.neuron_bounds import refuse_curved
from hbcd.export.optimization.pyomo_check import checked
from hbcd.export.optimization.pyomo_layers import FORMULATIONS, PIECEWISE_LINEAR, add_layers
from hbcd.export.packages import needed
from hbcd.export.record import ExportRecord
from hbcd.utils.public import public

__all__ = ["to_pyomo"]


@public
def to_pyomo(
    model: Any,
    block: Any,
    *,
    inputs: Sequence[Any] | None = None,
    outputs: Sequence[Any] | None = None,
    formulation: str = "full_space",
) -> ExportRecord:
    """Adds a model to a Pyomo block.  It needs the package ``pyomo``: the extra `pyomo`.

    ==============  ==========================================================================
    formulation     what is added
    ==============  ==========================================================================
    full_space      a variable and an equation for every neuron: sparse, for large networks
    reduced_space   one equation for every output, of nested expressions: few variables
    relu_bigm       a binary variable for every ReLU whose sign is open, for MILP solvers, with
                    constants that are proven bounds of the neurons over the box of the inputs
    relu_sos        the same with a special ordered set (SOS1) in place of each binary variable,
                    for solvers that branch on such sets: SCIP, Gurobi, CPLEX; HiGHS has none
    ==============  ==========================================================================

    Inputs are the features that `encode` gives, in the units of the table; their variables are
    bounded by the ranges of the training rows where they are made here.  Outputs of a classifier
    are the probabilities of its classes.  `output_range_` is left out: an optimizer would find no
    slope beyond it.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier
        Fitted.
    block : pyomo.environ.Block or ConcreteModel
        Gets `inputs` and `outputs`, indexed by name, and what the formulation needs.
    inputs, outputs : sequence of variables or expressions, or a mapping by name, optional
        What the model's inputs and outputs are to be; by default variables of their own.  For
        "relu_bigm" and "relu_sos" their bounds and fixed values count as they are now.
    formulation : {"full_space", "reduced_space", "relu_bigm", "relu_sos"}

    Returns
    -------
    ExportRecord
        The equations were evaluated at 4096 points of the box of the training rows and at its
        corners.

    Raises
    ------
    ImportError
        ``pyomo`` is not installed.
    ValueError
        A custom layer, activation or loss; a block that has one of the names that are added, which
        stays as it was, as after any other failure; for "relu_bigm" and "relu_sos" something that
        is not piecewise linear or an input without bounds; equations that do not agree with the
        model.
    NotFittedError
        Before `fit`.
    """
    if formulation not in FORMULATIONS:
        raise ValueError(f"formulation={formulation!r}: must be one of {', '.join(FORMULATIONS)}")
    pyo = needed("pyomo.environ", "pyomo")
    form, left_out = solver_form(model)
    if formulation in PIECEWISE_LINEAR:
        refuse_curved(form, formulation)
    trial = pyo.ConcreteModel()
    _add(pyo, trial, form, None, None, formulation)
    record = checked(trial, form, left_out)
    there = _names(block, trial)
    try:
        _add(pyo, block, form, inputs, outputs, formulation)
    except BaseException:
        for name in [one for one in block.component_map() if one not in there]:
            block.del_component(name)
        raise
    return record


def _names(block: Any, trial: Any) -> set[str]:
    """Names in a block, none of which may be one of those that are added."""
    if not hasattr(block, "component_map") or not block.is_constructed():
        raise ValueError(
            f"block={block!r:.60}: must be a ConcreteModel, or a Block that belongs to one"
        )
    for name in trial.component_map():
        if hasattr(block, name):
            raise ValueError(
                f"block: has {name!r} already, must be a block of its own: model.plant = Block()"
            )
    return set(block.component_map())


def _add(
    pyo: Any,
    block: Any,
    form: ModelForm,
    inputs: Sequence[Any] | None,
    outputs: Sequence[Any] | None,
    formulation: str,
) -> None:
    """Variables and constraints of the model."""
    x = _variables(pyo, block, "inputs", [c.name for c in form.columns], inputs,
                   [(c.low, c.high) for c in form.columns])  # fmt: skip
    y = _variables(pyo, block, "outputs", list(form.outputs), outputs, None)
    scaled = [
        (one - float(shift)) * float(factor)
        for one, shift, factor in zip(x, form.shift, form.factor, strict=True)
    ]
    functions = Functions(pyo.exp, pyo.tanh, log=pyo.log)
    out = add_layers(pyo, functions, block, form, x, scaled, formulation)
    found = predictions(functions, form, out)
    block.prediction = pyo.Constraint(
        pyo.RangeSet(0, len(y) - 1), rule=lambda _, k: y[k] == found[k]
    )


def _variables(
    pyo: Any,
    block: Any,
    title: str,
    names: list[str],
    given: Any,  # a sequence, a mapping, an indexed variable, or None
    bounds: list[tuple[float, float]] | None,
) -> list[Any]:
    """Variables of the block, or expressions of it where others are given."""
    places = {name: k for k, name in enumerate(names)}
    if given is not None:
        given = list(by_name(title, given, names))
        if len(given) != len(names):
            raise ValueError(f"{title}: has {len(given)}, must have {len(names)}: "
                             f"{', '.join(names)}")  # fmt: skip
        for one, name in zip(given, names, strict=True):
            if isinstance(one, str) or not hasattr(one, "__float__"):
                raise ValueError(
                    f"{title}: {name} is {one!r:.60}, must be a variable or an expression"
                )
        kept = list(given)
        setattr(block, title, pyo.Expression(names, rule=lambda _, name: kept[places[name]]))
        return kept
    sides = None if bounds is None else {name: bounds[k] for name, k in places.items()}
    middle = None if sides is None else {name: 0.5 * (a + b) for name, (a, b) in sides.items()}
    setattr(block, title, pyo.Var(names, bounds=sides, initialize=middle))
    made = getattr(block, title)
    return [made[name] for name in names]
