"""Which block next: rules that choose the layer to optimize."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hbcd import core
from hbcd.core import BlockState
from hbcd.utils.public import public
from hbcd.utils.validation import check_integer

__all__ = [
    "Backward",
    "BlockSelector",
    "BlockState",
    "DecreasePerOperation",
    "ForwardSequential",
    "LipschitzWeighted",
    "MostSensitive",
    "PingPong",
    "RandomBlock",
]


@public
class BlockSelector:
    """A rule that chooses the next block.  Subclass it and write `next_block`."""

    def next_block(self, about: BlockState) -> int:
        """The block to optimize next.

        Parameters
        ----------
        about : BlockState
            What is known of the blocks.

        Returns
        -------
        int
            From 0 to ``about.n_blocks - 1``.
        """
        raise NotImplementedError(f"{type(self).__name__}.next_block: must be written")


class _Compiled(BlockSelector):
    _row: ClassVar[str]

    def next_block(self, about: BlockState) -> int:
        return int(core.select_block(self._row, about))


@dataclass(frozen=True)
class _Greedy(_Compiled):
    """Shared by the rules that choose the block of largest score."""

    max_repeats: int | None = 2

    def __post_init__(self) -> None:
        check_integer("max_repeats", self.max_repeats, 1, none=True)

    def next_block(self, about: BlockState) -> int:
        return int(core.select_block(self._row, about, self.max_repeats))


@public
@dataclass(frozen=True)
class MostSensitive(_Greedy):
    """The block of largest sensitivity in magnitude; ties go to the one visited longest ago.

    Parameters
    ----------
    max_repeats : int or None, default 2
        A block is chosen at most so many times in a row, then the second most sensitive once,
        because a greedy rule can stay with one block for ever.  None: no limit.  With one block
        there is no other choice.

    Raises
    ------
    ValueError
        `max_repeats` is neither None nor an integer of at least 1.
    """

    _native = "most_sensitive"
    _row: ClassVar[str] = "most_sensitive"


@public
@dataclass(frozen=True)
class RandomBlock(_Compiled):
    """Uniform over the blocks more sensitive than the tolerance (over all if there is none)."""

    _native = "random"
    _row: ClassVar[str] = "random"


@public
@dataclass(frozen=True)
class ForwardSequential(_Compiled):
    """0, 1, .., L-1, 0, 1, ..; the counter runs on across batches."""

    _native = "forward"
    _row: ClassVar[str] = "forward"


@public
@dataclass(frozen=True)
class PingPong(_Compiled):
    """0, 1, .., L-1, L-2, .., 1, 0, 1, ..: period 2L - 2, the end blocks half as often."""

    _native = "ping_pong"
    _row: ClassVar[str] = "ping_pong"


@public
@dataclass(frozen=True)
class Backward(_Compiled):
    """L-1, L-2, .., 0, L-1, ..: from the output down (Palagi and Seccia 2020)."""

    _native = "backward"
    _row: ClassVar[str] = "backward"


@public
@dataclass(frozen=True)
class LipschitzWeighted(_Greedy):
    """The block of largest ``||g||_2 / sqrt(L)``: the Gauss-Southwell-Lipschitz rule.

    A gradient step of length 1 / L is sure of the decrease ``||g||^2 / (2 L)`` (Nutini and others
    2015).  L is estimated from the visits, at no cost: the curvature ``|2 (f_new - f - g's)| /
    s's`` along the step s, or half the estimate before if that is more.  Every block is visited
    once before any is chosen, the most sensitive first.

    Parameters
    ----------
    max_repeats : int or None, default 2
        As of `MostSensitive`: a block is chosen at most so many times in a row; None: no limit.
    """

    _native = "lipschitz_weighted"
    _row: ClassVar[str] = "lipschitz_weighted"


@public
@dataclass(frozen=True)
class DecreasePerOperation(_Greedy):
    """The block that promises the largest decrease of the loss per operation.

    The promise is ``gain ||g||_2^2``, where gain is the decrease per squared gradient norm of the
    block's visits, the last one counting half.  It is divided by the multiply-adds of a visit like
    the last one, the gradient before it included: a count, not a time, so that a run is the same
    anywhere.  Every block is visited once before any is chosen, the most sensitive first.

    Parameters
    ----------
    max_repeats : int or None, default 2
        As of `MostSensitive`: a block is chosen at most so many times in a row; None: no limit.
    """

    _native = "per_operation"
    _row: ClassVar[str] = "per_operation"
