"""What the checks of first_light.py share: a line of the table, the split, a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import hbcd

__all__ = ["Line", "least_squares_r2", "network", "split"]


@dataclass
class Line:
    """One line of the table: what was measured, against which bar."""

    check: str
    measured: str
    bar: str
    passed: bool | None  # None: not measured


def split(dataset: Any, seed: int) -> list[Any]:
    """The split that every figure of this project uses."""
    from sklearn.model_selection import train_test_split

    return train_test_split(dataset.data, dataset.target, test_size=0.2, random_state=seed)


def least_squares_r2(parts: list[Any]) -> float:
    """Test R2 of ordinary least squares on a split."""
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train_x, test_x, train_y, test_y = parts
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(train_x, train_y)
    return float(model.score(test_x, test_y))


def network(n_in: int, hidden: tuple[int, ...], activation: Any, n_out: int = 1) -> hbcd.Network:
    """A dense network."""
    layers = [hbcd.HiddenLayer(width, activation) for width in hidden]
    return hbcd.Network([hbcd.InputLayer(n_in), *layers, hbcd.OutputLayer(n_out)])
