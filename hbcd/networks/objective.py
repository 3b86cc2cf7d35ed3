"""The loss of a network on fixed rows as a function: what `Network.bind` makes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd import core
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.losses import has_curvature
from hbcd.utils.validation import check_integer

__all__ = ["Objective"]

Array = NDArray[Any]


class Objective:
    """The mean loss of a network on fixed rows as a function of the parameters.

    The rows are copied into the core once, and its work space is kept: calling it is one evaluation
    and nothing else.  Several Python threads may call it at once, which may call parts written in
    Python at once, too.  Made by `Network.bind`.
    """

    def __init__(
        self, network: NetworkStructure, net: core.Net, data: core.Data, n_threads: int
    ) -> None:
        self.network = network
        self.n_rows = data.rows
        self.n_threads = n_threads
        self._net, self._data = net, data
        self._loss = core.LossFunction(net, data, n_threads)
        self._dtype = np.float32 if net.dtype == 0 else np.float64

    def __call__(self, theta: ArrayLike) -> tuple[float, Array]:
        """(f, gradient) at theta (n_parameters,)."""
        point = np.ascontiguousarray(theta, dtype=self._dtype)
        gradient = np.empty(point.shape, self._dtype)
        return self._loss.evaluate(point, gradient), gradient

    def value(self, theta: ArrayLike) -> float:
        """F alone: a forward pass."""
        point = np.ascontiguousarray(theta, dtype=self._dtype)
        return self._loss.evaluate(point, None)

    def normal_equations(
        self, theta: ArrayLike, block: int | None = None
    ) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
        """F, its gradient and its Gauss-Newton matrix, always in float64.

        Of squared error, with the errors ``e = out - y``, their derivatives J (rows * n_outputs, n)
        and the weights ``W = w_r / (n_outputs * sum_r w_r)``: ``F = e'We / 2``, ``gradient = J'We``
        and the matrix is ``J'WJ``.  Of another loss the matrix is ``J'WHJ``, H its Gauss-Newton
        weight, for `CrossEntropy` a whole matrix for every row.  A penalty is part of all three.
        The rows of J are used as they arise and never stored together.

        Parameters
        ----------
        theta : array_like of shape (n_parameters,)
        block : int, optional
            An index into `Network.blocks`: n is the size of that block.  None: all parameters.

        Returns
        -------
        f : float
        jtr : ndarray of shape (n,)
        jtj : ndarray of shape (n, n)
            Symmetric to the last bit and positive semidefinite up to rounding.

        Raises
        ------
        ValueError
            A block that the network does not have, or a custom layer with parameters among
            those asked for: such a layer says what its gradient is, but not its Jacobian.  A loss
            written by the user.
        """
        if not has_curvature(self.network.loss):
            raise ValueError(
                f"loss={self.network.loss!r}: must be a built-in one, a custom loss has no "
                "Gauss-Newton matrix"
            )
        kinds = [self.network.custom_layer(layer) for *_, layer in self.network.block_layouts]
        asked = check_integer("block", block, 0, none=True)
        if asked is not None and asked >= len(kinds):
            raise ValueError(f"block={asked}: must be less than {len(kinds)}, the number of blocks")
        for index in range(len(kinds)) if asked is None else [asked]:
            if kinds[index] is not None:
                raise ValueError(
                    f"block={asked}: must be dense layers only, and block {index} is a "
                    f"{type(kinds[index]).__name__}, a custom layer with parameters"
                )
        point = np.ascontiguousarray(theta, dtype=self._dtype)
        return self._net.normal(self._data, point, -1 if asked is None else asked, self.n_threads)
