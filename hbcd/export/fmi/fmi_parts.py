"""The files in an FMU, and the same files read back."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.c.c_syntax import CSource
from hbcd.export.c.c_text import SLOPE_POINTS, CText
from hbcd.export.evaluation import jacobian_of
from hbcd.export.fmi.fmi_binary import driven
from hbcd.export.fmi.fmi_description import FmuAbout, build_description, model_description
from hbcd.export.fmi.fmi_variables import Variable
from hbcd.utils.version import __version__
from hbcd.utils.xml_text import parsed_xml

__all__ = ["FmuParts"]

Array = NDArray[np.float64]
HEADERS = ("fmi_instance.h", "fmi_variables.h")
OF_VERSION = {"2.0": ("fmi2.c", "fmi2_status.h"), "3.0": ("fmi3.c", "fmi3_absent.h")}
TABLES = "model.h"
NO_TOKEN = "{00000000-0000-0000-0000-000000000000}"


class FmuParts:
    """The files of one FMU, without its binary.

    Parameters
    ----------
    text : CText
        Of the C file inside.
    variables : list of Variable
    version : str
    title : str
    """

    def __init__(self, text: CText, variables: list[Variable], version: str, title: str) -> None:
        self.text, self.variables, self.version = text, variables, version
        own = f"{text.prefix}_model.c"
        wrapper, header = OF_VERSION[version]
        self.fixed = {
            name: resources.files("hbcd.export.fmi").joinpath(name).read_bytes()
            for name in (wrapper, header, *HEADERS)
        }
        self.own = {own: text.content(None)}
        form = text.form
        kind = "classifier" if form.classes is not None else "regressor"
        self.about = FmuAbout(
            version=version,
            title=title,
            name=text.prefix,
            description=f"A {kind} by hbcd {__version__}",
            token=NO_TOKEN,
            exchange=form.classes is None,
            slopes=text.jacobian,
            sources=(own, wrapper),
        )
        self.about = replace(self.about, token=self._token())
        self.inputs = [one for one in variables if one.causality == "input"]

    def _token(self) -> str:
        """A name of what is inside: the same for the same model, in the form of a UUID."""
        digest = hashlib.sha256()
        for content in (*self.own.values(), *self.fixed.values(),
                        model_description(self.about, self.variables)):  # fmt: skip
            digest.update(content)
        d = digest.hexdigest()
        return f"{{{d[:8]}-{d[8:12]}-{d[12:16]}-{d[16:20]}-{d[20:32]}}}"

    # ---- written

    def _tables(self) -> bytes:
        text, form = self.text, self.text.form
        n, m, name = len(form.columns), len(form.outputs), text.prefix
        levels = [0 if c.levels is None else len(c.levels) for c in form.columns]
        starts = [0.0 if one.items else one.start for one in self.inputs]
        arrays = (
            ("double", "START", starts), ("int", "LEVELS", levels),
            ("int", "GAPS", [int(c.gaps) for c in form.columns]),
        )  # fmt: skip
        lines = [
            "/* What the functions of FMI have to know of the model: where inputs start, how many",
            "   levels they have, whether they may be missing. */",
            f"int {name}_predict(const double x[{n}], double y[{m}]);",
        ]
        if text.jacobian:
            lines.append(
                f"int {name}_jacobian(const double x[{n}], double y[{m}], double dy[{n * m}]);"
            )
        lines += [
            f"#define MODEL_PREDICT {name}_predict",
            f"#define MODEL_JACOBIAN {name}_jacobian",
            f'#define TOKEN "{self.about.token}"',
            f"#define N_INPUTS {n}",
            f"#define N_OUTPUTS {m}",
            f"#define HAS_CLASS {int(form.classes is not None)}",
            f"#define HAS_SLOPES {int(text.jacobian)}",
            f"#define MODEL_EXCHANGE {int(self.about.exchange)}",
        ]
        for kind, array, values in arrays:
            numbers = ", ".join(map(repr, values))
            lines.append(f"static const {kind} {array}[{n}] = {{{numbers}}};")
        return ("\n".join(lines) + "\n").encode("ascii")

    def sources(self) -> dict[str, bytes]:
        """The C files and headers by name."""
        return {**self.own, **self.fixed, TABLES: self._tables()}

    def files(self) -> dict[str, bytes]:
        """All files by their paths in the FMU."""
        found = {"modelDescription.xml": model_description(self.about, self.variables)}
        if not self.about.second:
            found["sources/buildDescription.xml"] = build_description(self.about)
        return found | {f"sources/{name}": content for name, content in self.sources().items()}

    # ---- read back

    def read_back(self, entries: dict[str, bytes]) -> tuple[Array, list[float] | None]:
        """What the C file in an FMU predicts at the points, and how far its slopes are off.

        Raises
        ------
        ValueError
            Its files are not those of the model.
        """
        own = next(iter(self.own))
        for name, content in self.files().items():
            found = entries.get(name)
            if found is None or (name.endswith((".h", "fmi2.c", "fmi3.c")) and found != content):
                raise ValueError(f"fmi: {name} reads back as another file: nothing is written")
        self._check_description(entries["modelDescription.xml"])
        build = entries.get("sources/buildDescription.xml", entries["modelDescription.xml"])
        tag = "File" if self.about.second else "SourceFile"
        listed = [one.get("name") for one in parsed_xml(build).iter(tag)]
        if set(listed) != set(self.about.sources):
            raise ValueError("fmi: lists other sources than it has: nothing is written")
        self._check_tables(entries[f"sources/{TABLES}"].decode("ascii"))
        program = self.text.program(entries[f"sources/{own}"].decode("ascii"))
        return self.text.predictions(program), self.text.slope_differences(program)

    def _check_tables(self, text: str) -> None:
        constants = CSource(text).constants
        columns = self.text.form.columns
        starts = [0.0 if one.items else one.start for one in self.inputs]
        wanted = {
            "START": np.array(starts, np.float64),
            "LEVELS": np.array([len(c.levels or ()) for c in columns]),
            "GAPS": np.array([int(c.gaps) for c in columns]),
        }
        for name, values in wanted.items():
            if constants[name].tobytes() != values.astype(constants[name].dtype).tobytes():
                raise ValueError(f"fmi: {name} reads back as other numbers: nothing is written")

    def _check_description(self, content: bytes) -> None:
        root = parsed_xml(content)
        token = root.get("guid") or root.get("instantiationToken")
        listed = root.find("ModelVariables")
        if token != self.about.token or listed is None or len(listed) != len(self.variables):
            raise ValueError("fmi: its description is not that of the model: nothing is written")
        types = {
            kind.get("name"): tuple(item.get("name") for item in kind.iter("Item"))
            for kind in root.findall("TypeDefinitions/*")
        }
        for one, element in zip(self.variables, listed, strict=True):
            value = element if len(element) == 0 else element[0]
            numbers = [value.get(name) for name in ("min", "max", "start")]
            found = (
                element.get("name"), int(element.get("valueReference", "-1")),
                element.get("causality"), value.get("unit") or "",
                *(None if number is None else float(number) for number in numbers),
                types.get(value.get("declaredType")),
            )  # fmt: skip
            if found != (one.name, one.reference, one.causality, one.unit, one.low, one.high,
                         one.start, one.items):  # fmt: skip
                raise ValueError(f"fmi: {one.name} reads back as another variable: nothing is "
                                 "written")  # fmt: skip

    # ---- its binary

    def task(self, points: int | None = None) -> dict[str, Any]:
        """What a binary is asked to compute: so many of the points, or all of them."""
        form = self.text.form
        n = len(form.columns)
        return {
            "version": int(self.version[0]),
            "token": self.about.token,
            "levels": [len(c.levels or ()) for c in form.columns],
            "points": self.text.agreed.points[:points].tolist(),
            "outputs": [n + 1 + k for k in range(len(form.outputs))],
            "class": None if form.classes is None else self.variables[-1].reference,
            "slopes": SLOPE_POINTS if self.text.jacobian else 0,
        }

    def read_binary(self, binary: bytes) -> Array:
        """What a binary predicts at the points.

        Raises
        ------
        ValueError
            It fails, or its classes or slopes are not those of the model.
        """
        found = driven(binary, self.task())
        if isinstance(found, str):
            raise ValueError(f"fmi: its binary is not read back, {found}: nothing is written")
        form = self.text.form
        if form.classes is not None and (found["classes"] != found["y"].argmax(axis=1) + 1).any():
            raise ValueError("fmi: its binary gives other classes: nothing is written")
        if self.text.jacobian:
            wanted = jacobian_of(form, self.text.agreed.points[:SLOPE_POINTS])
            most = np.abs(found["slopes"] - wanted).max(axis=(0, 2))
            if not (most <= 1e-8 * np.abs(wanted).max(axis=(0, 2))).all():
                raise ValueError(f"fmi: its binary has slopes that differ by {most.max():.3g}")
        return found["y"]
