"""Several starts of one training, side by side; the best by validation, else by training loss."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hbcd.parts.report import FitReport
from hbcd.parts.stopping import Stop, StopReason

__all__ = ["best_of_starts"]

Array = NDArray[Any]
T = TypeVar("T")
Progress = Callable[..., None]
Train = Callable[[Array, int, Stop, int, Progress | None, int], tuple[FitReport, float]]

# What ends all starts.  The callback that asked for it ends the others as Ctrl-C would.
ENDED = (StopReason.CALLBACK, StopReason.INTERRUPTED)


def best_of_starts(
    train: Train,
    thetas: list[Array],
    seeds: list[int],
    stop: Stop,
    n_threads: int,
    progress: Progress | None,
    *,
    side_by_side: bool,
) -> FitReport:
    """The report of the best start.

    Which one is best follows from their scores alone, ties by their order, so that any number of
    threads gives the same result (unless a time limit ends some of them).

    Parameters
    ----------
    train : callable
        ``train(theta, seed, stop, n_threads, progress, start) -> (report, score)``.
    thetas, seeds : list
        One per start.
    stop : Stop
        Limits of all starts together: each gets an equal part.
    n_threads : int
        Threads of all starts together.
    progress : callable or None
        Follows the starts of the calling thread.
    side_by_side : bool
        Whether starts may run at the same time.

    Raises
    ------
    Exception
        The first that a start raised; the others are ended.
    """
    starts = len(thetas)
    workers = min(n_threads, starts) if side_by_side else 1
    limits = _share(stop, starts, -(-starts // workers))
    over = threading.Event()

    def watched(*state: Any) -> None:
        if over.is_set():
            raise KeyboardInterrupt  # ends this start as Ctrl-C would

    def shown(*state: Any) -> None:
        watched()
        if progress is not None:
            progress(*state)

    def work(first: int) -> list[tuple[int, FitReport, float]]:
        done: list[tuple[int, FitReport, float]] = []
        for start in range(first, starts, workers):
            if over.is_set() and done:
                break
            follow = shown if first == 0 else watched
            threads = max(n_threads // workers, 1)
            try:
                report, score = train(thetas[start], seeds[start], limits, threads, follow, start)
            except BaseException:
                over.set()
                raise
            done.append((start, report, score))
            if report.stop_reason in ENDED:
                over.set()
        return done

    with ThreadPoolExecutor(max(workers - 1, 1)) as pool:
        others = [pool.submit(work, first) for first in range(1, workers)]
        found = work(0)
        for other in others:
            others_found = _result(other, over)
            found += others_found
    found.sort(key=lambda one: (np.isnan(one[2]), one[2], one[0]))
    best = found[0][1]
    reports = [one[1] for one in found]
    reasons = {report.stop_reason for report in reports}
    return replace(
        best,
        n_fev=sum(report.n_fev for report in reports),
        n_iter=sum(report.n_iter for report in reports),
        seconds=max(report.seconds for report in reports),
        stop_reason=next((reason for reason in ENDED if reason in reasons), best.stop_reason),
    )


def _result(future: Future[T], over: threading.Event) -> T:
    """The result of a start on another thread; Ctrl-C ends it, and what it has found counts."""
    while not future.done():
        try:
            wait([future], timeout=0.1)  # a wait without end cannot be interrupted everywhere
        except KeyboardInterrupt:
            over.set()
    return future.result()


def _share(stop: Stop, starts: int, rounds: int) -> Stop:
    """Limits of one start, of which `rounds` follow each other."""

    def part(limit: int | None) -> int | None:
        return None if limit is None else max(limit // starts, 1)

    return replace(
        stop,
        max_evaluations=part(stop.max_evaluations),
        max_iterations=part(stop.max_iterations),
        max_seconds=None if stop.max_seconds is None else stop.max_seconds / rounds,
    )
