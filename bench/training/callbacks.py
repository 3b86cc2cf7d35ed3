"""What a fit costs beside the core, and what listening to it costs.

    python -m bench.training.callbacks [--rows 8000] [--repeats 15]

Three things, one thread, each the median over repeats:

- a fit without a callback against the C core alone.  Both are of the same fit: all of
  `HybridRegressor.fit` on this clock, and the core on its own, from the start of its watch to the
  last line of its history, which leaves out checks, scaling, the copy of the rows, and the report.
  Bar: 2 % more.
- the estimator on 100 rows against the `Network.train` inside it.  Bar: 1 ms more.
- an event: block visits of a small network with a function that does nothing and without it, in
  turn, the difference over the number of events.  No bar.

Exits with 1 above a bar.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import hbcd
from bench.first_light.checks import Line, network
from hbcd import core

MOST_BESIDE_CORE = 0.02
MOST_ESTIMATOR = 1e-3  # seconds


class Inside:
    """Replaces a function while it is measured and keeps what its calls took."""

    def __init__(self, owner: Any, name: str, seconds: Callable[[float, Any], float]) -> None:
        self.owner, self.name, self.seconds = owner, name, seconds
        self.original = getattr(owner, name)
        self.taken = 0.0

    def __enter__(self) -> Inside:
        def timed(*args: Any, **options: Any) -> Any:
            began = time.perf_counter()
            found = self.original(*args, **options)
            self.taken += self.seconds(time.perf_counter() - began, found)
            return found

        setattr(self.owner, self.name, timed)
        return self

    def __exit__(self, *error: object) -> None:
        setattr(self.owner, self.name, self.original)


def fit_beside(inside: Inside, x: Any, y: Any, **options: Any) -> tuple[float, float]:
    """Seconds of a fit, and of the function inside it."""
    model = hbcd.HybridRegressor((10, 10, 10), random_state=0, n_threads=1, **options)
    with inside:
        began = time.perf_counter()
        model.fit(x, y)
        return time.perf_counter() - began, inside.taken


def beside_core(rows: int, repeats: int) -> Line:
    """A fit against the core's own clock."""
    x, y = hbcd.make_plant(rows, rng=0, return_X_y=True)
    shares = []
    for _ in range(repeats):
        inside = Inside(core, "train", lambda _, found: float(found[1]["seconds"][-1]))
        whole, alone = fit_beside(inside, x, y)
        shares.append(whole / alone - 1)
    share = statistics.median(shares)
    return Line(
        f"fit of {rows} rows beyond the core alone",
        f"{100 * share:.2f} %",
        f"{100 * MOST_BESIDE_CORE:g} %",
        share <= MOST_BESIDE_CORE,
    )


def beside_network(repeats: int) -> Line:
    """An estimator on 100 rows against the `Network.train` inside it."""
    x, y = hbcd.make_plant(100, rng=0, return_X_y=True)
    more = []
    for _ in range(20 * repeats):
        training = Inside(hbcd.Network, "train", lambda seconds, _: seconds)
        whole, inner = fit_beside(training, x, y, max_iter=20)
        more.append(whole - inner)
    seconds = statistics.median(more)
    return Line(
        "estimator beyond Network.train, 100 rows",
        f"{1e3 * seconds:.2f} ms",
        f"{1e3 * MOST_ESTIMATOR:g} ms",
        seconds <= MOST_ESTIMATOR,
    )


class Blocks(hbcd.Callback):
    """Hears every visit and does nothing."""

    def __init__(self) -> None:
        self.heard = 0

    def on_block_end(self, event: hbcd.Event) -> None:
        self.heard += 1


class WithTheta(Blocks):
    """Copies the parameters at every visit."""

    def on_block_end(self, event: hbcd.Event) -> None:
        self.heard += 1
        _ = event.theta


def per_event(kind: type[Blocks], repeats: int) -> Line:
    """What one visit that somebody hears takes longer."""
    x, y = hbcd.make_plant(64, rng=0, return_X_y=True)
    x, y = (x - x.mean(0)) / x.std(0), (y - y.mean()) / y.std()
    net = network(4, (5, 5), hbcd.Tanh())
    strategy = hbcd.BlockCoordinateDescent(inner_iterations=1, epochs=1000)
    stop = hbcd.Stop(pg_tol=0.0, f_tol=None)
    theta, costs = net.init(0), []

    def seconds(callback: Blocks | None) -> float:
        began = time.perf_counter()
        net.train(theta, x, y, strategy=strategy, stop=stop, n_threads=1, callbacks=callback)
        return time.perf_counter() - began

    for _ in range(repeats):
        callback = kind()
        without, heard = seconds(None), seconds(callback)
        costs.append((heard - without) / callback.heard)
    what = "with a copy of theta" if kind is WithTheta else "that does nothing"
    return Line(
        f"one event to a callback {what}", f"{1e6 * statistics.median(costs):.2f} us", "-", None
    )


def main() -> int:
    """Measures, prints the table; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=8000)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    print(f"hbcd {hbcd.show_config()}")
    lines = [
        beside_core(options.rows, options.repeats),
        beside_network(options.repeats),
        per_event(Blocks, options.repeats),
        per_event(WithTheta, options.repeats),
    ]
    width = max(len(line.check) for line in lines)
    print(f"{'what':{width}}  {'measured':>10}  {'bar':>6}")
    for line in lines:
        verdict = {True: "pass", False: "FAIL", None: ""}[line.passed]
        print(f"{line.check:{width}}  {line.measured:>10}  {line.bar:>6}  {verdict}".rstrip())
    return int(any(line.passed is False for line in lines))


if __name__ == "__main__":
    sys.exit(main())
