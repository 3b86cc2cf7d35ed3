"""The syntax of Julia text of the kind that `to_julia` writes, as nested tuples.

Independent of the writer: it knows definitions, expressions and calls of Julia, and nothing of
networks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

__all__ = ["JuliaFunction", "JuliaModule"]

Node = Any  # nested tuples: (kind, ...)
TOKEN = re.compile(
    r'(?P<doc>"""(?:.*?)""")|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<note>#=.*?=#|#[^\n]*)|'
    r"(?P<line>\n)|(?P<space>[ \t]+)|"
    r"(?P<number>(?:\d+\.\d+(?:e[+-]?\d+)?|\d+e[+-]?\d+|\d+))|"
    r"(?P<name>[A-Za-z_][A-Za-z_0-9]*)|"
    r"(?P<sign>\|\||&&|\.\+|\.-|\.\*|\./|\.\(|<=|>=|==|[-+*/<>=!?:,;.()\[\]])",
    re.S,
)
LEVELS = (("||",), ("&&",), ("==", "<", ">", "<=", ">=", "in"), (":",), ("+", "-", ".+", ".-"),
          ("*", "/", ".*", "./"))  # fmt: skip


@dataclass
class JuliaFunction:
    """Names of parameters, and statements as nested tuples."""

    parameters: list[str]
    body: list[Node]


@dataclass
class JuliaModule:
    """The one module of a text.

    Parameters
    ----------
    text : str

    Raises
    ------
    ValueError
        Text of another kind.
    """

    text: str
    name: str = ""
    constants: dict[str, Node] = field(default_factory=dict)
    functions: dict[str, JuliaFunction] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tokens = _tokens(self.text)
        self._place = 0
        self._lines()
        self._need("module")
        self.name = self._next()[1]
        self._lines()
        while not self._take("end"):
            self._definition()
            self._lines()
        self._lines()
        if self._place != len(self._tokens):
            raise ValueError("Julia text: goes on after the end of its module")

    def _peek(self) -> str:
        return self._tokens[self._place][1] if self._place < len(self._tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self._place >= len(self._tokens):
            raise ValueError("Julia text: ends where something must follow")
        self._place += 1
        return self._tokens[self._place - 1]

    def _take(self, wanted: str) -> bool:
        if self._peek() == wanted:
            self._place += 1
            return True
        return False

    def _need(self, wanted: str) -> None:
        if not self._take(wanted):
            near = " ".join(one for _, one in self._tokens[max(self._place - 5, 0) :][:10])
            raise ValueError(f"Julia text: has {self._peek()!r} near {near!r}, not {wanted!r}")

    def _lines(self) -> None:
        while self._peek() == "\n" or self._peek().startswith('"""'):
            self._place += 1

    # ---- definitions and statements

    def _definition(self) -> None:
        if self._take("using"):
            package = self._next()[1]
            if package != "LinearAlgebra":
                raise ValueError(f"Julia text: uses {package!r}")
            return
        if self._take("const"):
            name = self._next()[1]
            self._need("=")
            if name in self.constants:
                raise ValueError(f"Julia text: defines {name} twice")
            self.constants[name] = self._expression()
            return
        long = self._take("function")
        name = self._next()[1]
        self._need("(")
        parameters = []
        while not self._take(")"):
            parameters.append(self._next()[1])
            self._take(",")
        if name in self.functions:
            raise ValueError(f"Julia text: defines {name} twice")
        if long:
            self.functions[name] = JuliaFunction(parameters, self._block())
        else:
            self._need("=")
            self.functions[name] = JuliaFunction(parameters, [("return", self._expression())])

    def _block(self) -> list[Node]:
        found: list[Node] = []
        self._lines()
        while not self._take("end"):
            if self._take("return"):
                found.append(("return", self._expression()))
            else:
                value = self._expression()
                if self._take("="):
                    if value[0] != "name":
                        raise ValueError(f"Julia text: assigns to {value!r}")
                    found.append(("set", value[1], self._expression()))
                else:
                    found.append(("do", value))
            if self._peek() not in ("\n", "end"):
                self._need("\n")
            self._lines()
        return found

    # ---- expressions

    def _expression(self) -> Node:
        test = self._binary(0)
        if not self._take("?"):
            return test
        then = self._binary(0, ranges=False)
        self._need(":")
        return ("?", test, then, self._expression())

    def _binary(self, level: int, ranges: bool = True) -> Node:
        if level == len(LEVELS):
            return self._unary()
        found = self._binary(level + 1, ranges)
        while self._peek() in LEVELS[level] and (ranges or self._peek() != ":"):
            found = (self._next()[1], found, self._binary(level + 1, ranges))
        return found

    def _unary(self) -> Node:
        for sign, kind in (("-", "negative"), ("!", "not")):
            if self._take(sign):
                return (kind, self._unary())
        found = self._primary()
        while True:
            if self._take("("):
                found = ("call", found, self._given(")"))
            elif self._take(".("):
                found = ("each", found, self._given(")"))
            elif self._take("["):
                found = ("index", found, *self._given("]"))
            elif self._take("."):
                found = ("field", found, self._next()[1])
            else:
                return found

    def _given(self, end: str) -> list[Node]:
        """Values up to a bracket."""
        values: list[Node] = []
        while not self._take(end):
            values.append(self._expression())
            if not self._take(",") and self._peek() != end:
                self._need(end)
        return values

    def _primary(self) -> Node:
        kind, word = self._next()
        if kind == "number":
            return ("number", int(word) if word.isdigit() else float(word))
        if kind == "text":
            return ("text", _unescaped(word[1:-1]))
        if word == "(":
            found = self._expression()
            self._need(")")
            return found
        if word == "[":
            return ("vector", self._given("]"))
        if kind != "name":
            raise ValueError(f"Julia text: has {word!r} where a value is")
        if word in ("true", "false"):
            return ("number", word == "true")
        return ("name", word)


def _unescaped(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        return chr(int(match[1], 16)) if match[1] else match[2]

    return re.sub(r"\\(?:U([0-9a-fA-F]{8})|(.))", one, text)


def _tokens(text: str) -> list[tuple[str, str]]:
    """Words and signs; new lines only where no bracket is open."""
    found: list[tuple[str, str]] = []
    at = depth = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"Julia text: cannot be read at {text[at : at + 20]!r}")
        kind, word = match.lastgroup or "", match[0]
        depth += (word in ("(", "[", ".(")) - (word in (")", "]"))
        if kind not in ("space", "note") and not (kind == "line" and depth):
            found.append((kind, word))
        at = match.end()
    return found
