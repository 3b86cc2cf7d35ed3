"""What the runs say: coverage beside the level, widths and times beside those of others."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.intervals.methods import LEVELS

__all__ = ["coverage_lines", "rival_lines"]

Run = dict[str, Any]
LEAST = 0.02  # below the level, that no table's mean may fall


def _of(runs: list[Run], method: str, table: str) -> list[Run]:
    return [run for run in runs if run["method"] == method and run["table"] == table]


def coverage_lines(runs: list[Run], tables: list[str]) -> list[str]:
    """Mean coverage of every table at each level and its standard error; what breaks a bar."""
    lines = ["", f"{'table':<26}{'seeds':>6}" + "".join(f"{level:>16.0%}" for level in LEVELS)]
    broken = low = 0
    means = []
    for table in tables:
        own = _of(runs, "hbcd", table)
        if not own:
            continue
        cells = ""
        means.append([])
        for level in LEVELS:
            found = np.array([run["coverage"][f"{level:g}"] for run in own])
            error = found.std(ddof=1) / np.sqrt(found.size) if found.size > 1 else np.nan
            off = found.mean() - level
            mark = "low" if off < -LEAST else ("*" if abs(off) > 2 * error else "")
            broken, low = broken + (mark == "*"), low + (mark == "low")
            cells += f"{found.mean():>8.3f}{error:>5.3f}{mark:<3}"
            means[-1].append(found.mean())
        lines.append(f"{table:<26}{len(own):>6}  {cells}")
    mean = "".join(f"{one:>8.3f}{'':8}" for one in np.mean(means, axis=0))
    lines.append(f"{'mean':<26}{'':>6}  {mean}")
    cells = len(means) * len(LEVELS)
    lines.append(f"beyond two standard errors (*): {broken} of {cells}; below level - 2 %: {low}")
    return lines


def rival_lines(runs: list[Run], tables: list[str]) -> list[str]:
    """Geometric means over tables of our width and time over those of others, on equal splits."""
    lines = ["", f"{'hbcd over':<14}{'tables':>7}{'width':>8}{'equal':>8}{'time':>8}   coverages"]
    methods = dict.fromkeys(run["method"] for run in runs if run["method"] != "hbcd")
    for method in methods:
        ratios, shares = [], []
        for table in tables:
            theirs = _of(runs, method, table)
            seeds = {run["seed"] for run in theirs}
            ours = [run for run in _of(runs, "hbcd", table) if run["seed"] in seeds]
            if not theirs or len(ours) != len(theirs):
                continue
            pair = [
                np.mean([run[key] for run in ours]) / np.mean([run[key] for run in theirs])
                for key in ("width", "equal", "seconds")
            ]
            ratios.append(np.log(pair))
            shares.append([
                np.mean([run["coverage"]["0.9"] for run in side]) for side in (ours, theirs)
            ])  # fmt: skip
            lines.append(f"  {table:<12.12}{'':>7}" + "".join(f"{one:>8.3f}" for one in pair)
                         + f"   {shares[-1][0]:.3f} {shares[-1][1]:.3f}")  # fmt: skip
        mean = np.exp(np.mean(ratios, axis=0))
        covered = np.mean(shares, axis=0)
        lines.append(f"{method:<14}{len(ratios):>7}" + "".join(f"{one:>8.3f}" for one in mean)
                     + f"   {covered[0]:.3f} {covered[1]:.3f}")  # fmt: skip
    return lines
