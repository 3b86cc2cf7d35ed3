"""The syntax of Structured Text of the kind that `to_structured_text` writes, as nested tuples.

Independent of the writer: it knows declarations, expressions, IF and FOR of IEC 61131-3, and
nothing of networks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hbcd.export.token_reader import TokenReader

__all__ = ["Declared", "StructuredText", "number_type"]

Node = Any  # nested tuples: (kind, ...)
TYPES = {"LREAL": np.float64, "REAL": np.float32, "DINT": np.int64, "BOOL": np.bool_}
COMMENT = re.compile(r"\(\*.*?\*\)", re.S)
TOKEN = re.compile(
    r"\s*(?:(?P<typed>L?REAL#\d+\.\d+(?:E[+-]?\d+)?)|(?P<real>\d+\.\d+(?:E[+-]?\d+)?)|"
    r"(?P<whole>\d+)|#?(?P<name>[A-Za-z]\w*)|(?P<quoted>\"\w+\")|"
    r"(?P<sign>:=|\.\.|<=|>=|<>|[-+*/<>=:;,()\[\]]))"
)
LEVELS = (("OR",), ("AND",), ("=", "<>"), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/"))


@dataclass(frozen=True)
class Declared:
    """A variable: its type, how many there are of an array, and what stands in it at first."""

    kind: str
    count: int | None
    initial: list[float] | None
    section: str


@dataclass
class StructuredText(TokenReader):
    """The one function block of a text.

    Parameters
    ----------
    text : str

    Raises
    ------
    ValueError
        Text of another kind.
    """

    language = "structured text"

    text: str
    name: str = ""
    variables: dict[str, Declared] = field(default_factory=dict)
    body: list[Node] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._tokens = _tokens(COMMENT.sub(" ", self.text))
        self._place = 0
        self._next("FUNCTION_BLOCK")
        self.name = self._next().strip('"')
        while self._peek().startswith("VAR"):
            self._section()
        self._take("BEGIN")
        self.body = self._statements("END_FUNCTION_BLOCK")
        if self._place != len(self._tokens):
            raise ValueError("structured text: goes on after the end of its function block")

    # ---- declarations

    def _section(self) -> None:
        section = self._next()
        self._take("CONSTANT")
        while not self._take("END_VAR"):
            name = self._next()
            if name.casefold() in {one.casefold() for one in self.variables}:
                raise ValueError(f"structured text: declares {name} twice")
            self._next(":")
            count = self._array() if self._take("ARRAY") else None
            kind = self._next()
            if kind not in TYPES:
                raise ValueError(f"structured text: {name} has the type {kind!r}")
            initial = self._initial() if self._take(":=") else None
            if count is not None and initial is not None and len(initial) != count:
                wrong = f"has {len(initial)} numbers, must have {count}"
                raise ValueError(f"structured text: {name} {wrong}")
            self._next(";")
            self.variables[name] = Declared(kind, count, initial, section)

    def _array(self) -> int:
        self._next("[")
        first = int(self._next())
        self._next("..")
        last = int(self._next())
        self._next("]")
        self._next("OF")
        if first != 0 or last < 0:
            raise ValueError(f"structured text: has an array from {first} to {last}")
        return last + 1

    def _initial(self) -> list[float]:
        if not self._take("["):
            return [self._constant()]
        found = [self._constant()]
        while self._take(","):
            found.append(self._constant())
        self._next("]")
        return found

    def _constant(self) -> float:
        sign = -1.0 if self._take("-") else 1.0
        return sign * float(self._next())

    # ---- statements

    def _statements(self, *ends: str) -> list[Node]:
        found = []
        while self._peek() not in ends:
            found.append(self._statement())
        if len(ends) == 1:
            self._next(ends[0])
        return found

    def _statement(self) -> Node:
        if self._take("IF"):
            test = self._expression()
            self._next("THEN")
            then = self._statements("ELSE", "END_IF")
            other = self._statements("END_IF") if self._take("ELSE") else []
            if not other:
                self._take("END_IF")
            self._next(";")
            return ("if", test, then, other)
        if self._take("FOR"):
            name = self._next()
            self._next(":=")
            first = self._expression()
            self._next("TO")
            last = self._expression()
            self._next("DO")
            body = self._statements("END_FOR")
            self._next(";")
            return ("for", name, first, last, body)
        target = self._primary()
        self._next(":=")
        value = self._expression()
        self._next(";")
        return ("set", target, value)

    def _expression(self, level: int = 0) -> Node:
        if level == len(LEVELS):
            return self._unary()
        found = self._expression(level + 1)
        while self._peek() in LEVELS[level]:
            found = (self._next(), found, self._expression(level + 1))
        return found

    def _unary(self) -> Node:
        if self._take("-"):
            return ("negative", self._unary())
        if self._take("NOT"):
            return ("not", self._unary())
        return self._primary()

    def _primary(self) -> Node:
        if self._take("("):
            value = self._expression()
            self._next(")")
            return value
        word = self._next()
        if word[0].isdigit():
            return ("number", int(word) if word.isdigit() else float(word))
        if "#" in word:
            kind, _, digits = word.partition("#")
            return ("number", number_type(kind)(float(digits)))
        if word in ("TRUE", "FALSE"):
            return ("number", np.bool_(word == "TRUE"))
        if self._take("["):
            place = self._expression()
            self._next("]")
            return ("index", word, place)
        if self._take("("):
            given = self._expression()
            self._next(")")
            return ("call", word, given)
        if not re.fullmatch(r"[A-Za-z]\w*", word):
            raise ValueError(f"structured text: has {word!r} where a value is")
        return ("name", word)


def number_type(kind: str) -> Any:
    """The type of NumPy that stands for one of the language."""
    return TYPES[kind]


def _tokens(text: str) -> list[str]:
    found, at, text = [], 0, text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"structured text: cannot be read at {text[at : at + 20]!r}")
        found.append(match[match.lastgroup or 0])
        at = match.end()
    return found
