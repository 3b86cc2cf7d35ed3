"""Layers with a structure of their own: dense parts side by side, smooth pieces of inputs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hbcd import core
from hbcd.parts.activations import Activation
from hbcd.parts.layers import Layer, _Native
from hbcd.utils.public import public
from hbcd.utils.validation import check_integer, check_number

__all__ = ["Block", "BlockDiagonalLayer", "SmoothPieces"]

Array = NDArray[Any]
MOST_SHOWN = 6  # numbers of a list that a repr shows


class Block(NamedTuple):
    """One part of a `BlockDiagonalLayer`."""

    n_in: int
    n_out: int
    activation: Activation


class _Structured(_Native):
    """A layer that the core knows by its description."""

    def _plain(self) -> Layer:
        """A layer of hbcd's own class: only that is compiled."""
        raise NotImplementedError

    def _net(self, x: Array) -> core.Net:
        n_in = x.shape[1]
        row = (self._plain(), None, self.n_out(n_in), self.n_parameters(n_in))
        return core.Net(x.dtype, n_in, [row], None)


@public
@dataclass(frozen=True, repr=False)
class BlockDiagonalLayer(_Structured):
    """Dense parts side by side: several layers of several networks, computed as one.

    Part k is ``activation_k(x_k @ W_k + b_k)`` of its own range x_k of the inputs, in order, or
    with `shared_input` of all inputs; its outputs follow those of part k - 1.  The weights between
    one part's inputs and another's outputs, zeros of a dense layer, are neither kept nor computed.
    The parameters are those of the parts one after another: W_k (n_in, n_out) row by row, then b_k.

    Parameters
    ----------
    blocks : sequence of (n_in, n_out, activation)
        The parts, at least one: two integers of at least 1 and an `Activation` each.
    shared_input : bool, default False
        True: every part reads all inputs, and each n_in is their number.

    Raises
    ------
    TypeError, ValueError
        A part that is not of this form; when the network is made, inputs that are not as many as
        the parts take.
    """

    blocks: Sequence[tuple[int, int, Activation]]
    shared_input: bool = False
    _native = "block_diagonal"

    def __post_init__(self) -> None:
        if not isinstance(self.blocks, Iterable) or isinstance(self.blocks, str):
            raise TypeError(f"blocks={self.blocks!r}: must be a sequence of parts")
        blocks = tuple(_checked_block(k, block) for k, block in enumerate(self.blocks))
        if not blocks:
            raise ValueError("blocks=(): must have at least one part")
        if not isinstance(self.shared_input, (bool, np.bool_)):
            raise TypeError(f"shared_input={self.shared_input!r}: must be True or False")
        if self.shared_input and len({block.n_in for block in blocks}) > 1:
            raise ValueError(
                "blocks: must have one n_in, that of the layer, where inputs are shared"
            )
        object.__setattr__(self, "blocks", blocks)
        object.__setattr__(self, "shared_input", bool(self.shared_input))

    def __repr__(self) -> str:
        runs = [(block, len(list(same))) for block, same in groupby(self.blocks)]
        parts = [
            f"({n_in}, {n_out}, {activation!r})" + (f" x {n}" if n > 1 else "")
            for (n_in, n_out, activation), n in runs
        ]
        shared = ", shared_input=True" if self.shared_input else ""
        return f"{type(self).__name__}([{', '.join(parts)}]{shared})"

    def _plain(self) -> Layer:
        return BlockDiagonalLayer(self.blocks, self.shared_input)

    def n_parameters(self, n_in: int) -> int:
        """``sum((n_in_k + 1) * n_out_k)`` over the parts.

        Raises
        ------
        ValueError
            Parts that take another number of inputs.
        """
        taken = self.blocks[0][0] if self.shared_input else sum(block[0] for block in self.blocks)
        if taken != n_in:
            raise ValueError(f"blocks: take {taken} inputs, must take {n_in}")
        return sum((own + 1) * n_out for own, n_out, _ in self.blocks)

    def n_out(self, n_in: int) -> int:
        """The sum of the outputs of the parts."""
        return sum(n_out for _, n_out, _ in self.blocks)

    def init(self, n_in: int, rng: np.random.Generator) -> Array:
        """Of every part weights N(0, 1 / n_in) and biases 0, as of a `HiddenLayer`."""
        parts = []
        for own, n_out, _ in self.blocks:
            parts += [rng.normal(0.0, 1.0 / np.sqrt(own), size=own * n_out), np.zeros(n_out)]
        return np.concatenate(parts)


