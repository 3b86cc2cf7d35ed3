"""How many sums a fit on ranks takes, how long they are, and how many are further trials of a step.

    python -m bench.training.trials [--hidden 10 15 20] [--iterations 1400] [--seeds 0 1 2]

A sum over the rows is a round.  An iteration needs one; those beyond are further trials of a line
search, and evaluations where a step over other rows or parameters begins.  They are all that could
be saved by summing at several points in one round.  Counted on two ranks, threads of this process.
"""

from __future__ import annotations

import argparse
import queue
import statistics
import threading
from typing import Any

import hbcd
from hbcd.distributed import Backend

STRATEGIES = ("fast", "paper", "bcd", "batch_shell")
ROWS = 7654


class Counting(Backend):
    """One of two ranks, which counts the sums and the numbers in them."""

    def __init__(self, rank: int, boxes: list[queue.Queue[bytes]]) -> None:
        super().__init__(rank, 2)
        self.boxes, self.sums, self.numbers = boxes, 0, 0

    def exchange(self, parts: Any) -> list[Any]:
        """By two queues.

        Parameters
        ----------
        parts : sequence of bytes-like
        """
        found = list(parts)
        self.boxes[1 - self.rank].put(bytes(parts[1 - self.rank]))
        found[1 - self.rank] = self.boxes[self.rank].get(timeout=600)
        return found

    def sum(self, first: Any, lanes: Any, nodes: Any, *others: Any) -> Any:
        """Counts.

        Parameters
        ----------
        first, lanes, nodes, ...
            As of `Backend.sum`.
        """
        self.sums += nodes.shape[1] > 0
        self.numbers += nodes.shape[1]
        return super().sum(first, lanes, nodes, *others)


def measured(strategy: str, hidden: tuple[int, ...], iterations: int, seed: int) -> dict[str, Any]:
    """Of one fit."""
    x, y = hbcd.make_plant(ROWS, rng=0, return_X_y=True)
    boxes: list[queue.Queue[bytes]] = [queue.Queue(), queue.Queue()]
    ranks = [Counting(rank, boxes) for rank in range(2)]
    models = [
        hbcd.HybridRegressor(
            hidden,
            strategy=strategy,
            max_iter=iterations,
            random_state=seed,
            n_threads=1,
            backend=rank,
        )
        for rank in ranks
    ]
    halves = slice(0, ROWS // 2), slice(ROWS // 2, ROWS)
    threads = [
        threading.Thread(target=model.fit, args=(x[half], y[half]))
        for model, half in zip(models, halves, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report, parameters = models[0].report_, len(models[0].theta_)
    return {
        "iterations": report.n_iter,
        "evaluations": report.n_fev,
        "sums": ranks[0].sums,
        "length": ranks[0].numbers / ranks[0].sums / parameters,
        "beyond": 1 - report.n_iter / report.n_fev,
        "parts": dict(zip(report.phases, _by_phase(report), strict=False)),
    }


def _by_phase(report: Any) -> list[tuple[int, int]]:
    """Iterations and evaluations of each phase."""
    ends = report.history.groupby("phase")[["n_iter", "n_fev"]].max()
    return [tuple(map(int, row)) for row in ends.diff().fillna(ends).to_numpy()]


def main() -> None:
    """Prints a row for each strategy: medians over the seeds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hidden", type=int, nargs="+", default=[10, 15, 20])
    parser.add_argument("--iterations", type=int, default=1400)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    print("| strategy | iterations | evaluations | sums | length in parameters | beyond | phases |")
    print("|---|---|---|---|---|---|---|")
    for strategy in STRATEGIES:
        found = [measured(strategy, tuple(args.hidden), args.iterations, s) for s in args.seeds]
        middle = {
            name: statistics.median(one[name] for one in found)
            for name in found[0]
            if name != "parts"
        }
        print(
            f"| {strategy} | {middle['iterations']} | {middle['evaluations']} | {middle['sums']} "
            f"| {middle['length']:.2f} | {middle['beyond']:.0%} | {found[0]['parts']} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
