"""A fit on the workers of a Dask cluster: rows to ranks, a long task each, a watch over both."""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from dask.distributed import secede
from distributed.protocol import pickle

from hbcd.distributed.dask_backend import DaskBackend, install, interrupt
from hbcd.distributed.dask_rows import (
    Counted,
    Rows,
    Table,
    check_lengths,
    cut_rows,
    pieces_of,
    rows_between,
)
from hbcd.distributed.lost import RankLost

__all__ = ["run_on_workers"]

Work = Callable[[DaskBackend, list[Rows]], Any]
WORTH = 1 << 19  # numbers of a table for which one more worker takes less time than it costs
LOOK = 1.0  # seconds between two looks at the cluster
NOBODY = -1  # the rank of what is none: the scheduler


def run_on_workers(
    client: Any,
    work: Work,
    tables: Sequence[Table],
    n_workers: int | None,
    timeout: float,
    on_worker_loss: str,
) -> Any:
    """Runs ``work(backend, rows)`` on the workers, one task each, and returns what rank 0 does.

    Parameters
    ----------
    client : Client
    work : callable
        What all ranks do; rows are those of this rank, of every table (X, y, weights).
    tables : sequence of Table
    n_workers : int or None
        How many workers at most; None: as many as the first table has work for.
    timeout : float
        Seconds without a sign of life after which a worker is lost.
    on_worker_loss : "raise" or "restart"
        "restart": the workers that are left read the rows again and begin anew.

    Raises
    ------
    RankLost
        A worker is lost, or the scheduler.
    """
    lost: set[str] = set()
    while True:
        attempt = _Attempt(client, n_workers, timeout, lost)
        try:
            return attempt.run(work, tables)
        except RankLost as error:
            if on_worker_loss == "raise" or not error.gone:
                raise
            lost.add(error.where)
            attempt.remove(error)


