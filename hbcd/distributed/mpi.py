"""Ranks of MPI, as mpiexec and srun start them, by mpi4py."""

from __future__ import annotations

import atexit
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from hbcd.distributed.backend import Backend
from hbcd.distributed.lost import RankLost
from hbcd.utils.validation import check_number

__all__ = ["MPIBackend"]

TAG, WAITS = 17, 18  # of the messages of rounds; of the word that a rank waits
YIELD, LONGEST = 2e-4, 1e-3  # seconds: how long the processor is offered at once, how long slept


class MPIBackend(Backend):
    """Ranks of MPI: every rank calls the same `fit` with its own rows.

    Messages go from rank to rank, and nothing waits inside of MPI: a rank that is gone is named.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm, optional
        Whose ranks fit together; None: all.  Messages go over a duplicate of it.
    timeout : float, default 300.0
        Seconds that a rank waits for another one.  Choose more than the longest pass over the rows
        of a rank takes, and than the ranks' calls of `fit` are apart.

    Raises
    ------
    ImportError
        There is no mpi4py: the extra ``mpi`` brings it.
    RankLost
        A rank does not answer.

    Examples
    --------
    Run by ``mpiexec -n 4 python script.py``::

        from hbcd.distributed import MPIBackend

        backend = MPIBackend()
        model = hbcd.HybridRegressor(strategy="fast", backend=backend).fit(X_of_rank, y_of_rank)
    """

    def __init__(self, comm: Any = None, timeout: float = 300.0) -> None:
        check_number("timeout", timeout, low=0.0, open_low=True)
        try:
            from mpi4py import MPI  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise ImportError(
                "MPIBackend: requires mpi4py and an MPI library: pip install 'hbcd[mpi]' mpich"
            ) from error
        comm = MPI.COMM_WORLD if comm is None else comm
        if not isinstance(comm, MPI.Intracomm):
            raise TypeError(f"comm={comm!r}: must be an mpi4py.MPI.Intracomm or None")
        super().__init__(comm.Get_rank(), comm.Get_size())
        self.timeout = float(timeout)
        self._mpi = MPI
        self._names: list[str] = []
        self._kept: list[Any] = []  # of messages that nobody took
        self._said: list[Any] = []  # words on their way
        self._words: dict[int, tuple[int, int]] = {}  # rank -> its round, whom it waits for
        self._comm: Any = None
        own, request = comm.Idup()
        self._wait([request], [int(self.rank == 0)], {})
        self._comm = own
        self._names = self.gather(f"{MPI.Get_processor_name()}, process {os.getpid()}")

    def where(self, rank: int) -> str:
        """Its processor and process."""
        return self._names[rank] if self._names else "?"

    def exchange(self, parts: Sequence[Any]) -> list[Any]:
        """Sends ``parts[r]`` to rank r; returns what each rank has sent to this one.

        Parameters
        ----------
        parts : sequence of bytes-like, one for each rank
        """
        byte, others = self._mpi.BYTE, [r for r in range(self.size) if r != self.rank]
        found: list[Any] = list(parts)
        sends = [self._comm.Isend([parts[rank], byte], rank, TAG) for rank in others]
        self._wait(sends, others, dict.fromkeys(others), found)
        return found

    def _wait(
        self,
        requests: list[Any],
        partners: list[int],
        expected: dict[int, Any],
        found: list[Any] | None = None,
    ) -> None:
        """Until all requests are done, and one message has come from each rank of `expected`."""
        mpi, comm, status = self._mpi, self._comm, self._mpi.Status()
        begun = last = time.perf_counter()
        pending, missing, told = list(zip(requests, partners, strict=False)), dict(expected), False
        while pending or missing:
            before = len(pending), list(missing.values())
            for rank in list(missing):
                if missing[rank] is None:
                    message = comm.Improbe(rank, TAG, status)
                    if message is None:
                        continue
                    data = np.empty(status.Get_count(mpi.BYTE), np.uint8)
                    assert found is not None
                    found[rank] = data
                    missing[rank] = message.Irecv([data, mpi.BYTE])
                if missing[rank].Test():
                    del missing[rank]
            pending = [(request, rank) for request, rank in pending if not request.Test()]
            now = time.perf_counter()
            if (len(pending), list(missing.values())) != before:
                last, told = now, False
            elif now - last > self.timeout:
                self._kept += [requests, found]
                self._give_up([*missing, *(rank for _, rank in pending)])
            elif now - last > self.timeout / 2 and not told:
                self._say([*missing, *(rank for _, rank in pending)])
                told = True
            elif now - begun < YIELD:
                _offer()  # ranks may be more than processors
            else:
                time.sleep(min((now - begun) / 20, LONGEST))

    def _say(self, waits_for: list[int]) -> None:
        """Tells all that this rank is there, and whom it waits for."""
        if self._comm is None:
            return
        word = np.array([self.rounds, waits_for[0]], np.int64)
        others = [rank for rank in range(self.size) if rank != self.rank]
        self._said = [one for one in self._said if not one[1].Test()]
        self._said += [(word, self._comm.Isend(word, rank, WAITS)) for rank in others]

    def _hear(self) -> None:
        """Takes what others have said about whom they wait for."""
        status, word = self._mpi.Status(), np.empty(2, np.int64)
        while self._comm.Iprobe(self._mpi.ANY_SOURCE, WAITS, status):
            self._comm.Recv(word, status.Get_source(), WAITS)
            self._words[status.Get_source()] = int(word[0]), int(word[1])

    def _give_up(self, waits_for: list[int]) -> None:
        """Raises; MPI, which cannot end in order without the rank, is aborted when Python ends."""
        atexit.register(_abort, self._mpi)
        rank, text = waits_for[0], f"has not answered for {self.timeout:g} s"
        if self._comm is not None:
            rank = self._silent(waits_for)
        else:  # which one cannot be known
            text = f"or another one has not made its MPIBackend for {self.timeout:g} s"
        raise RankLost(rank, self.where(rank), text, True)

    def _silent(self, waits_for: list[int]) -> int:
        """Who is lost: the first one that has not said that it waits itself.

        A rank may be a round ahead, and miss others that only wait for the one that is lost.
        """
        self._hear()
        for rank in waits_for:
            seen = {self.rank}
            while rank not in seen:
                seen.add(rank)
                at, other = self._words.get(rank, (-1, rank))
                if at < self.rounds - 1:  # it has said nothing, or something long ago
                    return rank
                rank = other
        return waits_for[0]


def _offer() -> None:
    """Lets another process run."""
    if hasattr(os, "sched_yield"):
        os.sched_yield()
    else:
        time.sleep(0.0)


def _abort(mpi: Any) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    mpi.COMM_WORLD.Abort(1)
