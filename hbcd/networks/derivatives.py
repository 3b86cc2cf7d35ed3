"""Derivatives of the outputs of a network, in its inputs and in its parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hbcd import core
from hbcd.networks.data import as_table, plain
from hbcd.networks.layout import kind_of
from hbcd.networks.structure import NetworkStructure
from hbcd.parts.activations import Activation, LeakyReLU, ReLU, has_curvature
from hbcd.utils.overflow import refuse_overflow
from hbcd.utils.scaling import Scaled
from hbcd.utils.validation import as_matrix, check_fits, effective_threads

__all__ = ["NetworkDerivatives"]

Array = NDArray[Any]
_PIECEWISE = "piecewise=True takes it for 0, which it is everywhere else"


class NetworkDerivatives(NetworkStructure):
    """A network whose outputs are differentiated at given parameters and rows."""

    def jacobian(
        self, theta: ArrayLike, X: ArrayLike | Scaled, *, n_threads: int | None = None
    ) -> Array:
        """The derivatives of the outputs in the parameters.

        Parameters
        ----------
        theta : array_like of shape (n_parameters,)
        X : array_like of shape (rows, n_inputs)
        n_threads : int, optional
            None: the processors at hand.  Any number gives the same bits.

        Returns
        -------
        ndarray of shape (rows, n_outputs, n_parameters)
            ``d out_k / d theta_p`` of every row, in the precision of theta.

        Raises
        ------
        ValueError
            Outputs or derivatives that are not finite; the row is named.
        """
        return self._first(theta, X, n_threads, in_theta=True)[1]

    def input_jacobian(
        self, theta: ArrayLike, X: ArrayLike | Scaled, *, n_threads: int | None = None
    ) -> Array:
        """The derivatives of the outputs in the inputs.

        Parameters
        ----------
        theta : array_like of shape (n_parameters,)
        X : array_like of shape (rows, n_inputs)
            The inputs as the network sees them: those of a fitted estimator are standardized.
        n_threads : int, optional
            None: the processors at hand.  Any number gives the same bits.

        Returns
        -------
        ndarray of shape (rows, n_outputs, n_inputs)
            ``d out_k / d x_i`` of every row, in the precision of theta.  At the kink of `ReLU` and
            `LeakyReLU` it is the slope to its left.

        Raises
        ------
        ValueError
            Outputs or derivatives that are not finite; the row is named.
        """
        return self._first(theta, X, n_threads, in_theta=False)[1]

    def outputs_and_jacobian(
        self, theta: ArrayLike, X: ArrayLike | Scaled, *, n_threads: int | None = None
    ) -> tuple[Array, Array]:
        """What `predict` and `input_jacobian` return, from one pass forward.

        Parameters
        ----------
        theta : array_like of shape (n_parameters,)
        X : array_like of shape (rows, n_inputs)
        n_threads : int, optional
            None: the processors at hand.

        Returns
        -------
        outputs : ndarray of shape (rows, n_outputs)
        jacobian : ndarray of shape (rows, n_outputs, n_inputs)
        """
        return self._first(theta, X, n_threads, in_theta=False)

    def _first(
        self, theta: ArrayLike, X: Any, n_threads: int | None, *, in_theta: bool
    ) -> tuple[Array, Array]:
        """Outputs and Jacobian, in the inputs or in theta."""
        point = self.check_theta(theta)
        rows, columns = plain(as_table("X", X, self.n_inputs, None, point.dtype))
        n = self.n_parameters if in_theta else self.n_inputs
        out = np.empty((rows.shape[0], self.n_outputs), point.dtype)
        found = np.empty((rows.shape[0], self.n_outputs * n), point.dtype)
        net, threads = self.core_network(point.dtype), effective_threads(n_threads)
        core.jacobian(net, point, rows, out, found, in_theta, threads, columns)
        refuse_overflow(out, f"the row is too large for {point.dtype}")
        refuse_overflow(found, f"the derivative is too large for {point.dtype}")
        return out, found.reshape(len(out), self.n_outputs, n)

    def input_hessian(
        self,
        theta: ArrayLike,
        X: ArrayLike | Scaled,
        *,
        piecewise: bool = False,
        n_threads: int | None = None,
    ) -> Array:
        """The second derivatives of the outputs in the inputs.

        Parameters
        ----------
        theta : array_like of shape (n_parameters,)
        X : array_like of shape (rows, n_inputs)
            As for `input_jacobian`.
        piecewise : bool, default False
            Whether `ReLU` and `LeakyReLU` count as what they are between their kinks, straight.
        n_threads : int, optional
            None: the processors at hand.  Any number gives the same bits.

        Returns
        -------
        ndarray of shape (rows, n_outputs, n_inputs, n_inputs)
            ``d2 out_k / d x_i d x_j``, symmetric to the bit, in the precision of theta.

        Raises
        ------
        ValueError
            A custom layer, an activation without a second derivative (`Activation.curvature`), or
            one with a kink without `piecewise`: it is named.  A result that is not finite.

        Notes
        -----
        ``sum over all neurons of d out_k / d a * phi''(z) * (dz / dx) (dz / dx)'``, a = phi(z):
        one pass back for every output, and one forward for every input.
        """
        found = self._second(theta, X, None, n_threads, piecewise=piecewise)
        return found.reshape(-1, self.n_outputs, self.n_inputs, self.n_inputs)

    def input_hessian_product(
        self,
        theta: ArrayLike,
        X: ArrayLike | Scaled,
        multipliers: ArrayLike,
        *,
        piecewise: bool = False,
        n_threads: int | None = None,
    ) -> Array:
        """The second derivatives of a sum of the outputs, which costs less than those of each.

        Parameters
        ----------
        theta : array_like of shape (n_parameters,)
        X : array_like of shape (rows, n_inputs)
            As for `input_jacobian`.
        multipliers : array_like of shape (rows, n_outputs)
        piecewise : bool, default False
            As for `input_hessian`.
        n_threads : int, optional
            None: the processors at hand.  Any number gives the same bits.

        Returns
        -------
        ndarray of shape (rows, n_inputs, n_inputs)
            ``sum_k multipliers[r, k] * hessian[r, k]``.

        Raises
        ------
        ValueError
            As `input_hessian`; multipliers of another shape.
        """
        found = self._second(theta, X, multipliers, n_threads, piecewise=piecewise)
        return found.reshape(-1, self.n_inputs, self.n_inputs)

    def _second(
        self,
        theta: ArrayLike,
        X: Any,
        multipliers: ArrayLike | None,
        n_threads: int | None,
        *,
        piecewise: bool,
    ) -> Array:
        """Hessians of every row side by side; with multipliers one, without as many as outputs."""
        point = self.check_theta(theta)
        rows, columns = plain(as_table("X", X, self.n_inputs, None, point.dtype))
        factors = None
        if multipliers is not None:
            shape = {"columns": self.n_outputs, "rows": rows.shape[0]}
            factors = as_matrix("multipliers", multipliers, **shape)
            check_fits("multipliers", factors, point.dtype)
        self._check_bends(piecewise=piecewise)
        n = (1 if factors is not None else self.n_outputs) * self.n_inputs**2
        found = np.empty((rows.shape[0], n), point.dtype)
        net, threads = self.core_network(point.dtype), effective_threads(n_threads)
        core.hessian(net, point, rows, factors, found, threads, columns)
        return refuse_overflow(found, f"the row or the derivative is too large for {point.dtype}")

    def _check_bends(self, *, piecewise: bool) -> None:
        """ValueError naming the first layer that has no second derivative."""
        for k, layer in enumerate(self.layers[1:], start=1):
            if kind_of(layer) is None:
                kind = type(layer).__name__
                raise ValueError(f"layers[{k}]: {kind} is custom and has no second derivative")
            blocks = getattr(layer, "blocks", None)
            own = [getattr(layer, "activation", None)] if blocks is None else [b[2] for b in blocks]
            for activation in own:
                if activation is not None:
                    _check_curvature(f"layers[{k}]", activation, piecewise=piecewise)


def _check_curvature(where: str, activation: Activation, *, piecewise: bool) -> None:
    if not has_curvature(activation):
        text = f"{type(activation).__name__} has no second derivative; write its `curvature`"
        raise ValueError(f"{where}: {text}")
    if isinstance(activation, (ReLU, LeakyReLU)) and not piecewise:
        text = f"{activation!r} has a kink, where there is no second derivative"
        raise ValueError(f"{where}: {text}; {_PIECEWISE}")
