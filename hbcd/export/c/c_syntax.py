"""The syntax of C text of the kind that `to_c` writes: functions as trees, constants as arrays."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.export.token_reader import TokenReader

__all__ = ["CFunction", "CSource", "code_lines", "number_type"]

Array = NDArray[Any]
Node = Any  # nested tuples: (kind, ...)
TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?[fuFU]?)|(?P<name>[A-Za-z_]\w*)|"
    r"(?P<sign>\+\+|\+=|\*=|<=|>=|==|!=|&&|\|\||[-+*/%<>=?:;,(){}\[\]&!]))"
)
COMMENT = re.compile(r"/\*.*?\*/", re.S)
DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+(.+)$", re.M)
DIRECTIVE = re.compile(r"^[ \t]*#.*$", re.M)
TYPES = ("double", "float", "int", "void")
LEVELS = (("||",), ("&&",), ("==", "!="), ("<", ">", "<=", ">="), ("+", "-"), ("*", "/", "%"))


@dataclass
class CFunction:
    """Names of parameters, and statements as nested tuples."""

    parameters: list[str]
    body: list[Node]


@dataclass(eq=False)
class CSource(TokenReader):
    """The functions and constants of a C text.

    Parameters
    ----------
    text : str

    Raises
    ------
    ValueError
        Text of another kind.
    """

    language = "C text"

    text: str
    constants: dict[str, Array] = field(default_factory=dict)
    functions: dict[str, CFunction] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plain = COMMENT.sub(" ", self.text)
        macros = dict(DEFINE.findall(plain))
        self._tokens = _with_macros(_tokens(DIRECTIVE.sub("", plain)), macros)
        self._place = 0
        while self._place < len(self._tokens):
            self._definition()

    # ---- reading

    def _definition(self) -> None:
        while self._take("static") or self._take("const"):
            pass
        kind, name = self._next(), self._next()
        if kind not in TYPES:
            raise ValueError(f"C text: has a definition of type {kind!r}")
        if self._take("["):
            count = int(self._next())
            for sign in ("]", "=", "{"):
                self._next(sign)
            values = [self._constant()]
            while self._take(","):
                values.append(self._constant())
            self._next("}")
            self._next(";")
            if len(values) != count:
                raise ValueError(f"C text: {name} has {len(values)} numbers, must have {count}")
            self.constants[name] = np.array(values, number_type(kind))
            return
        parameters = self._parameters()
        if self._take(";"):  # a declaration
            return
        self.functions[name] = CFunction(parameters, self._block())

    def _constant(self) -> float:
        sign = -1.0 if self._take("-") else 1.0
        return sign * float(_number(self._next()))

    def _parameters(self) -> list[str]:
        self._next("(")
        found: list[str] = []
        while not self._take(")"):
            word = self._next()
            if re.fullmatch(r"\w+", word) and self._peek() in (",", ")", "["):
                found.append(word)
        return [name for name in found if name != "void" and not name.isdigit()]

    def _block(self) -> list[Node]:
        self._next("{")
        found = []
        while not self._take("}"):
            found.append(self._statement())
        return found

    def _statement(self) -> Node:
        if self._take("return"):
            value = self._expression()
            self._next(";")
            return ("return", value)
        if self._take("for"):
            return self._loop()
        if self._peek() in TYPES:
            return self._declaration()
        if self._peek(1) == "(":  # a call for its effect
            value = self._primary()
            self._next(";")
            return ("call", value)
        target = self._primary()
        sign = self._next()
        if sign not in ("=", "+="):
            raise ValueError(f"C text: has {sign!r} where something is assigned")
        value = self._expression()
        self._next(";")
        return ("set", target, value if sign == "=" else ("+", target, value))

    def _loop(self) -> Node:
        self._next("(")
        name = self._next()
        self._next("=")
        first = self._expression()
        self._next(";")
        for wanted in (name, "<"):
            self._next(wanted)
        end = self._expression()
        for wanted in (";", name, "++", ")"):
            self._next(wanted)
        return ("for", name, first, end, self._block())

    def _declaration(self) -> Node:
        kind, name = self._next(), self._next()
        if self._take("["):
            count = int(self._next())
            self._next("]")
            self._next(";")
            return ("array", name, count)
        value = self._expression() if self._take("=") else None
        self._next(";")
        return ("declare", name, kind, value)

    def _expression(self) -> Node:
        test = self._binary(0)
        if not self._take("?"):
            return test
        yes = self._expression()
        self._next(":")
        return ("?", test, yes, self._expression())

    def _binary(self, level: int) -> Node:
        if level == len(LEVELS):
            return self._unary()
        found = self._binary(level + 1)
        while self._peek() in LEVELS[level]:
            found = (self._next(), found, self._binary(level + 1))
        return found

    def _unary(self) -> Node:
        if self._take("-"):
            return ("negative", self._unary())
        if self._take("!"):
            return ("not", self._unary())
        if self._take("&"):
            return ("address", self._unary())
        if self._peek() == "(" and self._peek(1) in TYPES and self._peek(2) == ")":
            self._next("(")
            kind = self._next()
            self._next(")")
            return ("cast", kind, self._unary())
        return self._primary()

    def _primary(self) -> Node:
        if self._take("("):
            value = self._expression()
            self._next(")")
            return value
        word = self._next()
        if word[0].isdigit() or word[0] == ".":
            return ("number", _number(word))
        if self._take("["):
            place = self._expression()
            self._next("]")
            return ("index", word, place)
        if self._take("("):
            given = []
            while not self._take(")"):
                given.append(self._expression())
                self._take(",")
            return ("run", word, given)
        return ("name", word)


def code_lines(text: str) -> tuple[str, ...]:
    """What a compiler sees of a text: lines without comments, and without spaces around them."""
    lines = (line.strip(" ") for line in COMMENT.sub(" ", text).split("\n"))
    return tuple(line for line in lines if line)


def number_type(kind: str) -> Any:
    """The type of NumPy that stands for one of C."""
    return {"double": np.float64, "float": np.float32, "int": np.int64}[kind]


def _number(word: str) -> Any:
    if re.fullmatch(r"\d+[uU]?", word):
        return int(word.rstrip("uU"))
    value = float(word.rstrip("fF"))
    return np.float32(value) if word[-1] in "fF" else value


def _tokens(text: str) -> list[str]:
    found, at, text = [], 0, text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"C text: cannot be read at {text[at : at + 20]!r}")
        found.append(match[match.lastgroup or 0])
        at = match.end()
    return found


def _with_macros(tokens: list[str], macros: dict[str, str]) -> list[str]:
    known = {name: _tokens(text) for name, text in macros.items() if re.match(r"[\w(.-]", text)}
    found: list[str] = []
    for token in tokens:
        found += known.get(token, [token])
    return found
