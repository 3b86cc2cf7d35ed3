"""Several trainings side by side on threads, of which one may end the others."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from hbcd.training.monitor import ProgressFunction

__all__ = ["run_starts"]

T = TypeVar("T")
# train(start, n_threads, progress) -> (result, whether it ends the others)
Train = Callable[[int, int, ProgressFunction], tuple[T, bool]]


def run_starts(
    train: Train[T],
    starts: int,
    workers: int,
    n_threads: int,
    progress: ProgressFunction | None,
) -> list[T]:
    """The results of the starts in their order.

    Parameters
    ----------
    train : callable
        ``train(start, n_threads, progress) -> (result, is_end)``: one start; `is_end` ends all of
        them.  Its `progress` raises KeyboardInterrupt when another start has ended all.
    starts : int
    workers : int
        So many starts run at the same time, one of them on the calling thread.
    n_threads : int
        Threads of all starts together.
    progress : callable or None
        Sees the starts of the calling thread.

    Returns
    -------
    list
        Without the starts that had not begun when all were ended, but for the first of each worker.

    Raises
    ------
    Exception
        The first that a start raised; the others are ended.
    """
    over = threading.Event()

    def watch(*state: Any) -> None:
        if over.is_set():
            raise KeyboardInterrupt  # ends this start as Ctrl-C would

    def watch_and_show(*state: Any) -> None:
        watch()
        if progress is not None:
            progress(*state)

    def work(first: int) -> list[tuple[int, T]]:
        done: list[tuple[int, T]] = []
        for start in range(first, starts, workers):
            if over.is_set() and done:
                break
            follow = watch_and_show if first == 0 else watch
            try:
                result, is_end = train(start, max(n_threads // workers, 1), follow)
            except BaseException:
                over.set()
                raise
            done.append((start, result))
            if is_end:
                over.set()
        return done

    with ThreadPoolExecutor(max(workers - 1, 1)) as pool:
        others = [pool.submit(work, first) for first in range(1, workers)]
        found = work(0)
        for other in others:
            later = _result(other, over)
            found += later
    return [result for _, result in sorted(found, key=lambda pair: pair[0])]


def _result(future: Future[T], over: threading.Event) -> T:
    """The result of a start on another thread; Ctrl-C ends it, and what it has found counts."""
    while not future.done():
        try:
            wait([future], timeout=0.1)  # a wait without end cannot be interrupted everywhere
        except KeyboardInterrupt:
            over.set()
    return future.result()
