"""Every target by its own reader, for every activation, depth, number of outputs and kind of model.

python -m bench.exports.matrix [--only TEXT] [--sample N] [--out bench/exports/matrix.md]
"""

import argparse
import functools
import itertools
import logging
import os
import tempfile
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import hbcd
from bench.exports import file_readers, object_readers  # noqa: F401  # they join the readers
from bench.exports.readers import READERS
from hbcd.export.targets import TARGETS
from support.exportable import ACTIVATIONS, FAST, KINDS, model_of, rows, table

SHAPES = ("numbers", "classes", "text", "gaps", "members")
DEPTHS, OUTPUTS = range(5), (1, 3)
TELL = 100  # characters of a reason


@functools.cache
def model(shape, activation, depth, outputs):
    """A small model, fitted in milliseconds; `outputs` 1 and 3 are 2 and 3 classes."""
    X, Y = rows()
    part, widths = ACTIVATIONS[activation], (5, 4, 3, 2)[:depth]
    y = Y[:, 0] if outputs == 1 else Y
    if shape == "classes":
        cuts = np.quantile(Y[:, 0], [0.5] if outputs == 1 else [0.33, 0.67])
        return hbcd.HybridClassifier(widths, part, **FAST).fit(X, np.digitize(Y[:, 0], cuts))
    if shape in ("text", "gaps"):
        missing = "indicator" if shape == "gaps" else "error"
        made = hbcd.HybridRegressor(widths, part, **FAST, missing=missing)
        return made.fit(table(gaps=shape == "gaps")[0], y)
    if shape == "members":
        sizes = [3, *((4, 3) if k % 2 else (3, 2) for k in range(depth))]
        layers = [hbcd.BlockDiagonalLayer([(3, n, part) for n in sizes[1]], shared_input=True)]
        layers += [
            hbcd.BlockDiagonalLayer([(a, b, part) for a, b in zip(*pair, strict=True)])
            for pair in itertools.pairwise(sizes[1:])
        ]
        return hbcd.HybridRegressor(layers=layers, **FAST).fit(X, y)
    return hbcd.HybridRegressor(widths, part, **FAST).fit(X, y)


def models():
    """Names of all models, and functions that make them."""
    for one in itertools.product(SHAPES, ACTIVATIONS, DEPTHS, OUTPUTS):
        if one[0] != "members" or one[2]:
            yield " ".join(map(str, one)), functools.partial(model, *one)
    for kind in KINDS:
        yield kind, functools.partial(model_of, kind)


def sample(count, seed=0):
    """So many of the models, the same for every run."""
    every = list(models())
    order = np.random.default_rng(seed).permutation(len(every))
    return [every[k] for k in order[:count]]


@dataclass
class Row:
    """What came of one reader."""

    held: int = 0
    worst: float = 0.0
    at: str = ""
    seconds: float = 0.0
    refused: Counter = field(default_factory=Counter)
    wrong: list = field(default_factory=list)


def refusal(error):
    """Whether hbcd itself, and no tool, refuses a model, in one line."""
    raised = traceback.extract_tb(error.__traceback__)[-1].filename
    ours = Path(hbcd.__file__).parent in Path(raised).parents
    return isinstance(error, ValueError) and ours and "\n" not in str(error)


def tried(one, name, make, row):
    """Adds what comes of one model."""
    begun = sum(os.times()[:4])  # CPU seconds, those of compilers among them
    made = make()
    with tempfile.TemporaryDirectory() as folder:
        try:
            ratio = one.distance(made, Path(folder))
        except Exception as error:  # what a reader raises is what the table is for
            if refusal(error):
                row.refused.update([str(error)])
            else:
                row.wrong.append((name, f"{type(error).__name__}: {error}"))
        else:
            row.held += ratio <= 1.0
            if not ratio <= 1.0:
                row.wrong.append((name, f"{ratio:.3g} of the bound"))
            if ratio > row.worst:
                row.worst, row.at = ratio, name
    row.seconds += sum(os.times()[:4]) - begun


def run(readers, chosen, kept=lambda found: None):
    """A row for every reader that is there; `kept` is told after each."""
    found = {}
    for title, one in readers.items():
        if one.missing:
            continue
        found[title] = row = Row()
        for name, make in chosen[:: one.every]:
            tried(one, name, make, row)
        print(f"{title}: {row.held} held, {sum(row.refused.values())} refused, {len(row.wrong)} "
              f"wrong, {row.seconds:.0f} s", flush=True)  # fmt: skip
        for name, text in row.wrong[:5]:
            print(f"    WRONG {name}: {text:.{2 * TELL}}", flush=True)
        kept(found)
    return found


def report(found, readers, count):
    """The table as Markdown."""
    lines = [
        "# Exports, read back by the tools that they are for",
        "",
        f"`python -m bench.exports.matrix`, {count} models: {', '.join(SHAPES)} x "
        f"{', '.join(ACTIVATIONS)} x depth 0 to 4 x 1 and 3 outputs (2 and 3 classes), and "
        f"{len(KINDS)} kinds beside. Held: within the proven bound, plus the tolerance of a solver "
        "where one computes the points. Largest: the largest difference over that. Readers that "
        "take seconds for a model read one in several. Seconds are those of CPUs.",
        "",
        "| target: reader | held | refused | other | largest | where | CPU s |",
        "|---|---:|---:|---:|---:|---|---:|",
    ]
    for title, one in readers.items():
        if one.missing:
            lines.append(f"| {title} | not installed: {', '.join(one.missing)} | | | | | |")
            continue
        row = found.get(title)
        if row is None:
            continue
        lines.append(
            f"| {title} | {row.held} | {sum(row.refused.values())} | {len(row.wrong)} | "
            f"{row.worst:.2g} | {row.at} | {row.seconds:.0f} |"
        )
    without = sorted(set(TARGETS) - {one.target for one in READERS.values()})
    lines += ["", f"Targets without a reader: {', '.join(without) or 'none'}.", ""]
    lines += ["Refused, in one line each:", ""]
    for title, row in found.items():
        for text, times in row.refused.most_common():
            lines.append(f"- {title}, {times}: {text:.{2 * TELL}}")
    wrong = [(title, *one) for title, row in found.items() for one in row.wrong]
    if wrong:
        lines += ["", "Wrong, or not computed by the tool:", ""]
        lines += [f"- {title}, {name}: {text:.{2 * TELL}}" for title, name, text in wrong]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="readers whose name has this text")
    parser.add_argument("--sample", type=int, default=0, help="so many models, drawn with a seed")
    parser.add_argument("--out", default="", help="a file for the table")
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    logging.getLogger("pyomo").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")  # of the tools
    chosen = sample(given.sample) if given.sample else list(models())
    readers = {title: one for title, one in READERS.items() if given.only in title}

    def kept(found):
        if given.out:
            Path(given.out).write_text(report(found, readers, len(chosen)), encoding="utf-8")

    print(report(run(readers, chosen, kept), readers, len(chosen)))


if __name__ == "__main__":
    main()
