"""Breaks the library on purpose, one small break at a time, and sees a test go red for each.

    PYTHONPATH=tests python -m support.breaks [--only TEXT]

breaks.toml beside this file is the list.  Every break is applied to a copy of the working tree,
which is built where C or Cython changed, and the test named with it is run there: it must fail.
First all are run unbroken: they must pass.  It takes some minutes, and is no part of the tests.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from support.sources import ROOT

LIST = Path(__file__).with_name("breaks.toml")
COMPILED = (".c", ".h", ".inl", ".pyx", ".pxi", ".pxd")
NOT_COPIED = (".git", ".venv*", "build", "build-*", "*.egg-info", "__pycache__", ".*_cache")
PASSED, FAILED = 0, 1  # exit codes of pytest; all others say that it could not run the tests
MOST_SECONDS = 300  # of the tests of one break, which may make the library run for ever


@dataclass(frozen=True)
class Break:
    """A few words of the library, what they are replaced by, and the test that must notice.

    Attributes
    ----------
    name : str
        What is wrong then.
    file : str
        From the root of the project; it holds `old` exactly once.
    old, new : str
    test_file, test : str
        The test, and where it stands.
    """

    name: str
    file: str
    old: str
    new: str
    test_file: str
    test: str

    @property
    def address(self) -> str:
        """The test as pytest takes it."""
        return f"{self.test_file}::{self.test}"

    @property
    def compiled(self) -> bool:
        return self.file.endswith(COMPILED)

    def check(self, tree: Path) -> None:
        """Ends the process where the break is none."""
        count = (tree / self.file).read_text(encoding="utf-8").count(self.old)
        if count != 1 or self.old == self.new:
            raise SystemExit(f"{self.name}: {self.file} holds {self.old!r} {count} times")


def read(only: str = "") -> list[Break]:
    """The breaks with a text in their name or file; those of Python first, which need no build."""
    with LIST.open("rb") as file:
        breaks = [Break(**entry) for entry in tomllib.load(file)["break"]]
    chosen = [one for one in breaks if only in one.name or only in one.file]
    return sorted(chosen, key=lambda one: one.compiled)


@dataclass
class Tree:
    """A copy of the working tree, which is broken and mended again."""

    folder: Path
    outdated: bool = True  # what is built is not of these sources

    @classmethod
    def copied_to(cls, folder: Path) -> Tree:
        shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_COPIED))
        return cls(folder)

    def run(self, *command: str, seconds: float | None = None) -> tuple[int, str]:
        """Exit code and output of Python with the package of this tree."""
        # Files change more often than once a second: compiled modules kept aside might be older.
        own = {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, *command],
            cwd=self.folder,
            env={**os.environ, **own},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
        )
        return done.returncode, done.stdout[-4000:]

    def build(self) -> None:
        if not self.outdated:
            return
        code, output = self.run("setup.py", "-q", "build_ext", "--inplace", "--force")
        if code:
            raise SystemExit(f"the build fails:\n{output}")
        self.outdated = False

    def pass_all(self, tests: list[str]) -> bool:
        """Whether tests pass; what is neither that nor a test that fails ends the process."""
        self.build()
        options = ("-q", "-x", "-p", "no:cacheprovider")
        try:
            code, output = self.run("-m", "pytest", *options, *tests, seconds=MOST_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        if code not in (PASSED, FAILED):
            raise SystemExit(f"pytest {' '.join(tests)}: exit code {code}\n{output}")
        if code == FAILED and " failed" not in output:
            raise SystemExit(f"pytest {' '.join(tests)}: no test failed\n{output}")
        return code == PASSED

    def is_noticed(self, one: Break) -> bool:
        """Applies a break, runs its tests, and takes the break back."""
        path = self.folder / one.file
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(one.old, one.new), encoding="utf-8")
        self.outdated |= one.compiled
        try:
            return not self.pass_all([one.address])
        finally:
            path.write_text(text, encoding="utf-8")
            self.outdated |= one.compiled


def main() -> int:
    """Prints a line per break; 1 where one went unnoticed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", default="", help="a text in names or files of breaks to try")
    breaks = read(parser.parse_args().only)
    for one in breaks:
        one.check(ROOT)
    noticed = 0
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree.copied_to(Path(folder) / "hbcd")
        if not tree.pass_all(sorted({one.address for one in breaks})):
            raise SystemExit("the tests fail before anything is broken")
        for one in breaks:
            red = tree.is_noticed(one)
            noticed += red
            print(f"{'red  ' if red else 'GREEN'} {one.file}: {one.name}: {one.test}", flush=True)
    print(f"{noticed} of {len(breaks)} breaks noticed")
    return 0 if noticed == len(breaks) else 1


if __name__ == "__main__":
    raise SystemExit(main())
