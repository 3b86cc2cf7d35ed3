"""Which rule of choosing the next layer earns its keep: all rules at equal numbers of operations.

    python -m bench.training.selection [--seeds 10] [--rows 800] [--budget 250] [--out DIR]

Deep and wide networks, tanh and ReLU, on the simulated plant and, where HBCD_DATA has them, on CCPP
and SIEC.  Every rule starts from the same weights on the same rows; a unit of the budget is what
one gradient of the whole network costs, counted in multiply-adds, never in seconds.  Compared is
the training loss when the budget is spent, seed by seed; a difference is called one only if
Wilcoxon's signed rank test says so after Holm's correction.  Writes DIR/selection.json.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import wilcoxon

import hbcd
from bench.first_light.checks import network

RULES: dict[str, hbcd.BlockSelector | None] = {
    "most sensitive": hbcd.MostSensitive(),
    "random": hbcd.RandomBlock(),
    "forward": hbcd.ForwardSequential(),
    "ping-pong": hbcd.PingPong(),
    "backward": hbcd.Backward(),
    "GSL": hbcd.LipschitzWeighted(),
    "per operation": hbcd.DecreasePerOperation(),
    "all layers at once": None,  # no block coordinate descent: what it has to be compared with
}
REFERENCE = "most sensitive"
LEVEL = 0.05
SHAPES = {"8 x 8": (8,) * 8, "12 x 8": (8,) * 12, "20 x 8": (8,) * 20, "3 x 32": (32,) * 3}
ACTIVATIONS = {"tanh": hbcd.Tanh(), "relu": hbcd.ReLU()}
INNER = 5  # iterations of L-BFGS on a block


class Visits(hbcd.TrainingStrategy):
    """`visits` visits on all rows; without a rule as many pieces of a joint L-BFGS."""

    def __init__(self, rule: hbcd.BlockSelector | None, visits: int) -> None:
        self.rule, self.visits = rule, visits

    def phases(self, network: hbcd.Network, n_rows: int) -> list[hbcd.Phase]:
        sweep = 1 if self.rule is None else len(network.blocks)
        return [
            hbcd.Phase(
                hbcd.LBFGS(),
                self.rule,
                inner_iterations=INNER,
                visits_per_batch=sweep,
                epochs=-(-self.visits // sweep),
            )
        ]


def operations(net: hbcd.Network, visits: Any) -> np.ndarray:
    """Multiply-adds per row after each visit, in gradients of the whole network (3 per parameter).

    A visit is one gradient of everything, the layers below the block once, and in each evaluation
    of its own forward and back through the block and the layers above it.
    """
    whole = net.n_parameters
    evaluations = np.diff(visits.n_fev, prepend=1)  # the start is measured before
    blocks = visits.block.to_numpy()
    below = np.array([block.start for block in net.blocks])[np.maximum(blocks, 0)]
    visit = 3 * whole + below + 2 * (whole - below) * (evaluations - 1)
    return np.cumsum(np.where(blocks < 0, 3 * whole * evaluations, visit)) / (3 * whole)


def spend(net: hbcd.Network, theta: Any, rows: Any, rule: Any, budget: float) -> tuple[float, Any]:
    """Loss when the budget is spent, and how often each block was visited until then."""
    visits = max(10, int(budget / 4))
    while True:
        strategy, stop = Visits(rule, visits), hbcd.Stop(pg_tol=0.0, f_tol=0.0)
        report = net.train(theta, *rows, strategy=strategy, stop=stop, n_threads=1)
        lines = report.history[report.history.event == "visit"]
        spent = operations(net, lines)
        solved = len(lines) < visits  # it found nothing better any more
        if spent[-1] >= budget or solved:
            within = max(1, int(np.searchsorted(spent, budget, side="right")))
            counts = np.bincount(lines.block[:within].clip(0), minlength=len(net.blocks))
            return float(lines.loss.iloc[within - 1]), counts.tolist()
        visits = int(1.1 * visits * budget / spent[-1]) + len(net.blocks)


def tables(names: list[str]) -> dict[str, tuple[Any, Any]]:
    """Name -> (X, y) of the plant, and of the published tables that are at hand."""
    found: dict[str, tuple[Any, Any]] = {}
    if "plant" in names:
        found["plant"] = hbcd.make_plant(return_X_y=True)
    for name, fetch in (("ccpp", hbcd.fetch_ccpp), ("siec", hbcd.fetch_siec)):
        if name in names and os.environ.get("HBCD_DATA"):
            found[name] = fetch(return_X_y=True)
        elif name in names:
            print(f"{name} left out: HBCD_DATA is not set")
    return found


def standard(table: tuple[Any, Any], n_rows: int, seed: int) -> tuple[Any, Any]:
    """Rows drawn at random, every column standardized."""
    x, y = (np.asarray(part, dtype=np.float64) for part in table)
    rows = np.random.default_rng(seed).permutation(len(x))[:n_rows]
    x, y = x[rows], y[rows]
    spread = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0), (y - y.mean()) / y.std()


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """One result per table, network and seed: the loss of every rule."""
    results = []
    for name, table in tables(options.tables).items():
        for shape in options.shapes:
            for kind in options.activations:
                losses = []
                for seed in range(options.seeds):
                    rows = standard(table, options.rows, seed)
                    net = network(rows[0].shape[1], SHAPES[shape], ACTIVATIONS[kind])
                    theta, found, counts = net.init(seed), {}, {}
                    for rule, part in RULES.items():
                        found[rule], counts[rule] = spend(net, theta, rows, part, options.budget)
                    losses.append([found[rule] for rule in RULES])
                    fields = {"table": name, "net": shape, "activation": kind, "seed": seed}
                    results.append({**fields, "losses": found, "visits": counts})
                show(f"{name}, {shape}, {kind}", np.array(losses))
    return results


def holm(p_values: list[float]) -> list[float]:
    """Holm's correction for testing several differences at once."""
    order, corrected, most = np.argsort(p_values), np.empty(len(p_values)), 0.0
    for rank, k in enumerate(order):
        most = max(most, min(1.0, (len(p_values) - rank) * p_values[k]))
        corrected[k] = most
    return [float(p) for p in corrected]


