"""`to_fmi`: a model as a Functional Mock-up Unit, with its sources and a binary inside."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hbcd.export.archive import archive, archive_entries
from hbcd.export.c.c_file import c_identifier
from hbcd.export.c.c_text import CText
from hbcd.export.fmi.fmi_binary import binary_path, compiled, driven
from hbcd.export.fmi.fmi_parts import FmuParts
from hbcd.export.fmi.fmi_variables import fmi_variables, xml_text
from hbcd.export.form import model_form
from hbcd.export.record import ExportRecord
from hbcd.export.rounding import Arithmetic
from hbcd.export.self_check import agreement, keep_checked, record_of
from hbcd.utils.public import public

__all__ = ["to_fmi"]

VERSIONS = ("2.0", "3.0")
NO_EXCHANGE = "Model Exchange, since a class changes in steps; Co-Simulation is there"


@public
def to_fmi(
    model: Any,
    path: str | os.PathLike[str],
    *,
    version: str = "3.0",
    jacobian: bool = False,
    binary: bool | None = None,
    units: Mapping[str, str] | None = None,
    name: str | None = None,
) -> ExportRecord:
    """Writes a model as a Functional Mock-up Unit (FMU), for simulators.

    It is for Co-Simulation and Model Exchange; of a classifier for Co-Simulation alone.  Outputs
    are functions of the inputs at the same time: there are no states and no events.  Inputs start
    at the center of the box of the training rows, which stands in their ``min`` and ``max``.  A
    text is an enumeration of its levels, numbered from 1, with a last one for "missing" where the
    model knows gaps; for a number that is missing NaN is set.  Outputs of a classifier are the
    probabilities of its classes, and ``class``, the most probable one, an enumeration.

    The sources are those of `to_c` and functions of FMI around them.  The file is unzipped and
    read back before it is kept: its C file by an evaluator that knows C alone, at 4096 points and
    the corners of the box, constants bit by bit; its description and its tables against the
    model; its binary by calls of the functions of FMI at the same points.

    Parameters
    ----------
    model : HybridRegressor or HybridClassifier
        Fitted.
    path : str or path
        Of the file, such as ``plant.fmu``.
    version : {"3.0", "2.0"}
        Of FMI [1]_.
    jacobian : bool, default False
        Whether it has directional derivatives of the outputs with respect to inputs that are
        numbers; of FMI 3 adjoint ones, too.
    binary : bool, optional
        Whether a shared library for this platform is inside, compiled by the command of the
        environment variable CC, or by cc, gcc or clang.  By default it is where there is a
        compiler.  An FMU without one has to be compiled by the importing tool; the record says so.
    units : dict of str to str, optional
        Units of inputs and outputs by name, such as ``{"at": "degC"}``.
    name : str, optional
        The model identifier; by default the name of the file.

    Returns
    -------
    ExportRecord
        How far the file is from the model: what was measured, and what is proven.

    Raises
    ------
    ValueError
        A custom layer, activation or loss; a name that XML cannot hold; ``binary=True`` where
        nothing compiles; a file that does not agree with the model.
    NotFittedError
        Before `fit`.
    OSError
        The file cannot be written.

    References
    ----------
    .. [1] Modelica Association, Functional Mock-up Interface Specification, versions 2.0.4 and
       3.0.2.
    """
    if version not in VERSIONS:
        raise ValueError(f"version={version!r}: must be one of {', '.join(VERSIONS)}")
    form = model_form(model)
    title = xml_text(Path(path).stem if name is None else name, "name")
    arithmetic = Arithmetic(np.dtype(np.float64))
    agreed = agreement(form, arithmetic)
    variables = fmi_variables(form, units or {})
    text = CText(form, "float64", jacobian, c_identifier(title), agreed)
    parts = FmuParts(text, variables, version, title)
    left_out = [NO_EXCHANGE] if form.classes is not None else []
    library, reason = _library(parts, binary)
    if library is None:
        left_out.append(f"a binary: {reason}; the importing tool compiles the sources")
    place = binary_path(version, parts.about.name)
    seen: list[tuple[dict[str, bytes], ExportRecord]] = []  # the first reading

    def content(record: ExportRecord | None) -> bytes:
        entries = parts.files() | ({} if library is None else {place: library})
        return archive(entries, "" if record is None else record.to_text())

    def check(file: Path) -> ExportRecord:
        entries = archive_entries(file.read_bytes())
        if seen and seen[0][0] == entries:
            return seen[0][1]
        found, slopes = parts.read_back(entries)
        record = record_of(form, agreed, found, arithmetic, "fmi", left_out)
        record = replace(record, measured_jacobian=slopes)
        if library is not None:
            if entries.get(place) != library:
                raise ValueError(f"fmi: {place} reads back as another file: nothing is written")
            ran = parts.read_binary(entries[place])
            own = record_of(form, agreed, ran, arithmetic, "fmi", left_out)
            worst = map(max, record.measured, own.measured)
            record = replace(record, measured=list(worst))
        seen.append((entries, record))
        return record

    return keep_checked(path, content, check)


def _library(parts: FmuParts, binary: bool | None) -> tuple[bytes | None, str]:
    """A library that loads here, or None and the reason."""
    if binary is not None and not binary:
        return None, "none was asked for"
    found = compiled(parts.sources())
    if isinstance(found, bytes):
        loaded = driven(found, parts.task(0))
        found = found if isinstance(loaded, dict) else loaded
    if isinstance(found, bytes):
        return found, ""
    if binary:
        raise ValueError(f"binary=True: {found}: binary=False writes the sources alone")
    return None, found
