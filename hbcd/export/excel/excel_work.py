"""What a row of a workbook computes, as formulas: inputs to features, layers, predictions."""

from __future__ import annotations

from hbcd.estimators.targets.power_transform import LOG, YEO_JOHNSON
from hbcd.export.c.c_steps import Layout
from hbcd.export.excel.excel_cells import Formula, ModelSheet, letters
from hbcd.export.form import ModelForm
from hbcd.export.inputs import InputColumn
from hbcd.export.output_numbers import NEAR_ONE, TERMS

__all__ = ["WorkSheet"]

STATE = 2  # the column of the sheet "Work" that tells what can be done with a row
EMPTY, WRONG, GOOD, BEYOND = range(4)  # what stands there


class WorkSheet:
    """The columns of the sheet "Work", and the formulas of one row of it.

    Attributes
    ----------
    heads : list of str
        What every column is, from the third on.
    outputs : list of int
        The columns of predictions.
    """

    def __init__(self, form: ModelForm, plan: Layout, model: ModelSheet) -> None:
        self.form, self.plan, self.model = form, plan, model
        self.heads: list[str] = []
        self.outputs: list[int] = []
        self._formulas: list[str] = []  # with {r} for the row
        n = len(form.columns)
        self._inputs = [f"Inputs!${letters(2 + k)}{{r}}" for k in range(n)]
        raw, good = self._raw()
        self.wrong = self._block("not usable: ", good)
        self.beyond = self._block("beyond: ", [self._is_beyond(k) for k in range(n)])
        self._at = STATE + 1 + len(self.heads)  # of the first value of the forward pass
        self._layers(raw)
        self._predictions()

    @property
    def width(self) -> int:
        """The last column."""
        return STATE + len(self.heads)

    def row(self, r: int) -> list[Formula]:
        """The formulas of a row, from the second column on."""
        every = f"Inputs!$B{r}:${letters(1 + len(self.form.columns))}{r}"
        wrong, beyond = (f"SUM({self.side(first, r)})" for first in (self.wrong, self.beyond))
        state = f"IF({wrong}>0,{WRONG},IF({beyond}>0,{BEYOND},{GOOD}))"
        if not all(column.gaps for column in self.form.columns):
            state = f"IF(COUNTA({every})=0,{EMPTY},{state})"
        return [Formula(state), *(Formula(one.replace("{r}", str(r))) for one in self._formulas)]

    def side(self, first: int, r: int) -> str:
        """A reference to one cell of a row for each input, from a column on."""
        last = first + len(self.form.columns) - 1
        return f"Work!{letters(first)}{r}:{letters(last)}{r}"

    # ---- columns

    def _add(self, head: str, formula: str) -> str:
        """A further column; gives the reference to it."""
        self.heads.append(head)
        self._formulas.append(formula)
        return f"{letters(STATE + len(self.heads))}{{r}}"

    def _block(self, head: str, formulas: list[str]) -> int:
        first = STATE + 1 + len(self.heads)
        for column, formula in zip(self.form.columns, formulas, strict=True):
            self._add(head + column.name, formula)
        return first

    def _h(self, first: int, n: int = 1) -> str:
        """A reference to values of the forward pass."""
        start = f"{letters(self._at + first)}{{r}}"
        return start if n == 1 else f"{start}:{letters(self._at + first + n - 1)}{{r}}"

    def _raw(self) -> tuple[list[str], list[str]]:
        """References to features in units, and of every input the test that it cannot be used."""
        raw: list[str] = []
        tests = []
        for k, column in enumerate(self.form.columns):
            x = self._inputs[k]
            if column.levels is None:
                value, test = x, f"ISNUMBER({x})"
                if column.gaps:
                    value = f"IF(ISBLANK({x}),{self.model.one('FILL', k)},{x})"
                    test = f"OR(ISBLANK({x}),{test})"
                raw.append(self._add(column.name, value))
                known = ""
            else:
                known = self._levels(raw, k, column)
                test = f"{known}=1"
            if column.gaps:
                gap = self._add(f"{column.name} is missing", f"IF(ISBLANK({x}),1,0)")
                raw.append(gap)
                test = f"{known}+{gap}=1" if known else test
            tests.append(f"IF({test},0,1)")
        return raw, tests

    def _levels(self, raw: list[str], k: int, column: InputColumn) -> str:
        """Adds what is 1 where a text is a level; gives the sum of all of them."""
        found = []
        for n, level in enumerate(column.levels or ()):
            same = f"EXACT({self._inputs[k]},{self.model.one(f'levels of {column.name}', n)})"
            found.append(self._add(f"{column.name} is {level}", f"IF({same},1,0)"))
        raw += found[1:]
        return f"SUM({found[0]}:{found[-1]})"

    def _is_beyond(self, k: int) -> str:
        x, model = self._inputs[k], self.model
        if self.form.columns[k].levels is not None:
            return "0"
        ends = f"OR({x}<{model.one('LOW', k)},{x}>{model.one('HIGH', k)})"
        return f"IF(ISNUMBER({x}),IF({ends},1,0),0)"

    def _layers(self, raw: list[str]) -> None:
        model = self.model
        for k, name in enumerate(self.form.features):
            shift, factor = model.one("SHIFT", k), model.one("FACTOR", k)
            self._add(f"{name}, standardized", f"({raw[k]}-{shift})*{factor}")
        for number, step in enumerate(self.plan.steps, 1):
            for j in range(step.n_out):
                head = f"part {number}, neuron {j + 1}"
                if step.kind == "copy":
                    self._add(head, self._h(step.read + j))
                    continue
                weights, bias = model.neuron(f"part {number}", j, step.n_in)
                z = f"SUMPRODUCT({self._h(step.read, step.n_in)},{weights})+{bias}"
                self._add(head, self._activated(step.activation, z, number))

    def _activated(self, name: str, z: str, number: int) -> str:
        if name == "identity":
            return z
        if name == "tanh":
            return f"TANH({z})"
        if name == "sigmoid":
            return f"0.5+0.5*TANH(0.5*({z}))"
        if name == "relu":
            return f"MAX(0,{z})"
        leak = self.model.one(f"leak of part {number}", 0)
        larger = "MAX" if self.plan.steps[number - 1].leak <= 1.0 else "MIN"
        return f"{larger}({z},{leak}*({z}))"

    # ---- predictions

    def _predictions(self) -> None:
        form, at, n = self.form, self.plan.outputs, len(self.form.outputs)
        if form.classes is not None and form.link == "logistic":
            made = [self._logistic(f"(-{self._h(at)})"), self._logistic(self._h(at))]
        elif form.link == "softmax":
            most = self._add("largest", f"MAX({self._h(at, n)})")
            powers = [self._add(f"power {k + 1}", f"EXP({self._h(at + k)}-{most})")
                      for k in range(n)]  # fmt: skip
            total = self._add("sum of powers", f"SUM({powers[0]}:{powers[-1]})")
            made = [f"{one}/{total}" for one in powers]
        else:
            made = [self._prediction(k, self._h(at + k)) for k in range(n)]
        for name, formula in zip(form.outputs, made, strict=True):
            self._add(name, formula)
            self.outputs.append(self.width)

    @staticmethod
    def _logistic(z: str) -> str:
        return f"IF({z}<0,EXP({z})/(1+EXP({z})),1/(1+EXP(-{z})))"

    def _prediction(self, k: int, h: str) -> str:
        form, one = self.form, self.model.one
        value = {"exp": f"EXP({h})", "logistic": self._logistic(h)}.get(form.link, h)
        y = f"({value})*{one('SCALE', k)}+{one('MEAN', k)}"
        if form.transform is not None:
            name = form.transform.columns[k].name
            if name == LOG:
                y = f"EXP({y}+{one('LOG_FACTOR', k)})"
            elif name == YEO_JOHNSON:
                y = self._powers(k, self._add(f"{form.outputs[k]}, transformed", y))
        if form.ends is None:
            return y
        return f"MAX({one('LEAST', k)},MIN({one('MOST', k)},{y}))"

    def _powers(self, k: int, y: str) -> str:
        """The mean of targets that `y` and the residuals beside it stand for."""
        transform, model = self.form.transform, self.model
        assert transform is not None
        if transform.residuals is None:
            return self._power(k, y, self.form.outputs[k])
        count = len(transform.residuals)
        made = []
        for m in range(count):
            head = f"{self.form.outputs[k]}, residual {m + 1}"
            z = self._add(head, f"{y}+{model.one('RESIDUALS', k * count + m)}")
            made.append(self._power(k, z, head))
        values = [self._add(f"target of residual {m + 1}", one) for m, one in enumerate(made)]
        shares = model.several("SHARES", count, k * count)
        return f"SUMPRODUCT({values[0]}:{values[-1]},{shares})"

    def _power(self, k: int, z: str, head: str) -> str:
        """The target whose Yeo-Johnson power is in a cell: ``exp(log(1 + p |z|) / p) - 1``."""
        one = self.model.one
        p = self._add(f"{head}: power", f"IF({z}<0,{one('POWER_DOWN', k)},{one('POWER_UP', k)})")
        r = self._add(f"{head}: r", f"{p}*ABS({z})")
        series = f"1/{TERMS}"
        for m in range(TERMS - 1, 0, -1):
            series = f"(1/{m}-{r}*{series})"
        log = f"IF({r}<{NEAR_ONE},ABS({z})*{series},LN(1+{r})/{p})"
        v = self._add(f"{head}: log", log)
        signed = f"IF({z}<0,-1,1)*(EXP({v})-1)"
        return f"{one('POWER_CENTER', k)}+{one('POWER_SCALE', k)}*{signed}"
