"""Numbers and reserved words of Structured Text (IEC 61131-3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["LOCALS", "NUMBERS", "REALS", "RESERVED", "Real"]

RESERVED = frozenset(
    """
    abs acos action add and andn any array asin at atan begin blackbox block body bool by byte
    cal calc calcn case char class class_number configuration constant continue cos date dint
    div do dt dword else elsif end end_action end_case end_for end_function end_function_block
    end_if end_method end_program end_repeat end_struct end_type end_var end_while eq exit exp
    expt extends f_edge false final for from function function_block ge global goto gt if
    implements import in initial_step int interface internal jmp jmpc jmpcn label ld ldn ldt le
    limit ln log lreal lt ltime lword max method min mod move mul mux namespace ne non_retain
    not null of on or orn out out_of_range override params persistent private program property
    protected public r r_edge read_only read_write real ref ref_to reference region repeat
    resource ret retain retc retcn return rol ror s sel self shl shr sin sint sizeof sqrt st
    step stn string strlen struct sub super tan task then this time to tod transition true trunc
    type udint uint ulint until using usint valid var var_access var_config var_external
    var_global var_in_out var_input var_output var_temp void while with word wstring xor xorn
    """.split()  # noqa: SIM905 - words are easier to read than a list of them
)
NUMBERS = ("current", "part", "exponent", "kept", "ratio", "total")
LOCALS = ("given", "inner", "results", *NUMBERS, "i", "j")


@dataclass(frozen=True)
class Real:
    """A type of numbers.

    Attributes
    ----------
    name : str
        "LREAL" or "REAL".
    dtype : numpy.dtype
    most : float
        The argument up to which EXP neither overflows nor, with its sign turned, underflows.
    """

    name: str
    dtype: Any
    most: float

    def plain(self, value: Any) -> str:
        """A number that reads back as the same, with a point, as the language asks for."""
        text = str(self.dtype.type(value)).upper()
        digits, sign, power = text.partition("E")
        return (digits if "." in digits else f"{digits}.0") + sign + power

    def number(self, value: Any) -> str:
        """The same with its type, of which a number alone has none."""
        text = self.plain(abs(value))
        return f"-{self.name}#{text}" if value < 0 else f"{self.name}#{text}"


REALS = {
    "float64": Real("LREAL", np.dtype(np.float64), 600.0),
    "float32": Real("REAL", np.dtype(np.float32), 60.0),
}
