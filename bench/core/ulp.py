"""The error of exp, tanh and the logistic function over the range, as a picture.

    python -m bench.core.ulp [--out ulp.png] [--samples 2000]

Builds bench/c/ulp.c with the Makefile and runs it: the kernels of every instruction set of this
processor against libm in long double, the largest error in each eighth of a binade.  Exits with 1
if an error is above the bar of 4 units in the last place.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

CSRC = Path(__file__).resolve().parents[2] / "csrc"
BAR = 4.0  # units in the last place
LOOKS = {"baseline": ("#9ca3af", 4.0), "avx2": ("#2563a8", 2.0), "avx512": ("#c0392b", 0.7)}
FUNCTIONS, TYPES = ("exp", "tanh", "sigmoid"), ("double", "float")

Errors = dict[tuple[str, str], dict[str, list[tuple[float, float]]]]


def measured(samples: int) -> Errors:
    """(function, type) -> instruction set -> (x, largest error in ulp), ascending in x."""
    subprocess.run(["make", "-s", "-C", str(CSRC), "build/bench/ulp"], check=True)
    command = [str(CSRC / "build" / "bench" / "ulp"), str(samples)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: Errors = defaultdict(lambda: defaultdict(list))
    for line in said.splitlines():
        function, kind, isa, x, error = line.split()
        found[function, kind][isa].append((float(x), float(error)))
    for panel in found.values():
        for points in panel.values():
            points.sort()
    return found


def draw(errors: Errors, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(3, 2, figsize=(14, 11), sharey=True, layout="constrained")
    for row, function in enumerate(FUNCTIONS):
        for column, kind in enumerate(TYPES):
            axes = panels[row, column]
            for isa, points in errors[function, kind].items():
                x, y = zip(*points, strict=True)
                color, width = LOOKS[isa]  # thinner on top: lines that agree all show
                axes.plot(x, y, color=color, linewidth=width, label=isa)
            axes.axhline(BAR, color="black", linestyle="--", linewidth=1, label="bar")
            axes.set_xscale("symlog", linthresh=2.0**-30, linscale=0.2)
            ticks = [sign * 10.0**k for sign in (-1, 1) for k in (-8, -6, -4, -2, 0, 2)]
            axes.set_xticks(sorted([*ticks, 0.0]))
            axes.tick_params(labelsize=9)
            axes.set(title=f"{function}, {kind}", ylim=(0, 1.15 * BAR), xlabel="x")
            axes.grid(alpha=0.25)
        panels[row, 0].set_ylabel("largest error, ulp")
    panels[0, 0].legend(loc="upper left", bbox_to_anchor=(0, 0.86), fontsize=9)
    figure.suptitle("Error against libm in long double, the largest in each eighth of a binade")
    figure.savefig(path, dpi=110)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("ulp.png"))
    parser.add_argument("--samples", type=int, default=2000, help="random numbers per bin")
    options = parser.parse_args()
    errors = measured(options.samples)
    most = 0.0
    for (function, kind), panel in errors.items():
        for isa, points in panel.items():
            at, worst = max(points, key=lambda point: point[1])
            most = max(most, worst)
            print(f"{function:8} {kind:7} {isa:9} {worst:6.2f} ulp near x = {at:.4g}")
    draw(errors, options.out)
    print(f"largest {most:.2f} ulp, bar {BAR:g}; picture: {options.out}")
    return int(most > BAR)


if __name__ == "__main__":
    sys.exit(main())
