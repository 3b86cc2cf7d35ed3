"""What a network says: predictions, losses, gradients, sensitivities of its layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd.networks.data import as_data, as_table, plain
from hbcd.networks.objective import Objective
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.sensitivities import ProjectedGradient, Sensitivity
from hbcd.utils.overflow import refuse_overflow
from hbcd.utils.scaling import Scaled
from hbcd.utils.validation import box_vectors, effective_threads

__all__ = ["NetworkEvaluation"]

Array = NDArray[Any]


class NetworkEvaluation(NetworkStructure):
    """A network that is evaluated: at given parameters, on given rows."""

    def predict(
        self, theta: ArrayLike, X: ArrayLike | Scaled, *, n_threads: int | None = None
    ) -> Array:
        """The outputs at X.

        Parameters
        ----------
        theta : array_like of shape (n_parameters,)
        X : array_like of shape (rows, n_inputs)
        n_threads : int, optional
            None: the processors at hand.

        Returns
        -------
        ndarray of shape (rows, n_outputs)
            In the precision of theta.

        Raises
        ------
        ValueError
            Outputs that are not finite: the inputs are too large for the precision, or a custom
            part has no value there.  The row is named.
        """
        simple = n_threads is None or (type(n_threads) is int and n_threads > 0)
        known = self._nets.get(getattr(theta, "dtype", None)) if simple else None
        few: Array | None = None if known is None else known.predict_few(theta, X)
        if few is not None:
            return few
        point = self.check_theta(theta)
        rows, columns = plain(as_table("X", X, self.n_inputs, None, point.dtype))
        out = np.empty((rows.shape[0], self.n_outputs), point.dtype)
        self.core_network(point.dtype).predict(
            point, rows, out, effective_threads(n_threads), columns
        )
        return refuse_overflow(out, f"the row is too large for {point.dtype}")

    def bind(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        n_threads: int = 1,
        dtype: Any = np.float64,
    ) -> Objective:
        """The loss on these rows as a function.

        Parameters
        ----------
        X, y, sample_weight : array_like
            As for `loss_and_gradient`.
        n_threads : int, default 1
        dtype : numpy.float64 or numpy.float32
            Precision of theta.

        Returns
        -------
        Objective
            ``objective(theta) -> (f, gradient)``.
        """
        kind, threads = np.dtype(dtype), effective_threads(n_threads)
        data = as_data(self, X, y, sample_weight, kind, threads, alpha=self.alpha)
        return Objective(self, self.core_network(kind), data, threads)

    def loss_and_gradient(
        self,
        theta: ArrayLike,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        n_threads: int = 1,
    ) -> tuple[float, Array]:
        """The mean loss and its gradient, in the precision of theta.

        Parameters
        ----------
        theta : array_like of shape (n_parameters,)
        X : array_like of shape (rows, n_inputs)
        y : array_like of shape (rows,) or (rows, n_outputs)
        sample_weight : array_like of shape (rows,), optional
        n_threads : int, default 1
            Any number gives the same bits.

        Returns
        -------
        f : float
        gradient : ndarray of shape (n_parameters,)
        """
        point = self.check_theta(theta)
        bound = self.bind(X, y, sample_weight, n_threads=n_threads, dtype=point.dtype)
        return bound(point)

    def sensitivities(
        self,
        theta: ArrayLike,
        X: ArrayLike,
        y: ArrayLike,
        measure: Sensitivity | None = None,
        *,
        sample_weight: ArrayLike | None = None,
        box: Any = None,
    ) -> NDArray[np.float64]:
        """One number per block: how much each layer has to gain on these rows.

        Parameters
        ----------
        theta, X, y : array_like
            As for `loss_and_gradient`.
        measure : Sensitivity, default ProjectedGradient()
        sample_weight : array_like of shape (rows,), optional
        box : None, half-width or (lo, hi), optional
            Bounds of theta.

        Returns
        -------
        ndarray of shape (blocks,)
        """
        measure = ProjectedGradient() if measure is None else measure
        if not isinstance(measure, Sensitivity):
            raise TypeError(f"measure={measure!r}: must be an hbcd.Sensitivity")
        point = self.check_theta(theta)
        _, gradient = self.loss_and_gradient(point, X, y, sample_weight)
        lo, hi = box_vectors("box", box, self.n_parameters, point.dtype)
        sides = None
        if lo is not None or hi is not None:
            infinite = np.full(self.n_parameters, np.inf, point.dtype)
            sides = (-infinite if lo is None else lo, infinite if hi is None else hi)
        values = self.core_network(point.dtype).sensitivities(measure, point, gradient, sides)
        return np.asarray(values)
