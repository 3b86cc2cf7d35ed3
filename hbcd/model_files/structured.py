"""Layers with a structure of their own as JSON, and back."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from hbcd.parts.activations import Activation
from hbcd.parts.layers import Layer
from hbcd.parts.structured_layers import BlockDiagonalLayer, SmoothPieces
from hbcd.training.registry import choose, describe_activation, restore_activation
from hbcd.utils.validation import check_integer

__all__ = ["describe_structured", "restore_structured"]

MOST_PARTS = 10**6  # of one entry: a damaged file must not ask for more memory than there is


def describe_structured(layer: BlockDiagonalLayer | SmoothPieces) -> dict[str, Any]:
    """A layer in JSON types; equal parts in a row are one entry with their number."""
    if isinstance(layer, SmoothPieces):
        sides = {name: list(getattr(layer, name)) for name in ("columns", "centers", "widths")}
        return {"kind": "smooth_pieces", **sides}
    parts = [
        {
            "parts": len(list(same)),
            "inputs": n_in,
            "width": n_out,
            **describe_activation(activation),
        }
        for (n_in, n_out, activation), same in groupby(layer.blocks)
    ]
    return {"kind": "block_diagonal", "shared_input": layer.shared_input, "blocks": parts}


def restore_structured(described: dict[str, Any]) -> Layer:
    """What `describe_structured` described."""
    made: Layer = choose("kind", described["kind"], _RESTORED)(described)
    return made


def _block_diagonal(described: dict[str, Any]) -> Layer:
    blocks: list[tuple[int, int, Activation]] = []
    for one in described["blocks"]:
        parts = check_integer("parts", one["parts"], 1, high=MOST_PARTS)
        block = one["inputs"], one["width"], restore_activation(one)
        blocks += [block] * int(parts or 0)
    return BlockDiagonalLayer(blocks, described["shared_input"])


def _smooth_pieces(described: dict[str, Any]) -> Layer:
    return SmoothPieces(described["columns"], described["centers"], described["widths"])


_RESTORED = {"block_diagonal": _block_diagonal, "smooth_pieces": _smooth_pieces}
