"""What a rank is told when another one fails or is gone."""

from __future__ import annotations

__all__ = ["RankLost"]


class RankLost(RuntimeError):
    """Another rank has failed, or is not there any more.

    Parameters
    ----------
    rank : int
        Negative: not a rank, but the scheduler, or all workers.
    where : str
        Its address.
    text : str
        What happened to it.
    gone : bool, default False
        Whether it cannot be reached; else it has told an error of its own.
    """

    def __init__(self, rank: int, where: str, text: str, gone: bool = False) -> None:
        super().__init__(rank, where, text, gone)
        self.rank, self.where, self.text, self.gone = rank, where, text, gone

    def __str__(self) -> str:
        rank = "" if self.rank < 0 else f"rank {self.rank} at "
        return f"{rank}{self.where} {self.text}"
