"""What makes a Dask worker a rank: messages that it exchanges with other workers, and a watch.

Of two ranks the higher one calls the lower one, on the connection that Dask has between them; the
call carries its message, the reply that of the other.  Nothing passes through the scheduler.  All
of this happens on the worker's event loop, while the fit runs in the thread of its task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np
from dask.distributed import WorkerPlugin, protocol

from hbcd.distributed.lost import RankLost
from hbcd.distributed.tree import Branch, children_of, parent_of

__all__ = ["PATIENCE", "PLUGIN", "ExchangePlugin", "WorkerRun"]

PLUGIN = "hbcd-exchange"
UNKNOWN = -1  # the rank that a worker has in a run that it does not know
KEPT = 256  # runs that are over, of which a worker knows how
PATIENCE = 1.0  # seconds without a message until a rank is asked whether it is still there
Lost = tuple[Any, ...]  # the arguments of a RankLost
Slots = dict[tuple[int, int], "asyncio.Future[Any]"]  # by round and rank


class WorkerRun:
    """One run on one worker.

    Parameters
    ----------
    plugin : ExchangePlugin
    name : str
    """

    def __init__(self, plugin: ExchangePlugin, name: str) -> None:
        self.plugin, self.name = plugin, name
        self.arrived: Slots = {}  # messages of higher ranks
        self.answers: Slots = {}  # messages for higher ranks, which wait for them in a call
        self.addresses: list[str] = []  # none: its task has not begun here
        self.rank = self.number = 0
        self.timeout, self.key = 60.0, ""
        self.interrupted = False  # the client has heard Ctrl-C

    def begin(self, addresses: list[str], rank: int, timeout: float, key: str) -> None:
        """The task of this run has begun here, as this rank.

        Parameters
        ----------
        addresses : list of str
            Of the workers, by rank.
        rank : int
        timeout : float
        key : str
            Of the task.
        """
        self.addresses, self.rank, self.timeout, self.key = addresses, rank, timeout, key

    async def exchange(self, parts: Sequence[Any]) -> list[Any]:
        """One message to every rank, and one of each; all ranks do this together.

        Parameters
        ----------
        parts : sequence of bytes-like
        """
        number, waits = self._next(), dict[int, "asyncio.Future[Any]"]()
        for rank, part in enumerate(parts):
            if rank > self.rank:
                slot(self.answers, number, rank).set_result(part)
                waits[rank] = slot(self.arrived, number, rank)
            elif rank < self.rank:
                waits[rank] = asyncio.ensure_future(self._call(rank, number, part))
        found = await self._watched(number, waits)
        return [found.get(rank, part) for rank, part in enumerate(parts)]

    async def climb(self, own: Branch) -> tuple[Branch, int]:
        """The branches of all ranks in one, and the bytes sent; all ranks do this together.

        Parameters
        ----------
        own : Branch
        """
        number, below = self._next(), children_of(self.rank, len(self.addresses))
        found = await self._watched(
            number, {rank: slot(self.arrived, number, rank) for rank in below}
        )
        part, sent = own.joined([Branch.unpack(found[rank]) for rank in below]).pack(), 0
        if self.rank:
            parent, sent = parent_of(self.rank), len(part)
            call = asyncio.ensure_future(self._call(parent, number, part))
            part = (await self._watched(number, {parent: call}))[parent]
        for rank in below:
            slot(self.answers, number, rank).set_result(part)
        return Branch.unpack(part), sent + len(below) * len(part)

    def _next(self) -> int:
        """The number of this round."""
        if self.is_cancelled():
            raise RankLost(self.rank, self.addresses[self.rank], "the fit was given up")
        self.number += 1
        return self.number - 1

    async def _call(self, rank: int, number: int, part: Any) -> Any:
        """Sends a part to a lower rank; what it has for this one."""
        peer = self.plugin.worker.rpc(self.addresses[rank])
        data = protocol.to_serialize(np.frombuffer(part, np.uint8))
        try:
            reply = await peer.hbcd_exchange(
                run=self.name, number=number, sender=self.rank, timeout=self.timeout, data=data
            )
        except OSError as error:
            raise self.lost(rank, f"cannot be reached: {error}") from None
        if "lost" not in reply:
            return reply["data"]
        of, where, text, gone = reply["lost"]
        raise RankLost(rank if of == UNKNOWN else of, where, text, gone)

    async def _watched(self, number: int, waits: dict[int, asyncio.Future[Any]]) -> dict[int, Any]:
        """The messages, once all are there; `RankLost` where a rank is not there any more.

        However long a rank works: it is asked once a second, and its event loop says that it lives.
        """
        patience, waited = min(PATIENCE, self.timeout / 3), 0.0
        pending = set(waits.values())
        try:
            while pending:
                done, pending = await asyncio.wait(
                    pending, timeout=patience, return_when="FIRST_EXCEPTION"
                )
                for one in done:
                    one.result()  # or its error
                if pending and not done:
                    waited += patience
                    missing = [rank for rank, wait in waits.items() if wait in pending]
                    if self.is_cancelled():
                        where = self.addresses[self.rank]
                        raise RankLost(self.rank, where, "the fit was given up")
                    await asyncio.gather(
                        *[self._ask(rank, waits[rank], waited) for rank in missing]
                    )
        finally:
            for wait in waits.values():
                wait.cancel()
        for rank in waits:
            self.arrived.pop((number, rank), None)
        return {rank: wait.result() for rank, wait in waits.items()}

    async def _ask(self, rank: int, wait: asyncio.Future[Any], waited: float) -> None:
        """Asks a rank what it does; raises where it is not there, or will not answer any more."""
        state, lost = await self._state(rank)
        if state == "unknown" and waited >= self.timeout:
            raise self.lost(rank, f"did not begin within {self.timeout:g} s")
        if state == "ended":
            await asyncio.wait({wait}, timeout=PATIENCE)  # its last message may be on its way
            if not wait.done():
                raise RankLost(*lost) if lost else self.lost(rank, "ended before the others")

    async def _state(self, rank: int) -> tuple[str, Lost | None]:
        """What a rank says of this run (`ExchangePlugin.on_state`)."""
        for _ in range(2):  # twice: this process itself may have been held up
            call = self.plugin.worker.rpc(self.addresses[rank]).hbcd_state(run=self.name)
            try:
                state, lost = await asyncio.wait_for(call, self.timeout / 2)
                return state, lost
            except TimeoutError:
                continue
            except OSError as error:
                raise self.lost(rank, f"cannot be reached: {error}") from None
        raise self.lost(rank, f"has not answered for {self.timeout:g} s")

    def lost(self, rank: int, text: str) -> RankLost:
        """The error about a rank that cannot be reached.

        Parameters
        ----------
        rank : int
        text : str
        """
        return RankLost(rank, self.addresses[rank], text, True)

    def is_cancelled(self) -> bool:
        """Whether the client has given up the task, or has gone."""
        task = self.plugin.worker.state.tasks.get(self.key)
        return task is None or task.state == "cancelled"


def slot(slots: Slots, number: int, rank: int) -> asyncio.Future[Any]:
    """Where a message of a round is, or will be.

    Parameters
    ----------
    slots : dict
    number, rank : int
    """
    if (number, rank) not in slots:
        slots[number, rank] = asyncio.get_running_loop().create_future()
    return slots[number, rank]


class ExchangePlugin(WorkerPlugin):  # type: ignore[misc]
    """Two messages that a worker understands from other workers, and the runs on this one."""

    name = PLUGIN
    idempotent = True

    def setup(self, worker: Any) -> None:
        """Called by Dask on the worker.

        Parameters
        ----------
        worker : distributed.Worker
        """
        self.worker, self.runs = worker, dict[str, WorkerRun]()
        self.ended: dict[str, Lost | None] = {}  # run -> its error
        worker.handlers["hbcd_exchange"] = self.on_exchange
        worker.handlers["hbcd_state"] = self.on_state

    def run(self, name: str) -> WorkerRun:
        """A run on this worker, known or new.

        Parameters
        ----------
        name : str
        """
        if name not in self.runs:
            self.runs[name] = WorkerRun(self, name)
        return self.runs[name]

    def end(self, name: str, lost: Lost | None) -> None:
        """A run is over here: those that still wait for it are told.

        Parameters
        ----------
        name : str
        lost : tuple or None
            The arguments of its `RankLost`.
        """
        run = self.runs.pop(name, None)
        self.ended[name] = lost
        while len(self.ended) > KEPT:
            del self.ended[next(iter(self.ended))]
        for answer in run.answers.values() if run is not None else ():
            if not answer.done():
                answer.set_result(None)

    def _over(self, name: str) -> Lost:
        return self.ended[name] or (UNKNOWN, self.worker.address, "ended before the others", True)

    async def on_exchange(
        self, run: str, number: int, sender: int, timeout: float, data: Any
    ) -> dict[str, Any]:
        """The message of a higher rank; what is returned is that for it."""
        if run in self.ended:
            return {"lost": self._over(run)}
        state = self.run(run)
        arrival = slot(state.arrived, number, sender)
        if not arrival.done():
            arrival.set_result(data)
        answer = slot(state.answers, number, sender)
        await asyncio.wait({answer}, timeout=None if state.addresses else timeout)
        if not answer.done() and not state.addresses:
            self.end(
                run, (UNKNOWN, self.worker.address, f"did not begin within {timeout:g} s", True)
            )
        part = await answer
        if part is None:
            return {"lost": self._over(run)}
        state.answers.pop((number, sender), None)
        return {"data": protocol.to_serialize(np.frombuffer(part, np.uint8))}

    async def on_state(self, run: str) -> tuple[str, Lost | None]:
        """What a rank that waits is told of a run, and the error that has ended it."""
        if run in self.ended:
            return "ended", self.ended[run]
        begun = run in self.runs and bool(self.runs[run].addresses)
        return "running" if begun else "unknown", None