def paired(losses: np.ndarray) -> tuple[list[float], list[int], list[float]]:
    """Against the reference: ratio of losses (geometric mean), seeds won, corrected p."""
    logs = np.log(losses)
    differences = logs - logs[:, [list(RULES).index(REFERENCE)]]
    p_values = [
        float(wilcoxon(column).pvalue) if np.any(column != 0) else 1.0 for column in differences.T
    ]
    others = [k for k, rule in enumerate(RULES) if rule != REFERENCE]
    corrected = [1.0] * len(RULES)
    for k, p in zip(others, holm([p_values[k] for k in others]), strict=True):
        corrected[k] = p
    won = [int(count) for count in (differences < 0).sum(axis=0)]
    return [float(r) for r in np.exp(differences.mean(axis=0))], won, corrected


def show(title: str, losses: np.ndarray) -> None:
    ratios, won, p_values = paired(losses)
    print(f"\n{title}: training loss (median of {len(losses)}), its ratio to {REFERENCE!r}")
    for k, rule in enumerate(RULES):
        line = f"  {rule:20s}{np.median(losses[:, k]):11.3e}"
        if rule != REFERENCE:
            verdict = "" if p_values[k] >= LEVEL else "better" if ratios[k] < 1 else "worse"
            line += f"  x {ratios[k]:<7.3f}lower in {won[k]:2d} of {len(losses)}"
            line += f"  p {p_values[k]:.3f}  {verdict}"
        print(line, flush=True)


def conclude(results: list[dict[str, Any]]) -> dict[str, Any]:
    """Over all networks: one pair per table, network and seed; then per network the verdicts."""
    losses = np.array([list(result["losses"].values()) for result in results])
    keys = [f"{r['table']}, {r['net']}, {r['activation']}" for r in results]
    ratios, _, p_values = paired(losses)
    show(f"all {len(set(keys))} networks together", losses)
    print("\nconclusions")
    found: dict[str, Any] = {}
    for k, rule in enumerate(RULES):
        if rule == REFERENCE:
            continue
        better, worse = [], []
        for key in dict.fromkeys(keys):
            ratio, _, p = paired(losses[[own == key for own in keys]])
            if p[k] < LEVEL:
                (better if ratio[k] < 1 else worse).append(key)
        certain = p_values[k] < LEVEL
        word = "the same" if not certain else "lower" if ratios[k] < 1 else "higher"
        print(
            f"  {rule}: {word} loss beside {REFERENCE!r} over all (x {ratios[k]:.3f}, p "
            f"{p_values[k]:.2g}); better on {len(better)}, worse on {len(worse)} of "
            f"{len(set(keys))} networks"
        )
        found[rule] = {"ratio": ratios[k], "p": p_values[k], "better": better, "worse": worse}
    blocks = [k for k, part in enumerate(RULES.values()) if part is not None]
    best = min(blocks, key=lambda k: ratios[k])
    joint = list(RULES).index("all layers at once")
    names = list(RULES)
    print(
        f"  lowest of the rules: {names[best]!r}; all layers at once reach x "
        f"{ratios[joint] / ratios[best]:.3f} of its loss for as many operations"
    )
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10, help="of rows and weights, at least 9")
    parser.add_argument("--rows", type=int, default=800)
    parser.add_argument("--budget", type=float, default=250.0, help="gradients of the whole net")
    parser.add_argument("--tables", nargs="+", default=["plant"], choices=["plant", "ccpp", "siec"])
    parser.add_argument("--shapes", nargs="+", default=list(SHAPES), choices=SHAPES)
    parser.add_argument("--activations", nargs="+", default=list(ACTIVATIONS), choices=ACTIVATIONS)
    parser.add_argument("--out", type=Path, help="folder for selection.json")
    options = parser.parse_args()
    if options.seeds < 9:  # 2 ** -8 times the number of rules is just below the level
        parser.error(f"--seeds {options.seeds}: must be at least 9, fewer can't tell a difference")
    started = time.perf_counter()
    results = measure(options)
    if not results:
        print("nothing to measure")
        return 1
    conclusions = conclude(results)
    print(f"\n{time.perf_counter() - started:.0f} s")
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        meta = {key: value for key, value in vars(options).items() if key != "out"}
        written = {"meta": {**meta, "hbcd": hbcd.__version__}, "results": results}
        file = options.out / "selection.json"
        file.write_text(json.dumps({**written, "conclusions": conclusions}, indent=1) + "\n")
        print(f"written: {file}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
