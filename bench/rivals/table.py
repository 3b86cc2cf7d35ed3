"""The tables of rivals.py: ratios against the faster rival, and the bars."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

Result = dict[str, Any]
RIVALS = ("torch", "torch.compile", "jax")
SMALL = ("5^3", "10^3", "20^3")
FULL_ROWS = 7654
NOISY = 0.1  # half the distance of the quartiles over the median


@dataclass(frozen=True)
class Ratio:
    """How many times the fastest rival's time ours fits into."""

    kind: str
    hidden: str
    rows: int
    dtype: str
    threads: int
    ours: float
    spread: float  # half the distance of the quartiles, relative to the median
    rival: str
    theirs: float
    ratio: float


@dataclass(frozen=True)
class Bar:
    """One bar of the benchmark; passed is None where nothing was measured."""

    what: str
    measured: float | None
    bar: str
    passed: bool | None


def grouped(results: Iterable[Result], kind: str) -> dict[tuple[Any, ...], dict[str, Result]]:
    """(hidden, rows, dtype, threads) -> library -> result."""
    groups: dict[tuple[Any, ...], dict[str, Result]] = {}
    for result in results:
        if result["kind"] == kind:
            key = tuple(result[name] for name in ("hidden", "rows", "dtype", "threads"))
            groups.setdefault(key, {})[result["library"]] = result
    return groups


def ratios(results: list[Result], kind: str, rivals: tuple[str, ...] = RIVALS) -> list[Ratio]:
    """One line per case that a rival took part in."""
    lines = []
    for key, group in grouped(results, kind).items():
        there = [name for name in rivals if name in group]
        if not there:
            continue
        best = min(there, key=lambda name: group[name]["median_s"])
        ours, theirs = group["hbcd"], group[best]["median_s"]
        spread = 0.5 * (ours["q3_s"] - ours["q1_s"]) / ours["median_s"]
        ratio = theirs / ours["median_s"]
        lines.append(Ratio(kind, *key, ours["median_s"], spread, best, theirs, ratio))
    return lines


def geometric_mean(values: list[float]) -> float:
    return math.exp(sum(math.log(value) for value in values) / len(values))


def at_least(what: str, values: list[float], bar: float) -> Bar:
    if not values:
        return Bar(what, None, f">= {bar:g} x", None)
    return Bar(what, min(values), f">= {bar:g} x", min(values) >= bar)


def at_most(what: str, value: float | None, bar: float, unit: str) -> Bar:
    passed = None if value is None else value <= bar
    return Bar(what, value, f"<= {bar:g} {unit}", passed)


def gradient_bars(lines: list[Ratio], threads: int) -> list[Bar]:
    """Against the faster of PyTorch and JAX."""
    bars = []
    limits = {"float64": (4.0, 2.2, 8.0), "float32": (7.0, 3.0, 15.0)}
    for dtype, (mean, each, batch) in limits.items():
        mine = [line for line in lines if line.threads == threads and line.dtype == dtype]
        small = [line for line in mine if line.hidden in SMALL]
        full = [line.ratio for line in small if line.rows == FULL_ROWS]
        part = [line.ratio for line in small if line.rows != FULL_ROWS]
        of = f"{dtype}, {threads} thread(s)"
        what = f"gradient, {', '.join(SMALL)}, {FULL_ROWS} rows, {of}"
        bars.append(at_least(f"{what}: mean", [geometric_mean(full)] if full else [], mean))
        bars.append(at_least(f"{what}: least", full, each))
        means = [geometric_mean(part)] if part else []
        bars.append(at_least(f"gradient, ceil(1.1 P) rows, {of}: mean", means, batch))
        for hidden, bar in (("64^3", 1.4), ("256^3", 1.0)):
            wide = [x.ratio for x in mine if x.hidden == hidden and x.rows == FULL_ROWS]
            bars.append(at_least(f"gradient, {hidden}, {FULL_ROWS} rows, {of}", wide, bar))
    return bars


def floor_bars(results: list[Result], peaks: dict[str, float]) -> list[Bar]:
    """Time over 6 P rows operations at the FMA peak plus the tanh, where the peak was given."""
    bars = []
    per_tanh = {"float64": 0.6e-9, "float32": 0.3e-9}
    for (hidden, rows, dtype, threads), group in grouped(results, "gradient").items():
        if dtype not in peaks or hidden not in SMALL or rows != FULL_ROWS or threads != 1:
            continue
        ours = group["hbcd"]
        floor = 6 * ours["parameters"] * rows / (1e9 * peaks[dtype])
        floor += 3 * ours["width"] * rows * per_tanh[dtype]
        ratio = ours["median_s"] / floor
        bars.append(at_most(f"gradient over its floor, {hidden}, {dtype}", ratio, 1.5, "x"))
    return bars