class _Attempt:
    """One fit, on the workers that are there."""

    def __init__(self, client: Any, n_workers: int | None, timeout: float, lost: set[str]) -> None:
        self.client, self.timeout, self.lost = client, timeout, lost
        self.n_workers = n_workers
        self.futures: list[Any] = []
        self.silent: dict[str, tuple[float, float]] = {}  # worker -> its last sign, seconds since
        self.looked = time.monotonic()
        self.deserted = 0.0  # seconds without workers
        self.addresses: list[str] = []  # of ranks, once there are any
        self.scheduler = ""

    def run(self, work: Work, tables: Sequence[Table]) -> Any:
        """Pieces of the tables, their rows to ranks, then the work."""
        try:
            self._cluster()
            counted = self._counted(tables)
            self.addresses = self._workers(counted[0][0])
            size = len(self.addresses)
            parts = [_parts(counted, rank, size) for rank in range(size)]
            shards = [self._submit(rank, _rows_of_rank, parts[rank]) for rank in range(size)]
            del counted, parts
            self._wait(shards)
            name = uuid.uuid4().hex
            told = name, self.addresses, self.timeout, pickle.dumps(work)
            tasks = [
                self._submit(rank, _one_rank, *told, rank, shards[rank]) for rank in range(size)
            ]
            try:
                self._wait(tasks)
            except KeyboardInterrupt:  # a second one gives the fit up
                if not self._interrupted(name):
                    raise
                self._wait(tasks)
            return self._result(tasks[0])
        finally:
            if self.futures:
                with contextlib.suppress(Exception):  # a client that is closed has no tasks
                    self.client.cancel(self.futures, force=True)

    def _interrupted(self, name: str) -> bool:
        """Whether rank 0 could be told to end the fit with the best point so far."""
        call = partial(self.client._run, interrupt, name)
        found: dict[str, bool] = self._ask(call, workers=self.addresses[:1])
        return all(found.values())

    def _counted(self, tables: Sequence[Table]) -> list[list[Counted]]:
        """The pieces of all tables on the cluster, with the numbers of their rows."""
        pieces = [pieces_of(self.client, table) for table in tables]
        everything = [future for table in pieces for some, _ in table for future in some]
        self._wait(everything)
        lengths = self.client.submit(list, self.client.map(len, everything), pure=False)
        self._wait([lengths])
        many = iter(self._result(lengths))
        counted = [[Counted.of(some, empty, many) for some, empty in table] for table in pieces]
        for table, columns in zip(tables, counted, strict=True):
            check_lengths(table, columns)
        return counted

    def _workers(self, pieces: Counted) -> list[str]:
        """Workers by rank, at most one for each lane; those that hold the first rows first."""
        held: dict[str, list[int]] = {one: [] for one in self._cluster() if one not in self.lost}
        if not held:
            raise RankLost(NOBODY, "the cluster", "has no workers")
        keys = [future.key for future in pieces.futures]
        place = {key: k for k, key in enumerate(keys)}
        for key, addresses in self._ask(self._scheduler.who_has, keys=keys).items():
            for address in addresses:
                if address in held and key in place:
                    held[address].append(place[key])
        middle = {one: sum(some) / len(some) for one, some in held.items() if some}
        ordered = sorted(held, key=lambda one: (middle.get(one, len(keys)), one))
        numbers = pieces.rows * (pieces.empty.shape[1] if pieces.empty.ndim > 1 else 1)
        most = 1 + numbers // WORTH if self.n_workers is None else self.n_workers
        return ordered[: min(most, len(cut_rows(pieces.rows)) - 1)]

    def _submit(self, rank: int, function: Callable[..., Any], *values: Any) -> Any:
        where = {"workers": [self.addresses[rank]], "allow_other_workers": False}
        future = self.client.submit(function, *values, pure=False, **where)
        self.futures.append(future)
        return future

    def _result(self, future: Any) -> Any:
        try:
            return future.result(timeout=self.timeout)
        except TimeoutError:
            where = self.addresses[0] if self.addresses else "the cluster"
            raise RankLost(0, where, f"has not answered for {self.timeout:g} s", True) from None

    def _wait(self, futures: Sequence[Any]) -> None:
        """Waits for tasks while the cluster is there."""
        changed = threading.Event()
        for future in futures:
            future.add_done_callback(lambda _: changed.set())
        while True:
            states = {future.status for future in futures}
            if states <= {"finished"}:
                return
            if states & {"error", "cancelled"}:  # what is lost is computed again
                self._fail(futures)
            if not changed.wait(min(LOOK, self.timeout / 3)):
                self._look()
            changed.clear()

    def _fail(self, futures: Sequence[Any]) -> None:
        """Raises why tasks have failed: an error of a rank itself before what others say of it."""
        ends = time.monotonic() + min(self.timeout, 5.0)
        while True:
            errors = {
                rank: future.exception()
                for rank, future in enumerate(futures)
                if future.status == "error"
            }
            for rank, error in errors.items():
                if not isinstance(error, RankLost):
                    if self.addresses:
                        error.add_note(f"rank {rank}, at {self.addresses[rank]}")
                    raise error
            gone = [error for error in errors.values() if error.gone]
            if gone or time.monotonic() > ends:
                break
            time.sleep(0.05)
        for error in [*gone, *errors.values()]:
            raise error
        self._look()
        raise RankLost(NOBODY, "the cluster", "has given up the fit")

    def _ask(self, call: Callable[..., Any], **values: Any) -> Any:
        """What the scheduler answers."""
        try:
            return self.client.sync(call, callback_timeout=self.timeout, **values)
        except (OSError, TimeoutError, RuntimeError) as error:
            where = f"the scheduler at {self._scheduler.address}"
            raise RankLost(NOBODY, where, f"cannot be reached: {error}") from None

    @property
    def _scheduler(self) -> Any:
        if self.client.scheduler is None:
            raise RankLost(NOBODY, "the client", "was closed")
        return self.client.scheduler

    def _cluster(self) -> dict[str, float]:
        """The workers that the scheduler knows, and when it last heard of each."""
        scheduler = self._ask(self._scheduler.identity)
        if scheduler["id"] != (self.scheduler or scheduler["id"]):
            where = f"the scheduler at {scheduler['address']}"
            raise RankLost(NOBODY, where, "is another one than before")
        self.scheduler = scheduler["id"]
        return {address: one["last_seen"] for address, one in scheduler["workers"].items()}

    def remove(self, error: RankLost) -> None:
        """Has the scheduler forget a worker: what it held is computed anew; waits for another one.

        Parameters
        ----------
        error : RankLost
            About it; raised where there is no other one: a nanny may be starting one.
        """

        async def forget(dask_scheduler: Any) -> None:
            await dask_scheduler.remove_worker(error.where, stimulus_id="hbcd-lost-worker")

        self._ask(self.client.run_on_scheduler, function=forget)
        ends = time.monotonic() + self.timeout
        while not set(self._cluster()) - self.lost:
            if time.monotonic() > ends:
                raise error
            time.sleep(0.1)

    def _look(self) -> None:
        """Raises where a worker has left, or has given no sign for too long."""
        seen, before = self._cluster(), self.looked
        self.looked = time.monotonic()
        # Where this process was held up, so may the others have been: that is no silence.
        passed = min(self.looked - before, 2 * LOOK)
        self.deserted = 0.0 if set(seen) - self.lost else self.deserted + passed
        if self.deserted > self.timeout:
            raise RankLost(NOBODY, "the cluster", f"has had no workers for {self.timeout:g} s")
        for rank, address in enumerate(self.addresses or set(seen) - self.lost):
            if address not in seen:
                raise RankLost(rank, address, "is not in the cluster any more", True)
            last, seconds = self.silent.get(address, (seen[address], 0.0))
            seconds = seconds + passed if last == seen[address] else 0.0
            self.silent[address] = seen[address], seconds
            if seconds > self.timeout:
                raise RankLost(rank, address, f"has given no sign for {self.timeout:g} s", True)


def _parts(counted: Sequence[Sequence[Counted]], rank: int, size: int) -> list[Any]:
    """What makes up the rows of a rank, table by table, column by column."""
    found = []
    for table in counted:
        first = cut_rows(table[0].rows, size)
        found.append([one.part(int(first[rank]), int(first[rank + 1])) for one in table])
    return found


def _rows_of_rank(parts: Sequence[Sequence[Any]]) -> list[Rows]:
    """The rows of a rank, on its worker, which is made ready for calls of the others."""
    install()
    return [tuple(rows_between(*part) for part in table) for table in parts]


def _one_rank(
    name: str, addresses: list[str], timeout: float, work: bytes, rank: int, rows: list[Rows]
) -> Any:
    """The long task of one worker.

    The work is unpickled here and not by Dask, which does so on the event loop: while modules are
    imported there, for seconds, the worker would give no sign of life.
    """
    backend = DaskBackend(name, addresses, rank, timeout)
    secede()  # other fits on this worker need not wait for this one: they could wait for ever
    try:
        result = pickle.loads(work)(backend, rows)
    except BaseException as error:
        backend.end(error)
        raise
    backend.end(None)
    return result if rank == 0 else None
