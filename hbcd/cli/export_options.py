"""The options of `hbcd export`."""

from __future__ import annotations

import argparse

__all__ = ["add_export_options"]


def add_export_options(command: argparse.ArgumentParser) -> None:
    """Adds what the command takes; the target stands with its file, both behind --to."""
    add = command.add_argument
    add("model", nargs="?", metavar="MODEL", help="a model file")
    add("--to", nargs="+", metavar=("TARGET", "PATH"), help="what --list names, and the file to "
        "write (default: named as MODEL, here)")  # fmt: skip
    add("--list", action="store_true", help="what can be exported to")
    add("--dtype", metavar="NAME", help="of c, structured_text: float64 (default) or "
        "float32")  # fmt: skip
    add("--jacobian", action="store_true", help="of c and fmi: slopes, too")
    add("--name", metavar="NAME", help="of c, fmi: what its names begin with; of structured_text: "
        "of the block; of julia: of the module")  # fmt: skip
    add("--dialect", metavar="NAME", help="of onnx: general (default), omlt, static, float32; "
        "of structured_text: iec (default), scl")  # fmt: skip
    add("--rows", type=int, metavar="N", help="of excel: rows for inputs (default 20)")
    add("--fmi-version", dest="version", metavar="VERSION", help="of fmi: 3.0 (default) or 2.0")
    add("--no-binary", dest="binary", action="store_const", const=False,
        help="of fmi: sources alone, which the importing tool compiles")  # fmt: skip
    add("--json", action="store_true", help="print one JSON object instead")
