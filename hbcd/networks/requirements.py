"""What optimizers need of a network, checked before a run."""

from __future__ import annotations

from hbcd.networks.layout import kind_of
from hbcd.networks.structure import NetworkStructure
from hbcd.optimizers.base import Optimizer
from hbcd.parts.activations import Identity
from hbcd.parts.losses import SquaredError, has_curvature

__all__ = ["check_curvature", "check_requirements", "has_gauss_newton"]


def check_requirements(optimizer: Optimizer, network: NetworkStructure, by_blocks: bool) -> None:
    """ValueError where `optimizer` cannot work on this network.

    Parameters
    ----------
    optimizer : Optimizer
    network : NetworkStructure
    by_blocks : bool
        It is given one block at a time.
    """
    needs = optimizer.requirements(by_blocks)
    size = network.n_parameters
    if all([need.one_block for need in needs]):
        size = max([block.stop - block.start for block in network.blocks], default=0)
    optimizer.check_size(size)
    for need in needs:
        if need.gauss_newton:
            check_curvature(need.by, network)
        if need.linear_output:
            _check_linear_output(need.by, network)


def has_gauss_newton(network: NetworkStructure) -> bool:
    """Whether the loss has a Gauss-Newton matrix over all layers with parameters.

    Parameters
    ----------
    network : NetworkStructure
    """
    layers = [network.custom_layer(layer) for *_, layer in network.block_layouts]
    return has_curvature(network.loss) and layers.count(None) == len(layers)


def check_curvature(by: str, network: NetworkStructure) -> None:
    """ValueError where the loss has no Gauss-Newton matrix over all layers with parameters.

    Parameters
    ----------
    by : str
        Who needs it, for the message.
    network : NetworkStructure
    """
    if not has_curvature(network.loss):
        raise ValueError(
            f"loss={network.loss!r}: must be a built-in one for {by}, a custom loss has no "
            "Gauss-Newton matrix"
        )
    for index, (*_, layer) in enumerate(network.block_layouts):
        custom = network.custom_layer(layer)
        if custom is not None:
            raise ValueError(
                f"layers: must be dense for {by}, and block {index} is a "
                f"{type(custom).__name__}, a custom layer with parameters"
            )


def _check_linear_output(optimizer: str, network: NetworkStructure) -> None:
    """ValueError where the last layer is no least squares problem."""
    if type(network.loss) is not SquaredError:
        raise ValueError(
            f"loss={network.loss!r}: must be SquaredError(), {optimizer} needs a sum of squares"
        )
    last = network.layers[-1]
    dense = kind_of(last) == "dense"
    if not dense or type(getattr(last, "activation", None)) is not Identity:
        raise ValueError(
            f"layers: must end with a dense layer without activation for {optimizer}, not {last!r}"
        )
