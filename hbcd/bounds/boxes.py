"""Bounds of what a network computes for every row of a box, refined by splitting the box."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hbcd.bounds.propagation import Bounds, Propagation
from hbcd.bounds.slopes import jacobian_bounds
from hbcd.networks.affine_layers import AffineLayer, affine_layers
from hbcd.networks.structure import NetworkStructure

__all__ = ["METHODS", "Evaluate", "NetworkBounds", "halves", "union"]

Array = NDArray[np.float64]
Evaluate = Callable[[Array, Array], tuple[Array, Array]]
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
        found = [self.propagate(a, b)[-1].leaving for a, b in self._pieces(lo, hi)]
        low, high = (np.concatenate(side) for side in zip(*found, strict=True))
        return low, high

    def jacobian(self, lo: Array, hi: Array, dtype: Any = None) -> tuple[Array, Array]:
        """The least and the greatest derivatives over boxes, (boxes, outputs, inputs) each.

        Parameters
        ----------
        lo, hi : ndarray of shape (boxes, inputs)
        dtype : numpy.float64 or numpy.float32, optional
            The precision of computed derivatives that are to lie within; None: the exact ones.
        """
        found = [
            jacobian_bounds(self.propagation, self.propagate(a, b), dtype)
            for a, b in self._pieces(lo, hi)
        ]
        low, high = (np.concatenate(side) for side in zip(*found, strict=True))
        return low, high

    def refined(self, lo: Array, hi: Array, most: int, evaluate: Evaluate) -> tuple[Array, Array]:
        """Boxes with the same union, over which bounds are tighter, (boxes, inputs) each.

        Boxes that reach farthest beyond what is attained in the middles of boxes are cut in two
        where that promises most, until there are `most`.

        Parameters
        ----------
        lo, hi : ndarray of shape (boxes, inputs)
        most : int
            Boxes at the end; as many as there are or fewer: none is cut.
        evaluate : callable
            ``evaluate(lo, hi) -> (low, high)``, the bounds, (boxes, numbers) each.
        """

        def attained(lo: Array, hi: Array) -> tuple[Array, Array]:
            middle = 0.5 * lo + 0.5 * hi
            low, high = evaluate(middle, middle)
            return high.min(axis=0), low.max(axis=0)

        if len(lo) >= most:
            return lo, hi
        low, high = evaluate(lo, hi)
        least, greatest = attained(lo, hi)
        while len(lo) < most:
            excess = np.maximum(high - greatest, least - low).max(axis=1)
            room = min(most - len(lo), max(1, len(lo) // 2), AT_ONCE)
            chosen = np.argsort(-excess, kind="stable")[:room]
            chosen = chosen[excess[chosen] > 0]
            at, movable = self.cuts(lo[chosen], hi[chosen])
            chosen, at = chosen[movable], at[movable]
            if not chosen.size:
                break
            new = halves(lo[chosen], hi[chosen], at)
            kept, parents = np.delete(np.arange(len(lo)), chosen), np.concatenate([chosen, chosen])
            own = evaluate(*new)
            own = np.maximum(own[0], low[parents]), np.minimum(own[1], high[parents])
            points = attained(*new)
            least, greatest = np.minimum(least, points[0]), np.maximum(greatest, points[1])
            lo, hi = (np.concatenate([a[kept], b]) for a, b in zip((lo, hi), new, strict=True))
            low, high = (
                np.concatenate([a[kept], b]) for a, b in zip((low, high), own, strict=True)
            )
        return lo, hi

    def all_refined(
        self, lo: Array, hi: Array, owner: NDArray[np.intp], most: int, evaluate: Evaluate
    ) -> tuple[Array, Array, NDArray[np.intp]]:
        """The boxes of each owner refined, `most` for each of them; and whose they are.

        Parameters
        ----------
        lo, hi, most, evaluate
            As for `refined`.
        owner : ndarray of int, shape (boxes,)
            From 0, in order.
        """
        if most == 1:
            return lo, hi, owner
        parts = [
            self.refined(lo[owner == k], hi[owner == k], most, evaluate)
            for k in range(int(owner.max()) + 1)
        ]
        numbers = np.repeat(np.arange(len(parts), dtype=np.intp), [len(one[0]) for one in parts])
        lo, hi = (np.concatenate(side) for side in zip(*parts, strict=True))
        return lo, hi, numbers

    def _pieces(self, lo: Array, hi: Array) -> Iterator[tuple[Array, Array]]:
        """The boxes, as many at once as fit into memory."""
        for at in range(0, len(lo), self.rows):
            yield lo[at : at + self.rows], hi[at : at + self.rows]

    def cuts(self, lo: Array, hi: Array) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """The input in which each box varies its outputs most, and whether there is one."""
        if not len(lo):
            return np.zeros(0, np.intp), np.zeros(0, np.bool_)
        low, high = self.jacobian(lo, hi)
        reach = np.maximum(np.abs(low), np.abs(high)).max(axis=1) * (hi - lo)
        reach = np.where(np.nextafter(lo, np.inf) < hi, reach, 0.0)
        return reach.argmax(axis=1), reach.max(axis=1) > 0


def union(low: Array, high: Array, owner: NDArray[np.intp], count: int) -> tuple[Array, Array]:
    """The least and the greatest over the boxes of each of `count` owners, (owners, ...)."""
    first = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    assert len(first) == count
    return np.minimum.reduceat(low, first, axis=0), np.maximum.reduceat(high, first, axis=0)