def _checked_block(index: int, block: Any) -> Block:
    name = f"blocks[{index}]"
    try:
        n_in, n_out, activation = block
    except (TypeError, ValueError):
        raise TypeError(f"{name}={block!r}: must be (n_in, n_out, activation)") from None
    sizes = [
        check_integer(f"{name}: {side}", n, 1) for side, n in (("n_in", n_in), ("n_out", n_out))
    ]
    if not isinstance(activation, Activation):
        raise TypeError(f"{name}: activation={activation!r}: must be an hbcd.Activation")
    return Block(int(sizes[0] or 0), int(sizes[1] or 0), activation)


@public
@dataclass(frozen=True, repr=False)
class SmoothPieces(_Structured):
    """The inputs and smooth steps of them: a fixed encoding of numbers, without parameters.

    The outputs are all inputs as they are, then ``tanh((x[columns[j]] - centers[j]) / widths[j])``
    for every piece j.  In front of the first dense layer it lets a small network bend sharply in
    single inputs; derivatives stay smooth.

    Parameters
    ----------
    columns : sequence of int
        The input of each piece, 0 for the first; at least one piece.
    centers : sequence of float
        Where each piece is 0, in the units of what the layer is given.
    widths : sequence of float
        Greater than 0: a piece goes from -0.76 to 0.76 within one width on either side.

    Raises
    ------
    TypeError, ValueError
        Sequences of unequal length, numbers that are not finite, widths that are not greater than
        0; when the network is made, a column that it does not have.
    """

    columns: Sequence[int]
    centers: Sequence[float]
    widths: Sequence[float]
    _native = "smooth_pieces"

    def __post_init__(self) -> None:
        sides = {name: getattr(self, name) for name in ("columns", "centers", "widths")}
        for name, side in sides.items():
            if isinstance(side, str) or not isinstance(side, Iterable):
                raise TypeError(f"{name}={side!r}: must be a sequence of numbers")
        columns = tuple(int(check_integer("columns", c, 0) or 0) for c in self.columns)
        centers = _numbers("centers", self.centers, -math.inf)
        widths = _numbers("widths", self.widths, 0.0)
        if not columns:
            raise ValueError("columns=(): must have at least one piece")
        if not len(columns) == len(centers) == len(widths):
            raise ValueError(
                f"columns, centers, widths: have {len(columns)}, {len(centers)} and {len(widths)} "
                "numbers, must have one of each for every piece"
            )
        for name, made in zip(sides, (columns, centers, widths), strict=True):
            object.__setattr__(self, name, made)

    def __repr__(self) -> str:
        sides = ", ".join(
            f"{name}={_shortened(getattr(self, name))}" for name in ("columns", "centers", "widths")
        )
        return f"{type(self).__name__}({sides})"

    def _plain(self) -> Layer:
        return SmoothPieces(self.columns, self.centers, self.widths)

    def n_parameters(self, n_in: int) -> int:
        """0.

        Raises
        ------
        ValueError
            A column that is not one of `n_in`.
        """
        if max(self.columns) >= n_in:
            raise ValueError(f"columns: has {max(self.columns)}, must be less than {n_in}")
        return 0

    def n_out(self, n_in: int) -> int:
        """The inputs and the pieces."""
        return n_in + len(self.columns)

    def init(self, n_in: int, rng: np.random.Generator) -> Array:
        """Nothing."""
        return np.empty(0)


def _numbers(name: str, values: Sequence[float], low: float) -> tuple[float, ...]:
    """Finite numbers above `low`."""
    found = [check_number(name, value, low=low, open_low=low == 0.0) for value in values]
    return tuple(float(value) for value in found if value is not None)


def _shortened(values: Sequence[float]) -> str:
    shown = [repr(value) for value in values[:MOST_SHOWN]]
    more = f", ... {len(values)} in all" if len(values) > MOST_SHOWN else ""
    return f"[{', '.join(shown)}{more}]"
