"""The text of a function block, and the same text read back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.c.c_steps import Layout, layout
from hbcd.export.form import ModelForm
from hbcd.export.output_numbers import output_arrays
from hbcd.export.record import ExportRecord
from hbcd.export.self_check import Agreement
from hbcd.export.structured_text.st_numbers import LOCALS, NUMBERS, REALS, RESERVED, Real
from hbcd.export.structured_text.st_outputs import class_number, predictions
from hbcd.export.structured_text.st_program import FunctionBlock
from hbcd.export.structured_text.st_steps import Port, checks, features, indented, layers
from hbcd.export.text_names import comment_text, identifiers
from hbcd.utils.version import __version__

__all__ = ["STText"]

Array = NDArray[Any]
NAME = 32  # characters of the longest name
WIDTH = 100
FAR = 1e6  # standard deviations from the mean of an input that no table goes to
NO_SPREAD = 1e30  # how far an input may be that did not vary
STATES = ("VALID", "OUT_OF_RANGE", "CLASS_NUMBER")
WORD = re.compile(r"[A-Za-z_]\w*")


class STText:
    """The text of one file, and what it must hold."""

    def __init__(
        self, form: ModelForm, dtype: str, dialect: str, name: str, agreed: Agreement
    ) -> None:
        self.form, self.dialect, self.agreed = form, dialect, agreed
        self.real: Real = REALS[dtype]
        self.plan: Layout = layout(form)
        self.numbers = [column for column in form.columns if column.levels is None]
        self.arrays = self._arrays()
        (self.name,) = identifiers([name], RESERVED, NAME, "model")
        taken = {*RESERVED, *LOCALS, *self.arrays, self.name, "fill"}
        made = identifiers([c.name for c in form.columns], taken, NAME - 8, "input")
        gaps = [column.gaps and column.levels is None for column in form.columns]
        wanted = [f"{name}_MISSING" for name, gap in zip(made, gaps, strict=True) if gap]
        told = iter(identifiers(wanted, {*taken, *made}, NAME, "missing"))
        missing = [next(told) if gap else "" for gap in gaps]
        places = iter(range(len(self.numbers)))
        self.ports = [
            Port(column, name, gap, next(places) if column.levels is None else -1)
            for column, name, gap in zip(form.columns, made, missing, strict=True)
        ]
        taken |= {*made, *missing}
        self.outputs = identifiers(form.outputs, taken, NAME, "output")

    def _arrays(self) -> dict[str, Array]:
        kind, form = self.real.dtype, self.form
        with np.errstate(over="ignore"):
            shift = form.shift.astype(kind)
        found: dict[str, Any] = {}
        if self.numbers:
            at = [column.place for column in self.numbers]
            with np.errstate(divide="ignore"):
                reach = np.where(form.factor[at] > 0, FAR / form.factor[at], NO_SPREAD)
            found = {
                "CENTER": form.shift[at],
                "REACH": np.minimum(reach, float(np.finfo(kind).max) / 4.0),
                "LOW": [column.low for column in self.numbers],
                "HIGH": [column.high for column in self.numbers],
            }  # fmt: skip
            if any(column.gaps for column in self.numbers):
                found["FILL"] = [column.fill or 0.0 for column in self.numbers]
        found["SHIFT"] = shift
        if kind == np.float32:  # in two parts: one would lose digits of a mean far from 0
            found["SHIFT_REST"] = form.shift - shift
        found |= {"FACTOR": form.factor, **output_arrays(form)}
        if self.plan.weights.size:
            found |= {"WEIGHTS": self.plan.weights, "BIASES": self.plan.biases}
        with np.errstate(over="ignore", invalid="ignore"):
            made = {name: np.asarray(one, np.float64).astype(kind) for name, one in found.items()}
        for name, array in made.items():
            if not np.isfinite(array).all():
                raise ValueError(
                    f"dtype={kind.name!r}: cannot hold {name} of the model, float64 can"
                )
        return made

    # ---- parts of the file

    def content(self, record: ExportRecord | None) -> bytes:
        """The whole file."""
        scl = self.dialect == "scl"
        name = f'"{self.name}"' if scl else self.name
        lines = [*self._head(record), f"FUNCTION_BLOCK {name}", *self._ports()]
        lines += ["VAR" if scl else "VAR CONSTANT"]
        for key, values in self.arrays.items():
            lines += self._array(key, values)
        lines += ["END_VAR", *self._locals(), *self._statements()]
        return "\n".join([*lines, "END_FUNCTION_BLOCK", ""]).encode("ascii")

    def _head(self, record: ExportRecord | None) -> list[str]:
        lines = [
            f"(* A model of hbcd {__version__}, for IEC 61131-3.",
            "",
            "   VALID is FALSE where an input is no number, far from all numbers of the training",
            "   table, or no level, and where a prediction is too large: outputs then keep their",
            "   last values. OUT_OF_RANGE is TRUE where a number lies outside of the training",
            "   rows: the prediction is one beyond them. *)",
        ]
        if record is not None:
            lines.append(f"(* {record.to_text(',' + chr(10))} *)")
        return lines

    def _ports(self) -> list[str]:
        form, real = self.form, self.real.name
        lines = ["VAR_INPUT"]
        for number, port in enumerate(self.ports, 1):
            column, told = port.column, f"{number}. {comment_text(port.column.name)}"
            if column.levels is None:
                lines.append(f"    (* {told}, from {column.low:.6g} to {column.high:.6g} *)")
                lines.append(f"    {port.name} : {real};")
                if port.missing:
                    lines.append(f"    {port.missing} : BOOL;")
                continue
            gap = ["-1 is missing"] if column.gaps else []
            levels = [f"{n} is {comment_text(text)}" for n, text in enumerate(column.levels)]
            lines += [*_comment([f"{told}:", *(f"{one}," for one in [*gap, *levels])]),
                      f"    {port.name} : DINT;"]  # fmt: skip
        lines += ["END_VAR", "VAR_OUTPUT"]
        unit = f", in {comment_text(form.unit)}" if form.unit else ""
        for name, told in zip(self.outputs, form.outputs, strict=True):
            lines += [f"    (* {comment_text(told)}{unit} *)", f"    {name} : {real};"]
        if form.classes is not None:
            lines.append("    (* the most probable class, as outputs are counted, from 0 *)")
            lines.append("    CLASS_NUMBER : DINT;")
        return [*lines, "    VALID : BOOL;", "    OUT_OF_RANGE : BOOL;", "END_VAR"]

    def _array(self, name: str, values: Iterable[Any]) -> list[str]:
        numbers = [self.real.plain(value) for value in values]
        lines, line = [f"    {name} : ARRAY[0..{len(numbers) - 1}] OF {self.real.name} := ["], ""
        for number in numbers:
            if len(line) + len(number) > WIDTH - 10:
                lines.append(f"        {line}")
                line = ""
            line += f"{number}, "
        return [*(one.rstrip() for one in lines), f"        {line[:-2]}];"]

    def _locals(self) -> list[str]:
        real = self.real.name
        used = {word for line in self._code() for word in WORD.findall(line)}
        arrays = {"given": len(self.numbers), "inner": self.plan.size,
                  "results": len(self.form.outputs)}  # fmt: skip
        kinds = {name: f"ARRAY[0..{n - 1}] OF {real}" for name, n in arrays.items()}
        kinds |= dict.fromkeys(NUMBERS, real) | {"i": "DINT", "j": "DINT"}
        lines = [f"    {name} : {kind};" for name, kind in kinds.items() if name in used]
        return ["VAR", *lines, "END_VAR"]

    def _statements(self) -> list[str]:
        """The statements, in the spelling of the dialect."""
        lines = self._code()
        if self.dialect != "scl":
            return ["(* Statements *)", *lines]
        ports = [name for port in self.ports for name in (port.name, port.missing) if name]
        known = {*LOCALS, *self.arrays, *ports, *self.outputs, *STATES}
        return ["BEGIN", *(
            WORD.sub(lambda word: f"#{word[0]}" if word[0] in known else word[0], line)
            for line in lines
        )]  # fmt: skip

    def _code(self) -> list[str]:
        form = self.form
        inside = features(form, self.ports, self.real) + layers(self.plan, self.real)
        inside += predictions(form, self.plan.outputs, self.real)
        last = [f"{name} := results[{k}];" for k, name in enumerate(self.outputs)]
        if form.classes is not None:
            last += class_number(len(form.outputs))
        return [*checks(self.ports), "IF VALID THEN", *indented(inside), "END_IF;",
                "IF VALID THEN", *indented(last), "END_IF;"]  # fmt: skip

    # ---- the file read back

    def compute(self, text: str) -> Array:
        """What the text computes at the points; ValueError where it has other numbers."""
        block = FunctionBlock(text)
        found = block.constants()
        for name, wanted in self.arrays.items():
            if name not in found or found[name].tobytes() != wanted.tobytes():
                raise ValueError(
                    f"structured_text: {name} reads back as other numbers: nothing is written"
                )
        points = self.agreed.points
        with np.errstate(invalid="ignore"):
            try:
                done = block.run(self.inputs_of(points))
            except FloatingPointError as error:
                raise ValueError(f"structured_text: {error}: nothing is written") from error
        if not done["VALID"].all():
            raise ValueError("structured_text: refuses points of the box: nothing is written")
        y = np.column_stack([done[name] for name in self.outputs]).astype(np.float64)
        if self.form.classes is not None and (done["CLASS_NUMBER"] != y.argmax(axis=1)).any():
            raise ValueError("structured_text: gives other classes than its probabilities")
        return y

    def inputs_of(self, points: Array) -> dict[str, Array]:
        """Points of the columns as inputs of the block."""
        given = {}
        for port, values in zip(self.ports, points.T, strict=True):
            missing = np.isnan(values)
            if port.column.levels is not None:
                given[port.name] = np.where(missing, -1, values).astype(np.int64)
                continue
            given[port.name] = np.where(missing, 0.0, values) if port.missing else values
            if port.missing:
                given[port.missing] = missing
        return given


def _comment(words: list[str]) -> list[str]:
    """A comment of several lines at most `WIDTH` wide."""
    lines, line = [], "    (*"
    for word in words:
        if len(line) + len(word) + 4 > WIDTH:
            lines.append(line)
            line = "      "
        line += f" {word}"
    return [*lines, f"{line.rstrip(',')} *)"]
