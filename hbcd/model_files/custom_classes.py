"""Classes outside hbcd in a model file: by import path and constructor arguments, never by code."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable
from typing import Any

from hbcd.parts.compiled import CompiledLayer
from hbcd.utils.signatures import parameters_of

__all__ = ["Trusted", "UntrustedClass", "describe_custom", "restore_custom"]

Trusted = Iterable[type | str]


class UntrustedClass(ValueError):
    """A file names a class that the caller does not trust; the file itself is good."""


def class_path(kind: type) -> str:
    """``module.Class``, from which it could be imported."""
    return f"{kind.__module__}.{kind.__qualname__}"


def describe_custom(what: str, part: Any) -> dict[str, Any]:
    """A part of a custom class as its import path and the arguments of its constructor.

    Parameters
    ----------
    what : str
        Names the part in errors, such as ``layers[0]``.
    part : object
        Keeps each argument of its constructor as an attribute of that name, a JSON value.

    Raises
    ------
    ValueError
        A local class, or an argument that is not kept or that JSON cannot hold.
    """
    kind = type(part)
    if kind is CompiledLayer:
        raise ValueError(
            f"{what}: a CompiledLayer cannot be saved, an address of compiled code is valid in one "
            "process only; save a subclass whose __init__ loads the functions"
        )
    if "<locals>" in kind.__qualname__:
        raise ValueError(f"{what}={part!r}: must be of a class that can be imported, to be saved")
    arguments = {}
    for name, parameter in parameters_of(kind).items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        if not hasattr(part, name):
            raise ValueError(
                f"{what}={part!r}: must keep the argument {name} of its constructor as an "
                "attribute, to be saved"
            )
        arguments[name] = getattr(part, name)
    try:
        if json.loads(json.dumps(arguments, allow_nan=False)) != arguments:
            raise ValueError("tuples and keys that are not text come back as something else")
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{what}={part!r}: its arguments must be numbers, text, lists and dicts, to be saved: "
            f"{error}"
        ) from None
    return {"class": class_path(kind), "arguments": arguments}


def restore_custom(described: dict[str, Any], trusted: Trusted) -> Any:
    """What `describe_custom` described; nothing is imported that is not in `trusted`.

    Raises
    ------
    UntrustedClass
        A class that is not trusted.
    ValueError
        One that cannot be imported.
    """
    path = described["class"]
    for one in [trusted] if isinstance(trusted, (type, str)) else trusted:
        if isinstance(one, type) and class_path(one) == path:
            return one(**described["arguments"])
        if one == path:
            return _imported(path)(**described["arguments"])
    raise UntrustedClass(
        f"has a part of the class {path}, whose code is run only where it is trusted: "
        f"load(path, trusted=[{path!r}])"
    )


def _imported(path: str) -> Any:
    """The class of an import path; classes inside classes are found, too."""
    parts = path.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for name in parts[end:]:
            found = getattr(found, name, None)
        if isinstance(found, type):
            return found
        break
    raise ValueError(f"{path}: must be a class that can be imported")
