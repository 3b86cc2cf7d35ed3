"""What a model can be exported to, by name."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from typing import Any

__all__ = ["TARGETS", "Target", "target"]


@dataclass(frozen=True)
class Target:
    """A kind of file that a model can become.

    Attributes
    ----------
    name : str
    summary : str
    suffix : str
        Of its files.
    home : tuple of str
        The module and the function that writes one: ``write(model, path, **options)``.
    options : tuple of str
        What that function takes besides.
    needs : tuple of str
        Packages that it imports.
    extra : str
        The extra of hbcd that brings them.
    """

    name: str
    summary: str
    suffix: str
    home: tuple[str, str]
    options: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    extra: str = ""

    @property
    def missing(self) -> list[str]:
        """Packages that are not installed."""
        return [name for name in self.needs if importlib.util.find_spec(name) is None]

    def write(self, model: Any, path: str, **options: Any) -> Any:
        """Writes the file, and gives its record.

        Raises
        ------
        ValueError
            An option that this target does not have.
        """
        wrong = [name for name in options if name not in self.options]
        if wrong:
            known = ", ".join(self.options) or "none"
            raise ValueError(f"{wrong[0]}: is no option of {self.name}, which has {known}")
        if self.missing:
            names = ", ".join(self.missing)
            raise ValueError(f"{names}: must be installed: pip install 'hbcd[{self.extra}]'")
        return getattr(importlib.import_module(self.home[0]), self.home[1])(model, path, **options)


TARGETS = {
    one.name: one
    for one in (
        Target(
            "c",
            "one C99 file: no allocation, no library, optional slopes, a test of itself",
            ".c",
            ("hbcd.export.c.c_file", "to_c"),
            ("dtype", "jacobian", "name"),
        ),
        Target(
            "fmi",
            "FMU of FMI 3 or 2, for simulators: sources, a binary where something compiles",
            ".fmu",
            ("hbcd.export.fmi.fmi_file", "to_fmi"),
            ("version", "jacobian", "binary", "units", "name"),
        ),
        Target(
            "onnx",
            "ONNX: any runtime, or the dialect of OMLT, of controllers, of float32",
            ".onnx",
            ("hbcd.export.onnx.onnx_file", "to_onnx"),
            ("dialect",),
            ("onnx",),
            "onnx",
        ),
        Target(
            "structured_text",
            "a function block of IEC 61131-3 for controllers, LREAL or REAL",
            ".st",
            ("hbcd.export.structured_text.structured_text", "to_structured_text"),
            ("dtype", "dialect", "name"),
        ),
        Target(
            "julia",
            "a module of Julia: predict(x), and a predictor for MathOptAI.jl",
            ".jl",
            ("hbcd.export.julia.julia_file", "to_julia"),
            ("name",),
        ),
        Target(
            "excel",
            "a workbook that computes predictions by formulas of its own",
            ".xlsx",
            ("hbcd.export.excel.excel_file", "to_excel"),
            ("rows",),
            ("openpyxl",),
            "excel",
        ),
    )
}


def target(name: str) -> Target:
    """The target of a name.

    Raises
    ------
    ValueError
        There is none.
    """
    if name not in TARGETS:
        raise ValueError(f"to={name!r}: must be one of {', '.join(TARGETS)}")
    return TARGETS[name]
