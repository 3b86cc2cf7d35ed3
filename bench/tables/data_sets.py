"""The data sets of tables.py: ten bundled or generated ones, and others to test choices on.

Nothing but SIEC is downloaded, where HBCD_DATA has not got it.  A set is made by a function
without arguments, with the same numbers every time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["HELD_BACK", "STEEL", "TEN", "DataSet", "houses"]

Array = NDArray[Any]
Pair = tuple[Array, Array]


@dataclass(frozen=True)
class DataSet:
    """A named table; `make` gives inputs (rows, features) and targets or labels."""

    name: str
    classes: bool
    make: Callable[[], Pair]


def houses(rows: int, seed: int) -> Pair:
    """Like the houses of California: a price by place, income, age and crowding.

    Two centers on a map, an effect of income that depends on the distance to them, inputs with
    heavy tails, noise that grows with the price, and prices cut off at 5, as in the original.
    """
    rng = np.random.default_rng(seed)
    place = rng.uniform(-1, 1, (rows, 2))
    income = rng.lognormal(1.2, 0.45, rows)
    age = rng.integers(1, 53, rows).astype(float)
    rooms = 5.0 * rng.lognormal(0.0, 0.25, rows) * (1 + 0.05 * rng.standard_t(3, rows))
    people = 3.0 * rng.lognormal(0.0, 0.3, rows)
    block = rng.lognormal(7.0, 0.7, rows)
    bedrooms = 0.2 * rooms + 0.1 * rng.standard_t(4, rows)
    centers = np.array([[0.5, -0.3], [-0.6, 0.5]])
    far = np.linalg.norm(place[:, np.newaxis] - centers, axis=2).min(axis=1)
    price = 0.35 * income * (0.5 + np.exp(-3.0 * far)) + 1.2 * np.exp(-4.0 * far)
    price += 0.15 * np.log(rooms.clip(0.5)) - 0.2 * np.log(people) + 0.004 * age * np.exp(-far)
    price *= 1 + 0.15 * rng.normal(size=rows)
    table = [income, age, rooms, bedrooms, block, people, place[:, 0], place[:, 1]]
    return np.column_stack(table), price.clip(0.15, 5.0)


def _bundled(name: str) -> Callable[[], Pair]:
    def make() -> Pair:
        import sklearn.datasets

        x, y = getattr(sklearn.datasets, f"load_{name}")(return_X_y=True)
        return x, y

    return make


def _made(name: str, **options: Any) -> Callable[[], Pair]:
    def make() -> Pair:
        import sklearn.datasets

        x, y = getattr(sklearn.datasets, f"make_{name}")(**options)
        return x, y

    return make


TEN: tuple[DataSet, ...] = (
    DataSet("diabetes", False, _bundled("diabetes")),
    DataSet("houses", False, lambda: houses(3000, 0)),
    DataSet("friedman1", False, _made("friedman1", n_samples=1000, noise=1.0, random_state=0)),
    DataSet("friedman2", False, _made("friedman2", n_samples=1000, noise=50.0, random_state=0)),
    DataSet("friedman3", False, _made("friedman3", n_samples=1000, noise=0.1, random_state=0)),
    DataSet("digits", True, _bundled("digits")),
    DataSet("breast cancer", True, _bundled("breast_cancer")),
    DataSet("wine", True, _bundled("wine")),
    DataSet("iris", True, _bundled("iris")),
    DataSet(
        "mixture",
        True,
        _made(
            "classification",
            n_samples=1000,
            n_features=20,
            n_informative=8,
            n_redundant=4,
            n_classes=3,
            flip_y=0.05,
            random_state=0,
        ),
    ),
)


# ---- sets of which no one is among the ten, from 200 to 20 000 rows


def _sines() -> Pair:
    rng = np.random.default_rng(101)
    x = rng.uniform(-2, 2, (200, 2))
    return x, np.sin(3 * x[:, 0]) + np.cos(2 * x[:, 1]) + 0.3 * rng.normal(size=200)


def _wide() -> Pair:
    rng = np.random.default_rng(102)
    x = rng.normal(size=(200, 100))
    return x, 100 + 20 * (x[:, :5].sum(axis=1) + 0.5 * x[:, 5] ** 2 + rng.normal(size=200))


def _surface() -> Pair:
    rng = np.random.default_rng(103)
    x = rng.uniform(0, 1, (5000, 3))
    y = np.exp(-8 * ((x - 0.4) ** 2).sum(axis=1)) + 0.3 * np.sin(9 * x[:, 0] * x[:, 1])
    return x, y + 0.01 * rng.normal(size=5000)


def _tails() -> Pair:
    rng = np.random.default_rng(104)
    x = np.exp(0.8 * rng.normal(size=(2000, 6)))
    y = np.log(x[:, 0] * x[:, 1]) + np.tanh(x[:, 2] - x[:, 3]) * x[:, 4].clip(0, 3)
    return x, 10 * y + 4 * rng.standard_t(3, 2000)


def _outputs() -> Pair:
    rng = np.random.default_rng(105)
    x = rng.normal(size=(1000, 8))
    hidden = np.tanh(x @ rng.normal(size=(8, 4)))
    y = hidden @ rng.normal(size=(4, 3)) + 0.2 * rng.normal(size=(1000, 3))
    return x, y * [1.0, 100.0, 0.01]


def _steps() -> Pair:
    rng = np.random.default_rng(106)
    x = rng.uniform(-1, 1, (2000, 4))
    y = np.where(x[:, 0] > 0, 2.0, 0.0) + np.where(x[:, 1] * x[:, 2] > 0, 1.0, -1.0) + x[:, 3]
    return x, y + 0.3 * rng.normal(size=2000)


def _weak() -> Pair:
    rng = np.random.default_rng(107)
    x = rng.normal(size=(600, 12))
    return x, 0.5 * x[:, 0] + 0.3 * np.abs(x[:, 1]) + 2.0 * rng.normal(size=600)


def _plant() -> Pair:
    import hbcd

    x, y = hbcd.make_plant(20_000, rng=108, return_X_y=True)
    return x, y


def _spirals() -> Pair:
    rng = np.random.default_rng(109)
    label = rng.integers(0, 3, 600)
    radius = rng.uniform(0.1, 1, 600)
    angle = 5 * radius + label * 2 * np.pi / 3 + 0.2 * rng.normal(size=600)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), label


def _logit() -> Pair:
    rng = np.random.default_rng(110)
    x = rng.normal(size=(300, 30))
    return x, (x[:, :4].sum(axis=1) + 1.5 * rng.logistic(size=300) > 0.5).astype(int)


HELD_BACK: tuple[DataSet, ...] = (
    DataSet("sines", False, _sines),
    DataSet("wide", False, _wide),
    DataSet("surface", False, _surface),
    DataSet("tails", False, _tails),
    DataSet("outputs", False, _outputs),
    DataSet("steps", False, _steps),
    DataSet("weak", False, _weak),
    DataSet("houses 10 000", False, lambda: houses(10_000, 7)),
    DataSet("plant", False, _plant),
    DataSet("spirals", True, _spirals),
    DataSet("logit", True, _logit),
    DataSet("moons", True, _made("moons", n_samples=500, noise=0.25, random_state=111)),
    DataSet(
        "five classes",
        True,
        _made(
            "classification",
            n_samples=2000,
            n_features=40,
            n_informative=10,
            n_classes=5,
            random_state=112,
        ),
    ),
    DataSet(
        "clusters",
        True,
        _made(
            "classification",
            n_samples=8000,
            n_features=12,
            n_informative=8,
            n_classes=2,
            n_clusters_per_class=4,
            flip_y=0.02,
            random_state=113,
        ),
    ),
)


def _siec() -> Pair:
    import hbcd

    x, y = hbcd.fetch_siec(return_X_y=True)
    return x, y


# The article's second table, found by HBCD_DATA.
STEEL: tuple[DataSet, ...] = (DataSet("SIEC", False, _siec),)
