"""Options that say how a file of text is written: separator, decimal mark, encoding."""

from __future__ import annotations

import argparse
import codecs

from hbcd.tables.choices import SEPARATOR_NAMES
from hbcd.tables.text_format import TextFormat

__all__ = ["text_format"]


def text_format(args: argparse.Namespace) -> TextFormat:
    """What the options say; ValueError where they cannot be.

    Parameters
    ----------
    args : Namespace
        With ``sep``, ``decimal``, ``encoding`` and ``thousands``, each a text or None.
    """
    return TextFormat(
        _separator(args.sep),
        _decimal(args.decimal),
        _encoding(args.encoding),
        _thousands(args.thousands),
    )


def _separator(text: str | None) -> str | None:
    """One character, or the name of one."""
    if text is None:
        return None
    named = {name: sep for sep, name in SEPARATOR_NAMES.items()}
    sep = named.get(text.lower(), "\t" if text == "\\t" else text)
    if len(sep) != 1 or sep.isalnum() or sep in '"\r\n.+-':
        raise ValueError(f"sep={text!r}: must be one character, or one of {', '.join(named)}")
    return sep


def _decimal(text: str | None) -> str | None:
    if text not in (None, ".", ",", "point", "comma"):
        raise ValueError(f"decimal={text!r}: must be . or ,")
    return {"point": ".", "comma": ","}.get(text or "", text)


def _thousands(text: str | None) -> str | None:
    if text is not None and (len(text) != 1 or text.isalnum()):
        raise ValueError(f"thousands={text!r}: must be one character such as , or '")
    return text


def _encoding(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        codecs.lookup(text)
    except LookupError:
        raise ValueError(
            f"encoding={text!r}: must be an encoding such as utf-8, cp1252 or utf-16"
        ) from None
    return text