def scaling_bars(results: list[Result]) -> list[Bar]:
    """Two threads against one, and time per row, 10^3 float64."""
    times = {
        (key[1], key[3]): group["hbcd"]["median_s"]
        for key, group in {**grouped(results, "rows"), **grouped(results, "gradient")}.items()
        if key[0] == "10^3" and key[2] == "float64"
    }
    bars = []
    pairs = {rows for rows, _ in times if (rows, 1) in times and (rows, 2) in times}
    for rows in sorted(pairs):
        if rows == FULL_ROWS or rows >= 30_000:
            gain = times[rows, 1] / times[rows, 2]
            bar = 1.6 if rows == FULL_ROWS else 1.85
            bars.append(at_least(f"2 threads against 1, 10^3 float64, {rows} rows", [gain], bar))
    swept = {key[1] for key in grouped(results, "rows")}
    per_row = [seconds / rows for (rows, n), seconds in times.items() if n == 1 and rows in swept]
    if len(per_row) > 1:
        what = f"time per row, {min(swept)} to {max(swept)} rows, 1 thread: most over least"
        bars.append(at_most(what, max(per_row) / min(per_row), 1.15, "x"))
    return bars


def latency_bars(results: list[Result]) -> list[Bar]:
    """One row through a network and through an estimator, microseconds."""
    bars = []
    for kind, bar in (("predict", 3.0), ("estimator predict", 20.0)):
        for (hidden, rows, _, _), group in grouped(results, kind).items():
            if rows == 1:
                ours = 1e6 * group["hbcd"]["median_s"]
                bars.append(at_most(f"{kind} of 1 row, {hidden}", ours, bar, "us"))
    return bars


def all_bars(results: list[Result], peaks: dict[str, float]) -> list[Bar]:
    lines = ratios(results, "gradient")
    bars = floor_bars(results, peaks)
    for threads in sorted({result["threads"] for result in results}):
        bars += gradient_bars(lines, threads)
        steps = ratios(results, "adam step", ("torch",))
        mine = [x.ratio for x in steps if x.threads == threads and x.hidden == "10^3"]
        what = f"ADAM step, 10^3, ceil(1.1 P) rows, float64, PyTorch eager, {threads} thread(s)"
        bars.append(at_least(what, mine, 40.0))
    return bars + scaling_bars(results) + latency_bars(results)


# ---- printing


def print_times(results: list[Result]) -> None:
    """Every case with every library: median and half the distance of the quartiles."""
    for kind in ("gradient", "adam step", "rows", "predict", "estimator predict"):
        groups = grouped(results, kind)
        if not groups:
            continue
        present = {name for group in groups.values() for name in group}
        names = [n for n in dict.fromkeys(r["library"] for r in results) if n in present]
        head = f"{kind + ', us':22}{'rows':>9} {'type':8}{'thr':>3}"
        print(f"\n{head}" + "".join(f"{name:>21}" for name in names))
        for (hidden, rows, dtype, threads), group in groups.items():
            cells = ""
            for name in names:
                if name in group:
                    r = group[name]
                    spread = 50 * (r["q3_s"] - r["q1_s"]) / r["median_s"]
                    cells += f"{1e6 * r['median_s']:13.1f} ±{spread:4.0f}%"
                else:
                    cells += f"{'-':>20}"
                cells += " "
            print(f"{hidden:22}{rows:9} {dtype:8}{threads:3} {cells}")


def print_ratios(lines: list[Ratio], title: str) -> None:
    if not lines:
        return
    print(f"\n{title:38}{'hbcd us':>12}{'+-':>6}{'fastest rival':>16}{'us':>12}{'ratio':>8}")
    for x in lines:
        case = f"{x.hidden}, {x.rows} rows, {x.dtype}, {x.threads} thr"
        print(
            f"{case:38}{1e6 * x.ours:12.1f}{100 * x.spread:5.0f}%{x.rival:>16}"
            f"{1e6 * x.theirs:12.1f}{x.ratio:8.2f}"
        )


def print_bars(bars: list[Bar]) -> None:
    width = max(len(bar.what) for bar in bars)
    print(f"\n{'bar':{width}}{'measured':>10}{'wanted':>12}")
    for bar in bars:
        measured = "-" if bar.measured is None else f"{bar.measured:.2f}"
        verdict = {True: "pass", False: "FAIL", None: "not measured"}[bar.passed]
        print(f"{bar.what:{width}}{measured:>10}{bar.bar:>12}  {verdict}")


def print_noise(results: list[Result]) -> None:
    """Says when the machine had other things to do: then no bar means much."""
    noisy = [r for r in results if 0.5 * (r["q3_s"] - r["q1_s"]) > NOISY * r["median_s"]]
    if 10 * len(noisy) > len(results):
        print(
            f"NOT A QUIET MACHINE: {len(noisy)} of {len(results)} times spread over "
            f"{100 * NOISY:g} %; measure again"
        )


def as_json(lines: list[Any]) -> list[dict[str, Any]]:
    return [asdict(line) for line in lines]
