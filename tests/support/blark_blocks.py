"""Runs a function block from the syntax tree that blark makes of it, one point at a time.

It shares nothing with the reader of hbcd: numbers are Python's, rounded to single precision for
REAL.
"""

import math
import operator
import struct

import blark.transform as tree
from blark.parse import parse_source_code

OPERATIONS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge, "=": operator.eq,
    "AND": lambda a, b: a and b, "OR": lambda a, b: a or b,
}  # fmt: skip
FUNCTIONS = {"ABS": abs, "EXP": math.exp, "LN": math.log}


def single(value):
    """The nearest number of single precision."""
    return struct.unpack("f", struct.pack("f", value))[0]


class Block:
    """The function block of a text."""

    def __init__(self, text):
        parsed = parse_source_code(text)
        assert parsed.exception is None
        (self.block,) = parsed.transform().items
        assert isinstance(self.block, tree.FunctionBlock)
        self.single = " LREAL" not in text
        self.first = {}
        for section in self.block.declarations:
            for item in section.items:
                (declared,) = item.variables
                self.first[str(declared.variable.name)] = self._initial(item.init)

    def _initial(self, init):
        kind = str(getattr(init, "spec", init)).split(":=")[0]
        value = getattr(init, "value", None)
        if "ARRAY" in kind.upper():
            count = int(kind.split("..")[1].split("]")[0]) + 1
            found = [0.0] * count if value is None else list(self._elements(value))
            assert len(found) == count
            return found
        return {"BOOL": False, "DINT": 0}.get(kind.strip(), 0.0)

    def _elements(self, value):
        """Numbers of an initializer; blark nests those after the first comma."""
        for one in value.elements:
            if isinstance(one.element, tree.ArrayInitialization):
                yield from self._elements(one.element)
            else:
                yield self._round(self.value(one.element))

    def _round(self, value):
        return single(value) if self.single and isinstance(value, float) else value

    def __call__(self, **inputs):
        """The values of all variables after one call."""
        self.scope = {k: list(v) if isinstance(v, list) else v for k, v in self.first.items()}
        self.scope |= inputs
        self.run(self.block.body)
        return self.scope

    def run(self, body):
        for one in body.statements if body else ():
            if isinstance(one, tree.AssignmentStatement):
                (target,) = one.variables
                value = self._round(self.value(one.expression))
                if isinstance(target, tree.SimpleVariable):
                    self.scope[str(target.name)] = value
                else:
                    self.scope[str(target.name.name)][self.place(target)] = value
            elif isinstance(one, tree.ForStatement):
                assert one.step is None
                for k in range(self.value(one.from_), self.value(one.to) + 1):
                    self.scope[str(one.control.name)] = k
                    self.run(one.statements)
            else:
                assert isinstance(one, tree.IfStatement)
                assert not one.else_ifs
                if self.value(one.if_expression):
                    self.run(one.statements)
                elif one.else_clause is not None:
                    self.run(one.else_clause.statements)

    def place(self, node):
        (subscripts,) = node.elements
        (one,) = subscripts.subscripts
        return self.value(one)

    def value(self, node):
        if isinstance(node, tree.Integer):
            return int(node.value)
        if isinstance(node, tree.Real):
            return self._round(float(node.value))
        if isinstance(node, tree.Boolean):
            return str(node.value).upper() == "TRUE"
        if isinstance(node, tree.SimpleVariable):
            name = str(node.name)
            return name == "TRUE" if name in ("TRUE", "FALSE") else self.scope[name]
        if isinstance(node, tree.MultiElementVariable):
            return self.scope[str(node.name.name)][self.place(node)]
        if isinstance(node, tree.ParenthesizedExpression):
            return self.value(node.expr)
        if isinstance(node, tree.UnaryOperation):
            value = self.value(node.expr)
            return not value if str(node.op) == "NOT" else -value
        if isinstance(node, tree.FunctionCall):
            (given,) = node.parameters
            return self._round(FUNCTIONS[str(node.name.name)](self.value(given.value)))
        assert isinstance(node, tree.BinaryOperation), node
        sides = self.value(node.left), self.value(node.right)
        return self._round(OPERATIONS[str(node.op)](*sides))
