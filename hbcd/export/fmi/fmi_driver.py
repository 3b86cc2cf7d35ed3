"""Runs the binary of an FMU at points, as a simulator would: a program of its own.

A fault in the binary then ends this program and not the one that writes the FMU.  It reads one
JSON object and writes another; it needs Python alone.
"""

from __future__ import annotations

import ctypes
import json
import math
import sys
from typing import Any

__all__ = ["Fmu", "main"]


class Fmu:
    """An instance for Co-Simulation of the FMU in a shared library.

    Parameters
    ----------
    library : str
        Its file.
    version : {2, 3}
    token : str

    Raises
    ------
    OSError
        It cannot be loaded.
    RuntimeError
        A call fails.
    """

    def __init__(self, library: str, version: int, token: str) -> None:
        self.library, self.version = ctypes.CDLL(library), version
        make = self.function(
            "InstantiateCoSimulation" if version == 3 else "Instantiate", ctypes.c_void_p
        )
        none = ctypes.c_void_p()
        name, key = b"check", token.encode()
        if version == 3:
            off = ctypes.c_bool(False)
            made = make(name, key, none, off, off, off, off, none, ctypes.c_size_t(0), none, none,
                        none)  # fmt: skip
        else:
            made = make(name, 1, key, none, none, 0, 0)
        if not made:
            raise RuntimeError("no instance is made")
        self.instance = ctypes.c_void_p(made)
        if version == 3:
            zero = ctypes.c_double(0.0)
            off = ctypes.c_bool(False)
            self.call("EnterInitializationMode", off, zero, zero, off, zero)
        else:
            self.call("EnterInitializationMode")
        self.call("ExitInitializationMode")

    def function(self, name: str, kind: Any = ctypes.c_int) -> Any:
        """A function by its name without `fmi2` or `fmi3`, and the type that it returns."""
        function = getattr(self.library, f"fmi{self.version}{name}")
        function.restype = kind
        return function

    def call(self, name: str, *given: Any) -> None:
        """Calls a function, given what follows the instance."""
        status = self.function(name)(self.instance, *given)
        if status != 0:
            raise RuntimeError(f"{name} gives status {status}")

    def _arrays(self, references: list[int], values: Any) -> tuple[Any, ...]:
        n = ctypes.c_size_t(len(references))
        found = ((ctypes.c_uint * len(references))(*references), n, values)
        return (*found, n) if self.version == 3 else found

    def set_numbers(self, references: list[int], values: list[float]) -> None:
        """Sets inputs that are numbers."""
        if references:
            array = (ctypes.c_double * len(values))(*values)
            name = "SetFloat64" if self.version == 3 else "SetReal"
            self.call(name, *self._arrays(references, array))

    def set_levels(self, references: list[int], values: list[int]) -> None:
        """Sets inputs that are levels, from 1."""
        if references:
            kind = ctypes.c_int64 if self.version == 3 else ctypes.c_int
            name = "SetInt64" if self.version == 3 else "SetInteger"
            self.call(name, *self._arrays(references, (kind * len(values))(*values)))

    def numbers(self, references: list[int]) -> list[float]:
        """Values of numbers."""
        array = (ctypes.c_double * len(references))()
        name = "GetFloat64" if self.version == 3 else "GetReal"
        self.call(name, *self._arrays(references, array))
        return list(array)

    def level(self, reference: int) -> int:
        """A level or a class, from 1."""
        array = ((ctypes.c_int64 if self.version == 3 else ctypes.c_int) * 1)()
        name = "GetInt64" if self.version == 3 else "GetInteger"
        self.call(name, *self._arrays([reference], array))
        return int(array[0])

    def slopes(self, outputs: list[int], known: int) -> list[float]:
        """Derivatives of outputs with respect to one input."""
        found = (ctypes.c_double * len(outputs))()
        n, one = ctypes.c_size_t(len(outputs)), ctypes.c_size_t(1)
        unknowns = (ctypes.c_uint * len(outputs))(*outputs)
        knowns, seed = (ctypes.c_uint * 1)(known), (ctypes.c_double * 1)(1.0)
        if self.version == 3:
            self.call("GetDirectionalDerivative", unknowns, n, knowns, one, seed, one, found, n)
        else:
            self.call("GetDirectionalDerivative", unknowns, n, knowns, one, seed, found)
        return list(found)

    def close(self) -> None:
        """Ends the instance."""
        self.call("Terminate")
        self.function("FreeInstance", None)(self.instance)


def _run(task: dict[str, Any]) -> dict[str, Any]:
    fmu = Fmu(task["library"], task["version"], task["token"])
    levels, outputs = task["levels"], task["outputs"]
    numeric = [k for k, count in enumerate(levels) if count == 0]
    textual = [k for k, count in enumerate(levels) if count > 0]
    found: dict[str, Any] = {"y": [], "classes": [], "slopes": []}
    for at, point in enumerate(task["points"]):
        fmu.set_numbers([k + 1 for k in numeric], [point[k] for k in numeric])
        texts = [levels[k] + 1 if math.isnan(point[k]) else int(point[k]) + 1 for k in textual]
        fmu.set_levels([k + 1 for k in textual], texts)
        found["y"].append(fmu.numbers(outputs))
        if task["class"] is not None:
            found["classes"].append(fmu.level(task["class"]))
        if at < task["slopes"]:
            columns = [
                fmu.slopes(outputs, k + 1) if count == 0 else [0.0] * len(outputs)
                for k, count in enumerate(levels)
            ]
            found["slopes"].append([list(row) for row in zip(*columns, strict=True)])
    fmu.close()
    return found


def main() -> int:
    """One task from the input to the output; 1 where it fails, 2 where nothing is loaded."""
    try:
        found = _run(json.load(sys.stdin))
    except OSError as error:
        sys.stderr.write(str(error))
        return 2
    except RuntimeError as error:
        sys.stderr.write(str(error))
        return 1
    json.dump(found, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
