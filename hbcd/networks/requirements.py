"""What optimizers ask of a network, checked before a run."""

from __future__ import annotations

from typing import Any

from hbcd.networks.structure import NetworkStructure
from hbcd.optimizers.builtin import ExactOutput, LevenbergMarquardt
from hbcd.parts.activations import Identity
from hbcd.parts.losses import SquaredError, has_curvature

__all__ = ["check_needs"]


def check_needs(optimizer: Any, network: NetworkStructure, by_blocks: bool) -> None:
    """ValueError where `optimizer` cannot work on this network.

    Parameters
    ----------
    optimizer : Optimizer
    network : NetworkStructure
    by_blocks : bool
        It is given one block at a time.
    """
    sizes = [block.stop - block.start for block in network.blocks]
    one_at_a_time = by_blocks or getattr(optimizer, "block_diagonal", False)
    optimizer.check_size(max(sizes, default=0) if one_at_a_time else network.n_parameters)
    if isinstance(optimizer, ExactOutput):
        _check_loss(optimizer, network)
        _check_output(optimizer, network)
        if optimizer.inner is not None:
            check_needs(optimizer.inner, network, by_blocks)
    if not isinstance(optimizer, LevenbergMarquardt):
        return
    if not has_curvature(network.loss):
        raise ValueError(
            f"loss={network.loss!r}: must be a built-in one for {_name(optimizer)}, a loss of "
            "one's own has no Gauss-Newton matrix"
        )
    _check_layers(optimizer, network)
    if optimizer.variable_projection and not by_blocks:
        _check_loss(optimizer, network)
        _check_output(optimizer, network)


def _name(optimizer: Any) -> str:
    return type(optimizer).__name__


def _check_loss(optimizer: Any, network: NetworkStructure) -> None:
    if type(network.loss) is not SquaredError:
        raise ValueError(
            f"loss={network.loss!r}: must be SquaredError(), {_name(optimizer)} needs a sum of "
            "squares"
        )


def _check_layers(optimizer: Any, network: NetworkStructure) -> None:
    for index, (*_, layer) in enumerate(network.block_layouts):
        own = network.custom_layer(layer)
        if own is not None:
            raise ValueError(
                f"layers: must be dense for {_name(optimizer)}, and block {index} is a "
                f"{type(own).__name__}, a layer of one's own with parameters"
            )


def _check_output(optimizer: Any, network: NetworkStructure) -> None:
    last = network.layers[-1]
    activation = getattr(last, "activation", None)
    if (
        network.custom_layer(len(network.layers) - 1) is not None
        or type(activation) is not Identity
    ):
        raise ValueError(
            f"layers: must end with a dense layer without activation for {_name(optimizer)}, "
            f"not {last!r}"
        )
