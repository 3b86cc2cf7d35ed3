"""FMUs unzipped, compiled with every warning as an error, and called."""

import ctypes
import subprocess
import zipfile
from xml.etree import ElementTree

from hbcd.export.fmi.fmi_driver import Fmu
from support.compiled_exports import CC

STRICT = ["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wconversion", "-Wshadow",
          "-O1", "-shared", "-fPIC"]  # fmt: skip


def unzipped(path):
    """The files of an FMU by their paths."""
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        return {name: file.read(name) for name in file.namelist()}


def description(path):
    """The root of its modelDescription.xml."""
    return ElementTree.fromstring(unzipped(path)["modelDescription.xml"])


def compiled_sources(path, folder):
    """Its library made of its sources alone: version, file, token."""
    root = description(path)
    folder.mkdir(exist_ok=True)
    files = []
    for name, content in unzipped(path).items():
        if name.startswith("sources/") and name.endswith((".c", ".h")):
            place = folder / name.partition("/")[2]
            place.write_bytes(content)
            files += [str(place)] if place.suffix == ".c" else []
    library = folder / "library.so"
    subprocess.run([CC, *STRICT, *files, "-o", str(library)], check=True)
    version = int(root.get("fmiVersion")[0])
    return str(library), version, root.get("guid") or root.get("instantiationToken")


class Calls(Fmu):
    """An instance whose functions give their status."""

    def status(self, name, *given):
        return self.function(name)(self.instance, *given)

    def set_number(self, reference, value):
        return self._set("SetFloat64" if self.version == 3 else "SetReal", ctypes.c_double,
                         reference, value)  # fmt: skip

    def set_level(self, reference, value):
        kind = ctypes.c_int64 if self.version == 3 else ctypes.c_int
        return self._set("SetInt64" if self.version == 3 else "SetInteger", kind, reference, value)

    def get_number(self, reference):
        found = (ctypes.c_double * 1)(float("nan"))
        name = "GetFloat64" if self.version == 3 else "GetReal"
        return self.status(name, *self._arrays([reference], found)), found[0]

    def get_level(self, reference):
        found = ((ctypes.c_int64 if self.version == 3 else ctypes.c_int) * 1)(-1)
        name = "GetInt64" if self.version == 3 else "GetInteger"
        return self.status(name, *self._arrays([reference], found)), found[0]

    def _set(self, name, kind, reference, value):
        return self.status(name, *self._arrays([reference], (kind * 1)(value)))

    def step(self, time, size):
        time, size = ctypes.c_double(time), ctypes.c_double(size)
        if self.version == 2:
            return self.status("DoStep", time, size, 0)
        flags = [ctypes.byref(ctypes.c_bool()) for _ in range(3)]
        reached = ctypes.byref(ctypes.c_double())
        return self.status("DoStep", time, size, ctypes.c_bool(True), *flags, reached)

    def start_again(self, stop=None):
        """From the beginning to the mode of steps."""
        assert self.status("Reset") == 0
        stops = stop is not None
        times = (ctypes.c_double(0.0), ctypes.c_double(stop or 0.0))
        if self.version == 3:
            given = (ctypes.c_bool(False), times[0], times[0], ctypes.c_bool(stops), times[1])
            assert self.status("EnterInitializationMode", *given) == 0
        else:
            given = (0, times[0], times[0], int(stops), times[1])
            assert self.status("SetupExperiment", *given) == 0
            assert self.status("EnterInitializationMode") == 0
        assert self.status("ExitInitializationMode") == 0
