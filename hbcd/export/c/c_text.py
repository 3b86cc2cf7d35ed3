"""The text of an exported C file, and the same text read back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.c.c_functions import functions_text
from hbcd.export.c.c_outputs import elementary_names, output_constants, outputs, seeds
from hbcd.export.c.c_reader import CProgram
from hbcd.export.c.c_steps import Layout, backward, features, forward, layout
from hbcd.export.c.c_syntax import code_lines
from hbcd.export.evaluation import jacobian_of
from hbcd.export.form import ModelForm
from hbcd.export.record import ExportRecord
from hbcd.export.self_check import Agreement
from hbcd.utils.version import __version__

__all__ = ["REALS", "CText"]

Array = NDArray[Any]
REALS = {"float64": ("double", ""), "float32": ("float", "f")}
SELF_TESTS = 8  # points that the file itself holds, of those that it is checked at
MANY_WEIGHTS, FEW_TESTS = 5000, 2  # it holds fewer, since it is read back without a compiler
SLOPE_POINTS = 256  # of them, at which slopes are compared
WIDTH = 100
RESTRICT = (  # which the compiler of Microsoft knows in C11 alone, unless told
    "#if defined(_MSC_VER) && (!defined(__STDC_VERSION__) || (__STDC_VERSION__ < 201112L))",
    "#define restrict __restrict",
    "#endif",
    "",
)


class CText:
    """The text of one file, and what it must hold."""

    def __init__(
        self, form: ModelForm, dtype: str, jacobian: bool, prefix: str, agreed: Agreement
    ) -> None:
        self.form, self.dtype, self.jacobian, self.prefix = form, dtype, jacobian, prefix
        self.agreed = agreed
        self.real, self.suffix = REALS[dtype]
        self.plan: Layout = layout(form)
        self.arrays = self._arrays()
        self._read: dict[tuple[str, ...], CProgram] = {}  # by what a compiler sees of the text
        self._predicted: dict[CProgram, Array] = {}
        self._slopes: dict[CProgram, list[float]] = {}

    # ---- numbers

    def number(self, value: Any) -> str:
        """A constant that reads back as the same number."""
        if self.suffix:
            return f"{np.float32(value)!s}{self.suffix}"
        return repr(float(value))

    def _arrays(self) -> dict[str, Array]:
        kind = np.dtype(self.dtype)
        form = self.form
        shift = form.shift.astype(kind)
        found = {"SHIFT": shift}
        if self.suffix:  # in two parts: one would lose digits of a mean far from 0
            found["SHIFT_REST"] = (form.shift - shift).astype(kind)
        found |= {"FACTOR": form.factor, **output_constants(form)}
        if self.plan.weights.size:
            found |= {"WEIGHTS": self.plan.weights, "BIASES": self.plan.biases}
        return {name: np.asarray(array).astype(kind) for name, array in found.items()}

    def _array(self, name: str, values: Iterable[Any]) -> str:
        numbers = [self.number(value) for value in values]
        lines, line = [], "   "
        for number in numbers:
            if len(line) + len(number) + 2 > WIDTH:
                lines.append(line)
                line = "   "
            line += f" {number},"
        body = "\n".join([*lines, line.rstrip(",")])
        return f"static const {self.real} {name}[{len(numbers)}] = {{\n{body}\n}};"

    # ---- parts of the file

    def content(self, record: ExportRecord | None) -> bytes:
        """The whole file."""
        parts = [self._prototypes()]
        parts += [self._array(name, values) for name, values in self.arrays.items()]
        parts.append(functions_text(elementary_names(self.form, self.jacobian), self.real).rstrip())
        parts += [one.rstrip() for one in self.plan.functions(self.jacobian, self.suffix)]
        parts += [self._forward(), self._predict()]
        parts += [self._jacobian()] if self.jacobian else []
        parts.append(self._selftest())
        text = "\n\n".join(part for part in parts if part) + "\n"
        zero_one = {"REAL": self.real}
        if "#define ONE" not in text:
            text = text.replace("ONE -", f"{self.number(1.0)} -")
        for name, value in zero_one.items():
            text = re.sub(rf"\b{name}\b", value, text)
        return f"{self._head(record)}\n\n{text}".encode(
            "ascii"
        )  # texts of the user stay as they are

    def _head(self, record: ExportRecord | None) -> str:
        form = self.form
        lines = [f"/* A model of hbcd {__version__}. Inputs, in the order of x:", ""]
        for k, column in enumerate(form.columns):
            what = f"from {column.low:.6g} to {column.high:.6g}"
            if column.levels is not None:
                what = ", ".join(f"{n}: {_plain(t)}" for n, t in enumerate(column.levels))
            gaps = "; NaN is missing" if column.gaps else ""
            lines.append(f"     x[{k}]  {_plain(column.name)}  ({what}{gaps})")
        lines += ["", "   Outputs, in the order of y:", ""]
        unit = f" in {_plain(form.unit)}" if form.unit else ""
        lines += [f"     y[{k}]  {_plain(name)}{unit}" for k, name in enumerate(form.outputs)]
        lines += [
            "",
            "   Ranges are those of the training rows. Functions give 0, or the number of the",
            "   first input, from 1, that is no number or no level, or -1 where a prediction",
            "   overflows.",
            "   */",
        ]
        if record is not None:
            lines.append(f"/* {record.to_text()} */")
        return "\n".join(lines)

    def _prototypes(self) -> str:
        largest = "DBL_MAX" if self.real == "double" else "FLT_MAX"
        n, m = len(self.form.columns), len(self.form.outputs)
        lines = ["#include <float.h>", "", *RESTRICT, f"#define LARGEST ({largest})", ""]
        lines += [f"int {self.prefix}_predict(const REAL x[{n}], REAL y[{m}]);"]
        if self.jacobian:
            dy = f"REAL dy[{n * m}]"
            lines += [f"int {self.prefix}_jacobian(const REAL x[{n}], REAL y[{m}], {dy});"]
        return "\n".join([*lines, f"int {self.prefix}_selftest(void);"])

    def _forward(self) -> str:
        form, size = self.form, self.plan.size
        n, m = len(form.columns), len(form.outputs)
        body = ["int status = 0;", "int k;"]
        body += ["int known;"] if any(c.gaps for c in form.columns) else []
        computed = outputs(form, self.plan.outputs, self.number)
        body += [f"REAL {name};" for name in ("largest", "sum") if _uses(computed, name)]
        body += features(form, self.number) + forward(self.plan, self.number) + computed
        body += [
            f"for (k = 0; k < {m}; k++) {{",
            "    status = ((status == 0) && (!((y[k] >= -LARGEST) && (y[k] <= LARGEST)))) ? (-1) "
            ": status;",
            "}",
            "return status;",
        ]
        head = f"static int compute(const REAL x[{n}], REAL h[{size}], REAL y[{m}])"
        return _function(head, body)

    def _predict(self) -> str:
        n, m = len(self.form.columns), len(self.form.outputs)
        body = [f"REAL h[{self.plan.size}];", "return compute(x, h, y);"]
        return _function(f"int {self.prefix}_predict(const REAL x[{n}], REAL y[{m}])", body)

    def _jacobian(self) -> str:
        form, plan = self.form, self.plan
        n, m = len(form.columns), len(form.outputs)
        lines = backward(plan, self.number)
        values = f"const REAL h[{plan.size}], " if _uses(lines, "h") else ""
        back = _function(
            f"static void slopes({values}REAL g[{plan.size}])",
            lines,
        )
        body = []
        for k in range(m):
            body += [f"for (k = 0; k < {plan.size}; k++) {{", f"    g[k] = {self.number(0)};", "}"]
            body += [
                *seeds(form, k, plan.outputs, self.number),
                f"slopes({'h, ' if values else ''}g);",
            ]
            for j, column in enumerate(form.columns):
                value = f"g[{column.place}] * FACTOR[{column.place}]"
                if column.gaps:
                    zero = self.number(0.0)
                    finite = f"((x[{j}] >= -LARGEST) && (x[{j}] <= LARGEST))"
                    value = f"{finite} ? ({value}) : {zero}"
                if column.levels is not None:
                    value = self.number(0.0)
                body.append(f"dy[{k * n + j}] = {value};")
        names = [f"REAL {name};" for name in ("slope", "value", "sum") if _uses(body, name)]
        start = [f"REAL h[{plan.size}];", f"REAL g[{plan.size}];", "int status;", "int k;", *names]
        body = [*start, "status = compute(x, h, y);", *body, "return status;"]
        head = f"int {self.prefix}_jacobian(const REAL x[{n}], REAL y[{m}], REAL dy[{n * m}])"
        return f"{back}\n\n{_function(head, body)}"

    def _tests(self) -> tuple[Array, Array, Array]:
        """Points without gaps, predictions there, and how far from these a result may be."""
        most = SELF_TESTS if self.plan.weights.size < MANY_WEIGHTS else FEW_TESTS
        whole = np.flatnonzero(np.isfinite(self.agreed.points).all(axis=1))[:most]
        expected = self.agreed.predicted[whole]
        allowed = 2.0 * self.agreed.bound
        spread = 1e-4 * np.abs(self.agreed.predicted).max(axis=0)
        return self.agreed.points[whole], expected, np.where(allowed < spread, allowed, spread)

    def _selftest(self) -> str:
        points, expected, allowed = self._tests()
        n, m = len(self.form.columns), len(self.form.outputs)
        arrays = [
            self._array(name, values.ravel())
            for name, values in (
                ("TEST_X", points),
                ("TEST_Y", expected),
                ("TEST_TOLERANCE", allowed),
            )
        ]
        body = [
            "int wrong = 0;", "int point;", "int k;", f"REAL y[{m}];",
            f"for (point = 0; point < {len(points)}; point++) {{",
            f"    int status = {self.prefix}_predict(&TEST_X[point * {n}], y);",
            "    wrong = ((wrong == 0) && (status != 0)) ? (point + 1) : wrong;",
            f"    for (k = 0; k < {m}; k++) {{",
            f"        REAL off = y[k] - TEST_Y[(point * {m}) + k];",
            "        REAL most = TEST_TOLERANCE[k];",
            "        int good = ((off <= most) && (off >= -most)) ? 1 : 0;",
            "        wrong = ((wrong == 0) && (good == 0)) ? (point + 1) : wrong;",
            "    }",
            "}",
            "return wrong;",
        ]  # fmt: skip
        function = _function(f"int {self.prefix}_selftest(void)", body)
        about = (
            "/* 0, or the number of the first point, from 1, that is not predicted as it was. */"
        )
        return "\n\n".join([*arrays, f"{about}\n{function}"])

    # ---- the file read back

    def program(self, text: str) -> CProgram:
        """What the text says; ValueError where it has other numbers, or fails its own test.

        A text that differs from one before in comments alone, as by its record, is the same.
        """
        code = code_lines(text)
        if code in self._read:
            return self._read[code]
        program = CProgram(text)
        for name, wanted in self.arrays.items():
            found = program.constants.get(name)
            if found is None or found.tobytes() != wanted.tobytes():
                raise ValueError(f"c: {name} reads back as other numbers: nothing is written")
        if np.any(program.run(f"{self.prefix}_selftest")):
            raise ValueError("c: fails its own test: nothing is written")
        self._read[code] = program
        return program

    def predictions(self, program: CProgram) -> Array:
        """What the text computes at the points, (points, outputs)."""
        if program not in self._predicted:
            sizes = (len(self.form.outputs),)
            self._predicted[program] = self._run(program, "predict", self.agreed.points, *sizes)[0]
        return self._predicted[program]

    def slope_differences(self, program: CProgram) -> list[float] | None:
        """How far its slopes are from those of the model; ValueError where that is too far."""
        if not self.jacobian:
            return None
        if program in self._slopes:
            return self._slopes[program]
        points = self.agreed.points[:SLOPE_POINTS]
        if self.suffix:
            points = points.astype(np.float32).astype(np.float64)
        n, m = len(self.form.columns), len(self.form.outputs)
        found = self._run(program, "jacobian", points, m, n * m)[1].reshape(-1, m, n)
        wanted = jacobian_of(self.form, points)
        most = np.abs(found - wanted).max(axis=(0, 2))
        allowed = (2e-2 if self.suffix else 1e-8) * np.abs(wanted).max(axis=(0, 2))
        if not (most <= allowed).all():
            raise ValueError(f"c: has slopes that differ by {most.max():.3g}: nothing is written")
        self._slopes[program] = [float(one) for one in most]
        return self._slopes[program]

    def _run(self, program: CProgram, name: str, points: Array, *sizes: int) -> list[Array]:
        given = [[np.zeros(len(points))] * size for size in sizes]
        columns = list(points.astype(self.dtype).T)
        if np.any(program.run(f"{self.prefix}_{name}", columns, *given)):
            raise ValueError("c: refuses points of the box: nothing is written")
        found = ([np.broadcast_to(one, len(points)) for one in side] for side in given)
        return [np.column_stack(side).astype(np.float64) for side in found]


def _uses(lines: list[str], name: str) -> bool:
    return any(re.search(rf"\b{name}\b", line) for line in lines)


def _function(head: str, body: list[str]) -> str:
    return "\n".join([head, "{", *(f"    {line}" for line in body), "}"])


def _plain(text: str) -> str:
    """A text that may stand in a comment."""
    return re.sub(r"[^ -~]|\*/|/\*|\?\?|[\\\"]", "_", text)
