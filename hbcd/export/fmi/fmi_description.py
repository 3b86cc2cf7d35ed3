"""The XML files of an FMU: what it is, what its variables are, how its sources are built."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree

from hbcd.export.fmi.fmi_variables import Variable
from hbcd.utils.version import __version__

__all__ = ["FmuAbout", "build_description", "model_description"]

LOGS = {
    "logStatusError": "calls that the standard does not allow",
    "logStatusDiscard": "values that cannot be held, inputs without a finite prediction",
}
Element = ElementTree.Element


@dataclass(frozen=True)
class FmuAbout:
    """What an FMU is, beside its variables.

    Attributes
    ----------
    version : str
        "2.0" or "3.0" of FMI.
    title, name : str
        For people, and for files and C.
    description : str
    token : str
        The same in the description and in the sources.
    exchange : bool
        Whether it is for Model Exchange, too.
    slopes : bool
        Whether it has directional derivatives.
    sources : tuple of str
        The C files to compile.
    """

    version: str
    title: str
    name: str
    description: str
    token: str
    exchange: bool
    slopes: bool
    sources: tuple[str, ...]

    @property
    def second(self) -> bool:
        """Whether it is FMI 2."""
        return self.version == "2.0"


def _text(root: Element) -> bytes:
    ElementTree.indent(root)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f"{head}{ElementTree.tostring(root, encoding='unicode')}\n".encode()


def _add(parent: Element, tag: str, **given: object) -> Element:
    attributes = {name: _value(value) for name, value in given.items() if value is not None}
    return ElementTree.SubElement(parent, tag, attributes)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else str(value)


def build_description(about: FmuAbout) -> bytes:
    """``sources/buildDescription.xml`` of FMI 3."""
    root = Element("fmiBuildDescription", fmiVersion=about.version)
    built = _add(root, "BuildConfiguration", modelIdentifier=about.name)
    files = _add(built, "SourceFileSet", language="C99")
    for name in about.sources:
        _add(files, "SourceFile", name=name)
    return _text(root)


def model_description(about: FmuAbout, variables: list[Variable]) -> bytes:
    """``modelDescription.xml``."""
    token = "guid" if about.second else "instantiationToken"
    root = Element("fmiModelDescription", {
        "fmiVersion": about.version, "modelName": about.title, token: about.token,
        "description": about.description, "generationTool": f"hbcd {__version__}",
        "variableNamingConvention": "flat",
        **({"numberOfEventIndicators": "0"} if about.second else {}),
    })  # fmt: skip
    if about.exchange:
        _interface(root, about, "ModelExchange")
    _interface(root, about, "CoSimulation")
    units = sorted({one.unit for one in variables} - {""})
    if units:
        defined = _add(root, "UnitDefinitions")
        for unit in units:
            _add(defined, "Unit", name=unit)
    _types(root, about, [one for one in variables if one.items is not None])
    logs = _add(root, "LogCategories")
    for name, description in LOGS.items():
        _add(logs, "Category", name=name, description=description)
    listed = _add(root, "ModelVariables")
    for one in variables:
        _variable(listed, about, one)
    _structure(root, about, variables)
    return _text(root)


def _interface(root: Element, about: FmuAbout, kind: str) -> None:
    steps = True if kind == "CoSimulation" else None
    if not about.second:
        _add(root, kind, modelIdentifier=about.name, canGetAndSetFMUState=True,
             canSerializeFMUState=True, providesDirectionalDerivatives=about.slopes,
             providesAdjointDerivatives=about.slopes,
             canHandleVariableCommunicationStepSize=steps)  # fmt: skip
        return
    made = _add(root, kind, modelIdentifier=about.name, canNotUseMemoryManagementFunctions=True,
                canGetAndSetFMUstate=True, canSerializeFMUstate=True,
                providesDirectionalDerivative=about.slopes,
                canHandleVariableCommunicationStepSize=steps,
                completedIntegratorStepNotNeeded=None if steps else True)  # fmt: skip
    files = _add(made, "SourceFiles")
    for name in about.sources:
        _add(files, "File", name=name)


def _types(root: Element, about: FmuAbout, variables: list[Variable]) -> None:
    if not variables:
        return
    types = _add(root, "TypeDefinitions")
    for one in variables:
        if about.second:
            kind = _add(_add(types, "SimpleType", name=one.type_name), "Enumeration")
        else:
            kind = _add(types, "EnumerationType", name=one.type_name)
        for number, name in enumerate(one.items or (), 1):
            _add(kind, "Item", name=name, value=number)


def _variable(listed: Element, about: FmuAbout, one: Variable) -> None:
    level = one.items is not None
    own: dict[str, object] = {
        "name": one.name,
        "valueReference": one.reference,
        "causality": one.causality,
        "variability": "discrete" if level else "continuous",
        "description": "NaN is missing" if one.gaps and not level else None,
    }
    start = None if one.start is None else int(one.start) if level else one.start
    value: dict[str, object] = {
        "declaredType": one.type_name or None,
        "unit": one.unit or None,
        "min": one.low,
        "max": one.high,
        "start": start,
    }
    if about.second:
        scalar = _add(listed, "ScalarVariable", **own)
        _add(scalar, "Enumeration" if level else "Real", **value)
    else:
        _add(listed, "Enumeration" if level else "Float64", **own, **value)


def _structure(root: Element, about: FmuAbout, variables: list[Variable]) -> None:
    structure = _add(root, "ModelStructure")
    shift = 1 if about.second else 0  # an index from 1, or a value reference
    inputs = [one.reference + shift for one in variables if one.causality == "input"]
    outputs = [one.reference + shift for one in variables if one.causality == "output"]
    if not about.second:
        for tag in ("Output", "InitialUnknown"):
            for reference in outputs:
                _add(structure, tag, valueReference=reference, dependencies=_joined(inputs))
        return
    for tag in ("Outputs", "InitialUnknowns"):
        unknowns = _add(structure, tag)
        for index in outputs:
            _add(unknowns, "Unknown", index=index, dependencies=_joined(inputs))


def _joined(numbers: Iterable[int]) -> str:
    return " ".join(map(str, numbers))
