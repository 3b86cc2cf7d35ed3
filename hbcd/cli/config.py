"""`hbcd fit --config FILE`: a TOML file of the same options, which flags win over."""

from __future__ import annotations

import argparse
import codecs
import difflib
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

__all__ = ["with_config"]

LISTS = ("target", "drop", "text", "hidden", "activation")  # options that may be arrays
REPEATED = ("na",)  # options that an array gives once for each of its values
NOT_IN_FILES = ("config", "help", "debug", "run")


def with_config(parser: argparse.ArgumentParser, arguments: list[str]) -> list[str]:
    """The arguments of a command with those of its config file before them.

    Parameters
    ----------
    parser : ArgumentParser
        Of the command; its option ``--config`` names the file.
    arguments : list of str
        What follows the command's name.

    Raises
    ------
    ValueError
        A file that is no TOML, an unknown key, or a value of the wrong kind.
    FileNotFoundError
        There is no such file.
    """
    finder = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    finder.add_argument("--config")
    try:
        name = finder.parse_known_args(arguments)[0].config
    except argparse.ArgumentError:  # without a value: the command's parser reports it
        name = None
    if name is None:
        return arguments
    options = {action.dest: action for action in parser._actions}
    before: list[str] = []
    data: list[str] = []
    for key, value in _read(name).items():
        action = options.get(key.replace("-", "_"))
        if action is None or action.dest in NOT_IN_FILES:
            raise ValueError(_unknown(name, key, options))
        words = _words(f"config={name}: {key}={value!r}", action, value)
        if action.option_strings:
            before += words
        else:
            data = words
    # The table is positional: the file's counts where the command line names none.
    given = parser.parse_args([*before, *arguments])
    return [*before, *(data if given.data is None else []), *arguments]


def _read(name: str) -> dict[str, Any]:
    file = Path(name).expanduser()
    if not file.is_file():
        raise FileNotFoundError(f"config={name}: must be a file that exists")
    try:
        return tomllib.loads(_decoded(file.read_bytes()))
    except UnicodeDecodeError as error:
        raise ValueError(
            f"config={name}: must be written in UTF-8, as every TOML file; to mend it: save it as "
            "UTF-8"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"config={name}: cannot be read as TOML: {error}") from error


def _decoded(content: bytes) -> str:
    """Text in UTF-8, or in UTF-16 where a byte-order mark says so."""
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = content.decode("utf-16" if wide else "utf-8-sig")
    return text.replace("\r\n", "\n")


def _unknown(name: str, key: str, options: dict[str, argparse.Action]) -> str:
    known = sorted(key for key in options if key not in NOT_IN_FILES)
    near = difflib.get_close_matches(key.replace("-", "_"), known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"config={name}: {key}: must be one of {', '.join(known)}{hint}"


def _words(what: str, action: argparse.Action, value: Any) -> list[str]:
    """A value as it would stand on the command line."""
    if action.nargs == "?" and action.option_strings and isinstance(value, bool):
        return [action.option_strings[-1]] if value else []
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise ValueError(f"{what}: must be true or false")
        return [action.option_strings[-1]] if value else []
    if action.nargs == 2:
        if (
            not isinstance(value, list)
            or [type(end) in (int, float) for end in value] != [True] * 2
        ):
            raise ValueError(f"{what}: must be an array of two numbers")
        # In digits alone: an exponent after a dash would be read as an option.
        return [action.option_strings[-1], *(f"{Decimal(repr(end)):f}" for end in value)]
    if isinstance(value, list) and action.dest in REPEATED:
        return [word for item in value for word in _words(what, action, item)]
    if action.dest in REPEATED and type(value) in (int, float):
        value = str(value)
    if isinstance(value, list) and action.dest in LISTS:
        if not value or not all(type(item) in (str, int) for item in value):
            raise ValueError(f"{what}: must be an array of names or of whole numbers")
        text = ",".join(map(str, value))
    elif action.type is int:
        if type(value) is not int:
            raise ValueError(f"{what}: must be a whole number")
        text = str(value)
    elif action.type is float:
        if type(value) not in (int, float):
            raise ValueError(f"{what}: must be a number")
        text = repr(value)
    elif isinstance(value, str) or (type(value) is int and action.dest in ("hidden", "tune")):
        text = str(value)
    else:
        raise ValueError(f"{what}: must be a text{' or an array' if action.dest in LISTS else ''}")
    if not action.option_strings:
        return [text]
    return [f"{action.option_strings[-1]}={text}"]  # with =: a value may begin with a dash
