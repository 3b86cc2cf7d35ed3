"""Builds hbcd.core._core: one Cython file and the whole C core, with OpenMP where there is any.

Everything that is not about compiling and packing stands in pyproject.toml.  HBCD_NO_OPENMP=1 in
the environment builds without OpenMP.  With SOURCE_DATE_EPOCH set, the same sources and tools give
the same sdist and the same wheel, byte for byte.
"""

import gzip
import io
import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.command.sdist import sdist
from setuptools.errors import CompileError, LinkError

ROOT = Path(__file__).resolve().parent

# One build for Python 3.11 and every later one: only the stable ABI is used.  A free-threaded
# Python has none, so each of its versions gets a build of its own.
STABLE_ABI = sys.implementation.name == "cpython" and not sysconfig.get_config_var(
    "Py_GIL_DISABLED"
)

# No flag names a processor: the kernels choose their instruction set at run time (csrc/src/simd).
# -g0 undoes the -g of the interpreter's own flags, which would double the size of the wheel.
UNIX_FLAGS = [
    "-std=c11",
    "-O3",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fvisibility=hidden",
    "-g0",
    "-Wno-unknown-pragmas",  # a build without OpenMP passes over its pragmas
]
# Fused operations but where a pragma forbids them: gcc does that by "fast"; clang by "on", which
# gcc takes for "off".
CLANG_FUSES, GCC_FUSES = "-ffp-contract=on", "-ffp-contract=fast"
MSVC_FLAGS = ["/std:c11", "/O2", "/fp:precise"]

OPENMP_PROBE = """
#include <omp.h>
#ifndef _OPENMP
#error "OpenMP is off"
#endif
int main(void)
{
    int n = 0;
#pragma omp parallel
#pragma omp atomic
    n++;
    return n > 0 && omp_get_max_threads() > 0 ? 0 : 1;
}
"""


def sources(*patterns: str) -> list[str]:
    """Files under the project's root, relative to it, always in the same order."""
    found = (path for pattern in patterns for path in ROOT.glob(pattern))
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


