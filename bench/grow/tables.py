"""Growth beside fixed sizes that are given as much time."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hbcd
from hbcd import core
from hbcd.networks.linear_model import LinearModel

__all__ = ["beside_fixed_sizes"]

Array = NDArray[np.float64]
NAMES = (
    "yacht", "autompg", "forest", "stock", "energy", "concrete", "airfoil", "skillcraft", "sml",
    "parkinsons", "pumadyn32nm", "kin40k", "plant",
)  # fmt: skip
GROWN = {"grow 1": (1,), "grow 2-2": (2, 2)}
FIXED = {"20": (20,), "20-20": (20, 20), "40-40": (40, 40)}
FEW = 3000  # rows below which three splits are taken, else one
MOST_SECONDS = 40.0  # of one growth


@dataclass(frozen=True)
class Split:
    """Standardized training and test rows."""

    x: Array
    y: Array
    x_test: Array
    y_test: Array


def splits(name: str) -> Iterator[Split]:
    """The first splits of a table, 90 to 10; none where it is not there."""
    home = Path(os.environ.get("HBCD_DATA", "."))
    if name == "plant":
        try:
            plant = hbcd.fetch_ccpp(download_if_missing=False)
        except OSError:
            return
        x, y = np.asarray(plant.data, dtype=float), np.asarray(plant.target, dtype=float)
        apart = np.zeros((len(x), 1), dtype=bool)
        apart[np.random.default_rng(0).permutation(len(x))[: len(x) // 10]] = True
    else:
        if not (home / "uci" / name / "data.csv.gz").exists():
            return
        table = np.loadtxt(home / "uci" / name / "data.csv.gz", delimiter=",")
        apart = np.loadtxt(home / "uci" / name / "test_mask.csv.gz", delimiter=",") > 0
        x, y = table[:, :-1], table[:, -1]
    for mask in apart.T[: 3 if len(x) < FEW else 1]:
        train = ~mask
        mean, spread = x[train].mean(axis=0), x[train].std(axis=0)
        scaled = (x - mean) / np.where(spread > 0, spread, 1.0)
        target = ((y - y[train].mean()) / y[train].std())[:, np.newaxis]
        yield Split(scaled[train], target[train], scaled[mask], target[mask])


def penalty(split: Split) -> float:
    """What rows left out choose for the default network."""
    model = hbcd.HybridRegressor(alpha="cv", random_state=0, n_threads=1)
    return float(model.fit(split.x, split.y[:, 0]).alpha_)


def network(split: Split, widths: tuple[int, ...], alpha: float) -> hbcd.Network:
    """A tanh network with these hidden layers."""
    hidden = [hbcd.HiddenLayer(width) for width in widths]
    layers = [hbcd.InputLayer(split.x.shape[1]), *hidden, hbcd.OutputLayer(1)]
    return hbcd.Network(layers, alpha=alpha)


def test_error(split: Split, net: hbcd.Network, theta: Array) -> float:
    """Root mean squared error over the deviation of the training targets."""
    return float(np.sqrt(np.mean((net.predict(theta, split.x_test) - split.y_test) ** 2)))


def grown(split: Split, widths: tuple[int, ...], alpha: float) -> dict[str, Any]:
    """Error, CPU seconds and widths of a network that grows."""
    net = network(split, widths, alpha)
    begin = time.process_time()
    report = net.train(
        net.init(0), split.x, split.y, strategy=hbcd.Grow(), n_threads=1,
        stop=hbcd.Stop(max_seconds=MOST_SECONDS),
    )  # fmt: skip
    seconds = time.process_time() - begin
    error = test_error(split, report.network, report.theta)
    return {"error": error, "cpu": seconds, "widths": list(report.network.widths[:-1])}


def fixed(split: Split, widths: tuple[int, ...], alpha: float, seconds: float) -> dict[str, Any]:
    """The same of the best of several starts, which end when so much time is used."""
    net = network(split, widths, alpha)
    data = core.Data(np.float64, split.x, split.y, penalty=alpha / len(split.x))
    begin, starts, best = time.process_time(), 0, (np.inf, np.empty(0))
    while starts == 0 or time.process_time() - begin < seconds:
        left = max(seconds - (time.process_time() - begin), 0.5)
        report = net.train(
            net.init(starts), split.x, split.y, n_threads=1,
            strategy=hbcd.Finish(1000), stop=hbcd.Stop(pg_tol=0.0, f_tol=1e-9, max_seconds=left),
        )  # fmt: skip
        loss = LinearModel(net, data, report.theta, 1, 4000).loss
        best = min(best, (loss, report.theta), key=lambda pair: pair[0])
        starts += 1
    used = time.process_time() - begin
    return {"error": test_error(split, net, best[1]), "cpu": used, "starts": starts}


def beside_fixed_sizes(names: list[str] | None) -> dict[str, Any]:
    """Mean error and CPU of every table and method, and geometric means over the tables."""
    methods = [*GROWN, *FIXED]
    print(f"\n{'table':12s} " + " ".join(f"{method:>17s}" for method in methods), flush=True)
    found: dict[str, Any] = {}
    for name in names or NAMES:
        runs: dict[str, list[dict[str, Any]]] = {method: [] for method in methods}
        for split in splits(name):
            alpha = penalty(split)
            for method, widths in GROWN.items():
                runs[method].append(grown(split, widths, alpha))
            seconds = max(runs[method][-1]["cpu"] for method in GROWN)
            for method, widths in FIXED.items():
                runs[method].append(fixed(split, widths, alpha, seconds))
        if not runs[methods[0]]:
            print(f"{name:12s} not found", flush=True)
            continue
        found[name] = runs
        cells = (
            f"{np.mean([run['error'] for run in runs[m]]):.4f} {cpu_of(runs[m]):6.2f}s"
            for m in methods
        )
        ends = ["-".join(map(str, run["widths"])) for m in GROWN for run in runs[m]]
        print(f"{name:12s} " + " ".join(f"{cell:>17s}" for cell in cells), *ends, flush=True)
    if found:
        ratios = {m: [mean_error(r[m]) / mean_error(r["20-20"]) for r in found.values()]
                  for m in methods}  # fmt: skip
        means = (f"{np.exp(np.mean(np.log(ratios[m]))):.3f}" for m in methods)
        print(f"{'to 20-20':12s} " + " ".join(f"{mean:>17s}" for mean in means), flush=True)
    return found


def mean_error(runs: list[dict[str, Any]]) -> float:
    """Mean error of some runs."""
    return float(np.mean([run["error"] for run in runs]))


def cpu_of(runs: list[dict[str, Any]]) -> float:
    """Mean CPU seconds of some runs."""
    return float(np.mean([run["cpu"] for run in runs]))
