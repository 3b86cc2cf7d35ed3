"""A small table, and a regressor that fits it quickly."""

import numpy as np
import pandas as pd

import hbcd


def sample(rows=150, features=3, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, features))
    return x, x[:, 0] + np.tanh(2 * x[:, 1]) + 0.05 * rng.normal(size=rows)


def regressor(**options):
    """Quick and reproducible unless told otherwise."""
    usual = {"hidden_layer_sizes": (4,), "strategy": "bcd", "random_state": 0, "n_threads": 1}
    return hbcd.HybridRegressor(**{**usual, **options})


X, Y = sample()
FRAME = pd.DataFrame(X, columns=["a", "b", "c"]).assign(
    day=np.array(["Mon", "Tue", "Wed"])[np.arange(150) % 3], on=np.arange(150) % 2 == 0
)