class BuildExt(build_ext):
    """build_ext with flags for the compiler at hand, OpenMP if it works, C files side by side."""

    def build_extensions(self) -> None:
        msvc = self.compiler.compiler_type == "msvc"
        compile_flags, link_flags = self.openmp_flags()
        if not msvc:
            compile_flags = [CLANG_FUSES if self.is_clang() else GCC_FUSES, *compile_flags]
        for extension in self.extensions:
            extension.extra_compile_args = (MSVC_FLAGS if msvc else UNIX_FLAGS) + compile_flags
            extension.extra_link_args = link_flags
            if not msvc:
                extension.libraries = ["m"]
        if not msvc:
            self.compile_in_parallel()
        super().build_extensions()

    def copy_extensions_to_source(self) -> None:
        """Copies in place, and removes builds for other Pythons: one of a version hides `abi3`."""
        super().copy_extensions_to_source()
        for extension in self.extensions:
            built = Path(self.get_ext_fullpath(extension.name))
            folder = ROOT.joinpath(*extension.name.split(".")[:-1])
            for other in folder.glob(extension.name.rpartition(".")[2] + ".*"):
                if other.suffix in (".so", ".pyd") and other.name != built.name:
                    other.unlink()

    def is_clang(self) -> bool:
        """Whether the compiler in use is clang, by whatever name."""
        command = [*self.compiler.compiler_so, "--version"]
        return (
            "clang" in subprocess.run(command, capture_output=True, text=True, check=False).stdout
        )

    def openmp_flags(self) -> tuple[list[str], list[str]]:
        """Flags to compile and to link with; empty without OpenMP.  Says which."""
        if os.environ.get("HBCD_NO_OPENMP", "0") not in ("", "0"):
            print("hbcd: building without OpenMP (HBCD_NO_OPENMP is set)", flush=True)
            return [], []
        for compile_flags, link_flags in self.openmp_candidates():
            if self.links(OPENMP_PROBE, compile_flags, link_flags):
                flags = " ".join(compile_flags)
                print(f"hbcd: building with OpenMP ({flags})", flush=True)
                return compile_flags, link_flags
        print(
            "hbcd: building without OpenMP (this compiler cannot compile and link with it): "
            "one thread per fit, same numbers",
            flush=True,
        )
        return [], []

    def openmp_candidates(self) -> list[tuple[list[str], list[str]]]:
        if self.compiler.compiler_type == "msvc":
            return [(["/openmp"], [])]
        if sys.platform == "darwin":  # Apple's clang has the pragmas, but not the library
            return [(["-Xpreprocessor", "-fopenmp"], ["-lomp"]), (["-fopenmp"], ["-fopenmp"])]
        return [(["-fopenmp"], ["-fopenmp"])]

    def links(self, program: str, compile_flags: list[str], link_flags: list[str]) -> bool:
        """Whether the compiler in use makes an executable of a program with these flags."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text(program)
            try:
                objects = self.compiler.compile(
                    [str(source)], output_dir=folder, extra_postargs=compile_flags
                )
                self.compiler.link_executable(
                    objects, "probe", output_dir=folder, extra_postargs=link_flags
                )
            except (CompileError, LinkError):
                return False
        return True

    def compile_in_parallel(self) -> None:
        """One compiler process per C file and processor instead of one after another."""
        compile_some = self.compiler.compile

        def compile_all(sources, *args, **kwargs):
            with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
                jobs = [pool.submit(compile_some, [one], *args, **kwargs) for one in sources]
                return [result for job in jobs for result in job.result()]

        self.compiler.compile = compile_all


class BdistWheel(bdist_wheel):
    """bdist_wheel with a bill of materials (CycloneDX) in the folder that PEP 770 names."""

    def write_wheelfile(self, wheelfile_base: str, *args, **kwargs) -> None:
        super().write_wheelfile(wheelfile_base, *args, **kwargs)
        folder = Path(wheelfile_base, "sboms")
        folder.mkdir(exist_ok=True)
        text = json.dumps(self.bill_of_materials(), indent=2, sort_keys=True) + "\n"
        Path(folder, "hbcd.cdx.json").write_text(text, encoding="utf-8", newline="\n")

    def bill_of_materials(self) -> dict:
        """What the wheel is made of: hbcd, and the helper functions that Cython writes into it.

        Libraries that a repair of the wheel copies into it get a bill of their own.
        """
        made_with = {"Cython": ("Apache-2.0", metadata.version("Cython"))}
        about = self.distribution.metadata
        whole = component("hbcd", about.get_version(), "BSD-3-Clause")
        parts = [component(name, version, terms) for name, (terms, version) in made_with.items()]
        return {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "version": 1,
            "metadata": {"component": whole},
            "components": parts,
            "dependencies": [
                {"ref": whole["bom-ref"], "dependsOn": [part["bom-ref"] for part in parts]},
                *({"ref": part["bom-ref"]} for part in parts),
            ],
        }


def component(name: str, version: str, terms: str) -> dict:
    """An entry of a bill of materials; it is named as packages of PyPI are."""
    address = f"pkg:pypi/{name.lower()}@{version}"
    return {
        "type": "library",
        "bom-ref": address,
        "name": name,
        "version": version,
        "purl": address,
        "licenses": [{"license": {"id": terms}}],
    }


class Sdist(sdist):
    """sdist that tells neither who packed it nor when; SOURCE_DATE_EPOCH is the time written."""

    def make_archive(self, base_name, format, *args, **kwargs):
        made = super().make_archive(base_name, format, *args, **kwargs)
        epoch = os.environ.get("SOURCE_DATE_EPOCH")
        if epoch and format == "gztar":
            pack_again(Path(made), int(epoch))
        return made


def pack_again(archive: Path, epoch: int) -> None:
    """Packs a .tar.gz in order of names, with one time, no owner, and one mode for each kind."""
    with tarfile.open(archive) as before:
        members = sorted(before.getmembers(), key=lambda member: member.name)
        contents = [before.extractfile(one).read() if one.isfile() else b"" for one in members]
    with (
        open(archive, "wb") as file,
        gzip.GzipFile("", "wb", 9, file, mtime=epoch) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as after,
    ):
        for member, content in zip(members, contents, strict=True):
            plain = tarfile.TarInfo(member.name)
            plain.type, plain.size, plain.mtime = member.type, len(content), epoch
            plain.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            after.addfile(plain, io.BytesIO(content))


core = Extension(
    "hbcd.core._core",
    sources=["hbcd/core/_core.pyx", *sources("csrc/src/*/*.c")],
    include_dirs=["csrc/include", "csrc/src"],
    depends=sources("hbcd/core/*.px[di]", "csrc/**/*.h", "csrc/**/*.inl"),
    # Types are made at run time, as the stable ABI does, in either build.
    define_macros=[
        ("Py_LIMITED_API", "0x030B0000") if STABLE_ABI else ("CYTHON_USE_TYPE_SPECS", "1")
    ],
    py_limited_api=STABLE_ABI,
)
core.cython_c_in_temp = True  # the C that Cython writes never lands in the source tree
core.cython_directives = {
    "language_level": 3,
    "boundscheck": False,
    "wraparound": False,
    "cdivision": True,
    "embedsignature": True,
    "binding": True,
    "freethreading_compatible": True,  # what threads share is in critical sections
}

setup(
    ext_modules=[core],
    cmdclass={"build_ext": BuildExt, "bdist_wheel": BdistWheel, "sdist": Sdist},
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if STABLE_ABI else {},
)
