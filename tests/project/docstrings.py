"""Docstrings of public names against numpydoc and against the signatures they describe.

``python tests/project/docstrings.py`` lists what is wrong and exits with 1.  It needs the extra
``lint``.
"""

import builtins
import dataclasses
import enum
import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterator

from numpydoc.docscrape import get_doc_object
from numpydoc.validate import Validator, validate

import hbcd
import hbcd.callbacks
import hbcd.cli.main
import hbcd.distributed.backend
import hbcd.distributed.lost
import hbcd.distributed.mpi
import hbcd.explain
import hbcd.tables.encoder
import hbcd.tables.files

# Sections known and in order, names as in the signature, a summary of one line that is a sentence.
CHECKS = {
    "GL05", "GL06", "GL07", "GL08", "GL09", "GL10", "SS01", "SS03", "SS04", "SS06",
    "PR01", "PR02", "PR03", "PR05", "PR10", "RT01", "YD01",
}  # fmt: skip
# What these get and return stands once, in the docstring of the class.
TOGETHER = "hbcd.Callback.on_"
ELSEWHERE = {"optuna.TrialPruned"}  # exceptions of packages that need not be there
INHERITED = {"GL08", "PR01", "RT01", "YD01"}
MODULES = (
    hbcd,
    hbcd.tables.encoder,
    hbcd.tables.files,
    hbcd.cli.main,
    hbcd.distributed.backend,
    hbcd.distributed.lost,
    hbcd.distributed.mpi,
    hbcd.explain,
    *(
        importlib.import_module(f"hbcd.callbacks.{module.name}")
        for module in pkgutil.iter_modules(hbcd.callbacks.__path__)
    ),
)


def names() -> Iterator[str]:
    """Public names, and the public members of a class wherever they are written, once."""
    seen = set()
    for module in MODULES:
        for name in module.__all__:
            value = getattr(module, name)
            if not (inspect.isclass(value) or inspect.isfunction(value)):
                continue
            yield f"{value.__module__}.{value.__qualname__}"
            for owner, member in members(value) if inspect.isclass(value) else ():
                path = f"{owner.__module__}.{owner.__qualname__}.{member}"
                if path not in seen:
                    seen.add(path)
                    yield path


def members(kind: type) -> Iterator[tuple[type, str]]:
    """Methods and properties with the class of ours that writes them."""
    for name in dir(kind):
        owner = next((base for base in kind.__mro__ if name in vars(base)), object)
        kinds = (property, classmethod, staticmethod)
        value = vars(owner).get(name)
        public = not name.startswith("_") and (inspect.isroutine(value) or isinstance(value, kinds))
        if public and owner.__module__.partition(".")[0] == "hbcd":
            yield owner, name


def overrides(name: str) -> bool:
    """Whether a method stands in the place of one that has a docstring of its own."""
    *_, owner, member = name.split(".")
    kind = getattr(sys.modules.get(name.rpartition("." + owner)[0]), owner, None)
    bases = kind.__mro__[1:] if inspect.isclass(kind) else ()
    return any(member in vars(base) and vars(base)[member].__doc__ for base in bases)


def wrong(name: str) -> Iterator[str]:
    """What breaks a rule; what a method that overrides another leaves out stands there."""
    told = overrides(name) or name.startswith(TOGETHER)
    checks = CHECKS - INHERITED if told else CHECKS
    if told_as_attributes(Validator._load_obj(name)):
        checks = checks - {"PR01"}
    for code, text in validate(name)["errors"]:
        if code in checks:
            yield f"{name}: {code} {text}"
    for entry in get_doc_object(Validator._load_obj(name))["Raises"]:
        for raised in re.split(r",\s*", entry.type):
            if not is_exception(raised):
                yield f"{name}: raises {raised!r}, which is no exception"


def told_as_attributes(value: object) -> bool:
    """Whether a class is met as a result or a constant: its fields are attributes, all of them."""
    if not inspect.isclass(value):
        return False
    if issubclass(value, enum.Enum):
        return True
    known = {
        name for entry in get_doc_object(value)["Attributes"] for name in entry.name.split(", ")
    }
    fields = dataclasses.fields(value) if dataclasses.is_dataclass(value) else ()
    return bool(fields) and {f.name for f in fields if not f.name.startswith("_")} <= known


def is_exception(name: str) -> bool:
    if name in ELSEWHERE:
        return True
    homes = (builtins, hbcd, hbcd.distributed)
    found = next((getattr(home, name) for home in homes if hasattr(home, name)), None)
    return isinstance(found, type) and issubclass(found, BaseException)


def main() -> int:
    found = [line for name in names() for line in wrong(name)]
    print("\n".join([*found, f"{len(list(names()))} public names, {len(found)} mistakes"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
