"""Bounds of what a network computes for every row of a box, refined by splitting the box."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.bounds.propagation import Bounds, Propagation
from hbcd.bounds.slopes import largest_slopes
from hbcd.networks.affine_layers import AffineLayer, affine_layers
from hbcd.networks.structure import NetworkStructure

__all__ = ["METHODS", "NetworkBounds", "halves"]

Array = NDArray[np.float64]
METHODS = ("interval", "crown")
ELEMENTS = 1 << 22  # of the arrays of one call, about
AT_ONCE = 32  # boxes that are split before the rest is looked at again


def halves(lo: Array, hi: Array, at: NDArray[np.intp]) -> tuple[Array, Array]:
    """Both halves of boxes (boxes, inputs), each cut in the middle of its own input; 2 x boxes."""
    rows = np.arange(len(lo))
    middle = 0.5 * lo[rows, at] + 0.5 * hi[rows, at]
    first, last = hi.copy(), lo.copy()
    first[rows, at] = last[rows, at] = np.clip(middle, lo[rows, at], hi[rows, at])
    return np.concatenate([lo, last]), np.concatenate([first, hi])


class NetworkBounds:
    """Bounds of the outputs of a network, or of linear functions of them, over boxes of its inputs.

    Parameters
    ----------
    network : NetworkStructure
    theta : ndarray of shape (n_parameters,)
        Its precision is that of the predictions that stay within the bounds.
    method : {"interval", "crown"}
    then : AffineLayer, optional
        What is made of the outputs, in float64.

    Raises
    ------
    ValueError
        A layer or an activation that is not one of hbcd's.
    """

    def __init__(
        self,
        network: NetworkStructure,
        theta: NDArray[Any],
        method: str = "crown",
        then: AffineLayer | None = None,
    ) -> None:
        if method not in METHODS:
            raise ValueError(f"method={method!r}: must be one of {', '.join(METHODS)}")
        layers = affine_layers(network, theta)
        self.propagation = Propagation(layers, theta.dtype, [] if then is None else [then])
        self.propagate: Callable[[Array, Array], list[Bounds]]
        self.propagate = getattr(self.propagation, method)
        wide = [layer.n_in * layer.n_out for layer in self.propagation.layers]
        self.rows = max(1, ELEMENTS // (2 * max(wide)))

    def layers(self, lo: Array, hi: Array) -> list[Bounds]:
        """Bounds of every layer over boxes (boxes, inputs)."""
        return self.propagate(lo, hi)

    def outputs(self, lo: Array, hi: Array) -> tuple[Array, Array]:
        """The least and the greatest outputs over boxes, (boxes, outputs) each.

        Parameters
        ----------
        lo, hi : ndarray of shape (boxes, inputs)
        """
        found = [
            self.propagate(lo[at : at + self.rows], hi[at : at + self.rows])[-1].leaving
            for at in range(0, len(lo), self.rows)
        ]
        low, high = (np.concatenate(side) for side in zip(*found, strict=True))
        return low, high

    def refined(self, lo: Array, hi: Array, most: int) -> tuple[Array, Array]:
        """Boxes with the same union, over which bounds are tighter, (boxes, inputs) each.

        Boxes that reach farthest beyond what is attained are cut in two where that promises most,
        until there are `most`.

        Parameters
        ----------
        lo, hi : ndarray of shape (boxes, inputs)
        most : int
            Boxes at the end; as many as there are or fewer: none is cut.
        """
        low, high = self.outputs(lo, hi)
        attained = self._attained(lo, hi)
        while len(lo) < most:
            excess = np.maximum(high - attained[1], attained[0] - low).max(axis=1)
            room = min(most - len(lo), max(1, len(lo) // 2), AT_ONCE)
            chosen = np.argsort(-excess, kind="stable")[:room]
            chosen = chosen[excess[chosen] > 0]
            at, movable = self._cuts(lo[chosen], hi[chosen])
            chosen, at = chosen[movable], at[movable]
            if not chosen.size:
                break
            new = halves(lo[chosen], hi[chosen], at)
            kept = np.delete(np.arange(len(lo)), chosen)
            own = self.outputs(*new)
            parents = np.concatenate([chosen, chosen])
            own = np.maximum(own[0], low[parents]), np.minimum(own[1], high[parents])
            points = self._attained(*new)
            attained = np.minimum(attained[0], points[0]), np.maximum(attained[1], points[1])
            lo, hi = (np.concatenate([a[kept], b]) for a, b in zip((lo, hi), new, strict=True))
            low, high = (
                np.concatenate([a[kept], b]) for a, b in zip((low, high), own, strict=True)
            )
        return lo, hi

    def _attained(self, lo: Array, hi: Array) -> tuple[Array, Array]:
        """The least and the greatest of bounds in the middles of boxes, (outputs,) each."""
        middle = 0.5 * lo + 0.5 * hi
        low, high = self.outputs(middle, middle)
        return high.min(axis=0), low.max(axis=0)

    def _cuts(self, lo: Array, hi: Array) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """The input in which each box varies its outputs most, and whether there is one."""
        if not len(lo):
            return np.zeros(0, np.intp), np.zeros(0, np.bool_)
        slopes = np.concatenate(
            [
                largest_slopes(self.propagation, self.propagate(a, b))
                for a, b in (
                    (lo[at : at + self.rows], hi[at : at + self.rows])
                    for at in range(0, len(lo), self.rows)
                )
            ]
        )
        reach = slopes.max(axis=1) * (hi - lo)
        reach = np.where(np.nextafter(lo, np.inf) < hi, reach, 0.0)
        return reach.argmax(axis=1), reach.max(axis=1) > 0
