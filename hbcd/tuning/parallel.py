"""Fits side by side: by joblib where it is installed and configured, else by threads."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any, TypeVar

from hbcd.utils.validation import check_integer

__all__ = ["run_all", "workers_of"]

Job = TypeVar("Job")
Result = TypeVar("Result")


def workers_of(n_jobs: int | None) -> int:
    """How many fits run side by side.

    Parameters
    ----------
    n_jobs : int or None
        As in scikit-learn: None is 1, or what `joblib.parallel_config` says; -1 all processors, -2
        all but one.

    Raises
    ------
    ValueError, TypeError
        0, or no integer.
    """
    if n_jobs == 0 and not isinstance(n_jobs, bool):
        raise ValueError("n_jobs=0: must be a number of fits, -1 for all processors, or None")
    check_integer("n_jobs", n_jobs, -(2**30), none=True)
    # A configuration can only be there where joblib was imported to set it.
    if n_jobs is None and sys.modules.get("joblib") is None:
        return 1
    if n_jobs == 1:
        return 1
    joblib = _joblib()
    if joblib is not None:
        return int(joblib.effective_n_jobs(n_jobs))
    assert n_jobs is not None
    return n_jobs if n_jobs > 0 else max(1, (os.cpu_count() or 1) + 1 + n_jobs)


def run_all(
    function: Callable[[Job], Result], jobs: Sequence[Job], n_jobs: int | None
) -> Iterator[tuple[Job, Result]]:
    """Jobs and their results, as they are done.

    Parameters
    ----------
    function : callable
        ``function(job)``; for processes it can be pickled.
    jobs : sequence
    n_jobs : int or None
    """
    workers = min(workers_of(n_jobs), len(jobs))
    if workers <= 1:
        for job in jobs:
            yield job, function(job)
        return
    joblib = _joblib()
    if joblib is None:
        yield from _by_threads(function, jobs, workers)
        return
    tasks = [joblib.delayed(_with_job)(function, job) for job in jobs]
    yield from _parallel(joblib, n_jobs)(tasks)


def _parallel(joblib: Any, n_jobs: int | None) -> Any:
    """The Parallel of joblib; results come one by one where the backend can do that.

    Threads where no backend is configured: the core trains without the interpreter lock.
    """
    try:
        return joblib.Parallel(n_jobs, prefer="threads", return_as="generator_unordered")
    except (TypeError, ValueError):  # joblib before 1.4, or a backend that cannot
        return joblib.Parallel(n_jobs, prefer="threads")


def _with_job(function: Callable[[Job], Result], job: Job) -> tuple[Job, Result]:
    return job, function(job)


def _by_threads(
    function: Callable[[Job], Result], jobs: Sequence[Job], workers: int
) -> Iterator[tuple[Job, Result]]:
    pool = ThreadPoolExecutor(workers, thread_name_prefix="hbcd-tune")
    try:
        waiting = {pool.submit(function, job): job for job in jobs}
        for future in as_completed(waiting):
            yield waiting[future], future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _joblib() -> Any:
    try:
        import joblib
    except ImportError:
        return None
    return joblib
