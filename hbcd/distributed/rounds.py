"""Rounds of messages between ranks, and how an error of one of them reaches all."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hbcd.distributed.interrupts import Interrupts
from hbcd.distributed.lost import RankLost
from hbcd.distributed.messages import FAILED, NAMES, WHY, Message

__all__ = ["Rounds"]

S = TypeVar("S")
T = TypeVar("T")


class Rounds(ABC):
    """Messages between ranks; see `Backend`.

    Parameters
    ----------
    rank, size : int
    """

    def __init__(self, rank: int, size: int) -> None:
        self.rank, self.size = rank, size
        self.rounds = self.sent = 0
        self._inside = False  # a session
        self._told = False  # in a round of this session: this rank, or another one, has failed
        self._interrupts = Interrupts(rank)
        self._lost: RankLost | None = None

    # ---- what a subclass does

    @abstractmethod
    def exchange(self, parts: Sequence[Any]) -> list[Any]:
        """Sends ``parts[r]`` to rank r; returns what each rank has sent to this one.

        Parameters
        ----------
        parts : sequence of bytes-like, one for each rank
            Of sizes that the others do not know; that of this rank comes back as it is.

        Returns
        -------
        list of bytes-like

        Raises
        ------
        RankLost
            A rank has not answered in time.
        """

    def where(self, rank: int) -> str:
        """The address of a rank, for errors.

        Parameters
        ----------
        rank : int

        Returns
        -------
        str
        """
        return "?"

    # ---- what the collectives are made of

    def _round(self, messages: Sequence[Message]) -> list[Message]:
        """One message to every rank, and one of each; raises where one of them has failed."""
        data: dict[int, Any] = {}  # a message to all is packed once
        packed = [data.setdefault(id(one), one.pack()) for one in messages]
        met = [Message.unpack(part) for part in self._transported(self.exchange, packed)]
        self.sent += sum(len(p) for r, p in enumerate(packed) if r != self.rank)
        self._heard(messages[self.rank], met)
        return met

    def _transported(self, send: Callable[[S], T], what: S) -> T:
        """What `send` returns; a rank that is lost by it is lost for good."""
        try:
            found = send(what)
        except RankLost as error:
            self._lost = error
            raise
        self.rounds += 1
        return found

    def _heard(self, own: Message, met: Sequence[Message]) -> None:
        """Raises where a rank has failed, or is in another round than this one."""
        self._told |= own.status < 0
        for rank, one in enumerate(met):
            if one.status < 0 and rank != self.rank:
                self._told = True
                if own.status >= 0:
                    raise RankLost(rank, self.where(rank), "has failed")
        for rank, one in enumerate(met):
            if one.kind != own.kind and one.status >= 0 and own.status >= 0:
                does = f"sends {NAMES[one.kind]} where this one sends {NAMES[own.kind]}"
                self._differs(rank, does)

    def _end(self, error: BaseException) -> None:
        """Ends a session by an error: the others are told, and all say why."""
        if self._lost is not None:
            return
        own = "" if isinstance(error, RankLost) else f"{type(error).__name__}: {error}"
        with contextlib.suppress(RankLost):  # what has happened first is raised
            if not self._told:
                self._round([Message(WHY, FAILED)] * self.size)
            met = self._round([Message(WHY, body=own.encode())] * self.size)
            texts = [one.body.tobytes().decode() for one in met]
            if isinstance(error, RankLost):
                rank = next((r for r, text in enumerate(texts) if text), error.rank)
                text = texts[rank] or error.text
                error.args = (rank, self.where(rank), text, False)
                error.rank, error.where, error.text = rank, self.where(rank), text
            else:
                error.add_note(f"on rank {self.rank} of {self.size}")

    def _differs(self, rank: int, what: str) -> None:
        raise ValueError(f"rank {rank} at {self.where(rank)}: {what}")
