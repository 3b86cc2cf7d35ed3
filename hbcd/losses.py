"""Losses, defined on the outputs of a row."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Loss", "SquaredError"]


class Loss:
    """What a network is trained to make small: the weighted mean of a function of each row."""


@dataclass(frozen=True)
class SquaredError(Loss):
    """Mean of half squared error.

    ``F = sum_r w_r sum_k (out_rk - y_rk)**2 / 2 / (n_outputs * sum_r w_r)``: the mean is over rows
    and outputs alike, so that without weights ``F = np.mean((out - y)**2) / 2``.
    """

    _native = "squared_error"
