"""One rank of a fit on Dask's workers, as the thread of its task sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from dask.distributed import get_worker

from hbcd.distributed.dask_worker import PATIENCE, PLUGIN, ExchangePlugin, WorkerRun
from hbcd.distributed.lost import RankLost
from hbcd.distributed.tree import Branch, TreeBackend

__all__ = ["DaskBackend", "install", "interrupt"]


async def _install(worker: Any) -> None:
    if PLUGIN not in worker.plugins:
        await worker.plugin_add(plugin=ExchangePlugin(), name=PLUGIN, catch_errors=False)


def install() -> None:
    """Makes the worker that runs this task one that other ranks can call."""
    worker: Any = get_worker()
    asyncio.run_coroutine_threadsafe(_install(worker), worker.loop.asyncio_loop).result(60)


def interrupt(name: str, dask_worker: Any) -> bool:
    """Asks the rank of a run on this worker to end its fit; whether there is one.

    Parameters
    ----------
    name : str
        Of the run.
    dask_worker : distributed.Worker
        Given by Dask.
    """
    run = dask_worker.plugins[PLUGIN].runs.get(name)
    if run is None or not run.addresses:
        return False
    run.interrupted = True
    return True


class DaskBackend(TreeBackend):
    """Ranks that are tasks on Dask's workers; made in the task.

    Parameters
    ----------
    name : str
        Of the run.
    addresses : list of str
        Of the workers, by rank; `install` has run on each.
    rank : int
    timeout : float
        Seconds without a sign of life after which a rank is lost.
    """

    def __init__(self, name: str, addresses: Sequence[str], rank: int, timeout: float) -> None:
        super().__init__(rank, len(addresses))
        self.name, self.addresses, self.timeout = name, list(addresses), timeout
        self.worker: Any = get_worker()
        self.plugin: ExchangePlugin = self.worker.plugins[PLUGIN]
        self.run: WorkerRun = self._call(self._begin(self.worker.get_current_task()))

    async def _begin(self, key: str) -> WorkerRun:
        run = self.plugin.run(self.name)
        run.begin(self.addresses, self.rank, self.timeout, key)
        return run

    def where(self, rank: int) -> str:
        """Its address."""
        return self.addresses[rank]

    def exchange(self, parts: Sequence[Any]) -> list[Any]:
        """Sends ``parts[r]`` to rank r; returns what each rank has sent to this one.

        Parameters
        ----------
        parts : sequence of bytes-like, one for each rank

        Raises
        ------
        RankLost
            Another rank is not there any more, or the client has given up the fit.
        """
        found: list[Any] = self._call(self.run.exchange(parts))
        return found

    def climb(self, own: Branch) -> tuple[Branch, int]:
        """Joins the branches of all ranks.

        Parameters
        ----------
        own : Branch

        Raises
        ------
        RankLost
            Another rank is not there any more, or the client has given up the fit.
        """
        found: tuple[Branch, int] = self._call(self.run.climb(own))
        return found

    def end(self, error: BaseException | None) -> None:
        """The run is over here, by this error: ranks that wait for it are told.

        Parameters
        ----------
        error : BaseException or None
        """
        lost = error.args if isinstance(error, RankLost) else None
        if error is not None and lost is None:
            text = f"failed: {type(error).__name__}: {error}"
            lost = (self.rank, self.where(self.rank), text, False)
        self._call(self._over(lost))

    async def _over(self, lost: tuple[Any, ...] | None) -> None:
        self.plugin.end(self.name, lost)

    def _call(self, work: Any) -> Any:
        """Waits for work on the worker's event loop, as long as that runs."""
        loop = self.worker.loop.asyncio_loop
        future = asyncio.run_coroutine_threadsafe(work, loop)
        while True:
            try:
                return future.result(PATIENCE)
            except TimeoutError:
                if not future.done() and (loop.is_closed() or not loop.is_running()):
                    where = self.where(self.rank)
                    raise RankLost(self.rank, where, "its worker has ended") from None
