"""The variables of an FMU: names, value references, ranges, units, levels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hbcd.export.form import ModelForm
from hbcd.export.inputs import InputColumn
from hbcd.tables.levels import level_text

__all__ = ["Variable", "fmi_variables", "xml_text"]

NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Variable:
    """A variable of an FMU.

    Attributes
    ----------
    name : str
        Unlike all others.
    reference : int
        Its value reference.
    causality : str
        "independent", "input" or "output".
    start, low, high : float or None
        Of inputs; ``low`` and ``high`` of probabilities, too.
    unit : str
        "" where it is not known.
    items : tuple of str or None
        The levels of a text or the classes, numbered from 1; the last one of an input that may be
        missing says so.
    type_name : str
        Of these.
    gaps : bool
        Whether an input may be missing.
    """

    name: str
    reference: int
    causality: str
    start: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    items: tuple[str, ...] | None = None
    type_name: str = ""
    gaps: bool = False


def fmi_variables(form: ModelForm, units: Mapping[str, str]) -> list[Variable]:
    """The time, the inputs, the outputs, and the class of a classifier, in this order.

    Parameters
    ----------
    form : ModelForm
    units : dict of str to str
        Of inputs and outputs by name.

    Returns
    -------
    list of Variable
        Their value references are their numbers, from 0.

    Raises
    ------
    ValueError
        A unit of no variable; a name or a level with a character that XML cannot hold.
    """
    known = [*(column.name for column in form.columns), *form.outputs]
    for name in units:
        if name not in known:
            raise ValueError(f"units={{{name!r}: ...}}: must be an input or an output of the model")
    taken: set[str] = set()  # inputs keep their names, then outputs, then types
    names = [_unique(column.name, taken) for column in form.columns]
    results = [_unique(name, taken) for name in form.outputs]
    label = _unique("class", taken) if form.classes is not None else ""
    found = [Variable(_unique("time", taken), 0, "independent")]
    for column, name in zip(form.columns, names, strict=True):
        found.append(_input(len(found), column, name, units, taken))
    low, high = (0.0, 1.0) if form.classes is not None else (None, None)
    for name, result in zip(form.outputs, results, strict=True):
        unit = xml_text(units.get(name, form.unit), "units")
        found.append(Variable(result, len(found), "output", None, low, high, unit))
    if form.classes is not None:
        items = _items([level_text(one) for one in form.classes], "classes_")
        kind = _unique("classes", taken)
        found.append(Variable(label, len(found), "output", items=items, type_name=kind))
    return found


def _input(
    k: int, column: InputColumn, name: str, units: Mapping[str, str], taken: set[str]
) -> Variable:
    if column.levels is not None:
        items = _items([*column.levels, *(["missing"] if column.gaps else [])], column.name)
        kind = _unique(f"levels of {name}", taken)
        return Variable(name, k, "input", 1.0, items=items, type_name=kind, gaps=column.gaps)
    low, high = column.low, column.high
    center = min(max(0.5 * low + 0.5 * high, low), high)
    unit = xml_text(units.get(column.name, ""), "units")
    return Variable(name, k, "input", center, low, high, unit, gaps=column.gaps)


def _items(names: list[str], owner: str) -> tuple[str, ...]:
    taken: set[str] = set()
    return tuple(_unique(name, taken, owner) for name in names)


def _unique(name: str, taken: set[str], owner: str = "columns") -> str:
    """The name in one line, with a number behind it where another one has it already."""
    plain = xml_text(name, owner) or "empty"
    found, number = plain, 2
    while found in taken:
        found, number = f"{plain}_{number}", number + 1
    taken.add(found)
    return found


def xml_text(text: str, owner: str) -> str:
    """A text in one line; ValueError, which names its owner, where XML cannot hold it."""
    wrong = NOT_XML.search(text)
    if wrong:
        raise ValueError(f"{owner}: {text!r} has {wrong[0]!r}, which XML cannot hold")
    return re.sub(r"[\t\n\r]", " ", text)
